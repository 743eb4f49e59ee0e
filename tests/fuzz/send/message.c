/* Any message with a line of ours before it: what is read, and what is known of
 * it, is the same as if that line had stood in the file. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../bin/send/message.h"
#include "base/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
open_text(struct message *m, struct span text, struct span delivered_to)
{
	int fd = memfd_create("message", 0);

	message_init(m);
	if (write_all(fd, SPAN("head\n")) < 0 || write_all(fd, text) < 0 ||
	    message_open(m, fd, 5, text.len, delivered_to) < 0)
		abort();
}

static void
read_pieces(struct message *m, struct str *out)
{
	struct span bytes;

	for (uint64_t at = 0; at < m->size; at += bytes.len) {
		if (message_read(m, at, &bytes) < 0 || bytes.len == 0)
			abort();
		str_add(out, bytes);
	}
}

static bool
facts_equal(const struct message_facts *a, const struct message_facts *b)
{
	return a->header == b->header && a->wire == b->wire &&
	    a->eight_header == b->eight_header &&
	    a->eight_body == b->eight_body && a->long_lines == b->long_lines &&
	    a->odd == b->odd && a->bare == b->bare &&
	    a->tls_optional == b->tls_optional;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct str whole = STR_INIT, pieces = STR_INIT, all = STR_INIT;
	struct message m, n;

	str_add_text(&whole, "Delivered-To: sales@example.org\n");
	if (size > 0 && byte_is_blank(text.at[0]))
		str_add_byte(&whole, '\n');
	str_add(&whole, text);
	open_text(&m, text, SPAN("sales@example.org"));
	open_text(&n, str_span(&whole), SPAN(""));
	read_pieces(&m, &pieces);
	if (!span_equal(str_span(&pieces), str_span(&whole)) ||
	    message_whole(&m, &all) < 0 ||
	    !span_equal(str_span(&all), str_span(&whole)) ||
	    !facts_equal(&m.facts, &n.facts))
		abort();
	close(m.fd);
	close(n.fd);
	message_free(&m);
	message_free(&n);
	str_free(&whole);
	str_free(&pieces);
	str_free(&all);
	return 0;
}
