/* A client's lines, run on an empty maildrop, and a message of any bytes as RETR
 * and TOP send it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../bin/pop3d/command.h"
#include "../../../bin/pop3d/retrieve.h"
#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The message as sent ends in one line of a dot, and holds no other. */
static void
check_sent(struct span sent)
{
	if (sent.len < 5 ||
	    !span_equal(span_from(sent, sent.len - 5), SPAN("\r\n.\r\n")))
		abort();
	sent = span_head(sent, sent.len - 3);
	if (memmem(sent.at, sent.len, "\r\n.\r\n", 5) != NULL ||
	    memchr(sent.at, '\0', sent.len) != NULL ||
	    span_starts(sent, SPAN(".\r\n")))
		abort();
}

static void
retrieve_all(struct span message, uint64_t lines)
{
	struct io io;
	struct header_scan scan = { 0 };
	struct retrieve r = { .io = &io, .lines = lines };
	size_t half = message.len / 2;

	io_init(&io, -1, -1);
	header_scan(&scan, message);
	r.header = header_scan_size(&scan);
	r.closed = header_scan_closed(&scan);
	retrieve_start(&r);
	retrieve_bytes(&r, span_head(message, half));
	retrieve_bytes(&r, span_from(message, half));
	retrieve_end(&r);
	check_sent(str_span(&io.output));
	io_free(&io);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size < 12000 ? size : 12000 };
	struct session s = { .commands = commands,
		.limits.errors = UINT64_MAX };
	struct span rest = in, line;
	unsigned char marks[1] = { 0 };

	s.marks = marks;
	io_init(&s.io, -1, -1);
	while (span_line(&rest, &line)) {
		if (!span_starts_case(line, SPAN("QUIT")))
			command_run(&s, line);
		str_clear(&s.io.output);
	}
	io_free(&s.io);
	if (in.len < 6000) {
		retrieve_all(in, UINT64_MAX);
		retrieve_all(in, 2);
	}
	return 0;
}
