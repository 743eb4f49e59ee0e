/* DATA and BDAT: the message's way in. */
#include "base/clock.h"
#include "command.h"
#include "intake.h"
#include "reply.h"

enum {
	BLOCK_MAX = 32768,
	PATIENCE = 4, /* times the size limit is read before hanging up */
};

/* At least limits.data_rate bytes a second on average, after the time that
 * every command has. */
static void
data_wait(struct session *s, int64_t began, uint64_t bytes)
{
	const struct limits *l = &s->server->limits;

	s->io.deadline = began +
	    (int64_t)(l->command_time + bytes / l->data_rate) * 1000;
}

/* One block, at most max bytes. False: the connection is over, and any due
 * reply was sent. */
static bool
block_read(struct session *s, int64_t began, size_t max, struct span *block_r)
{
	uint64_t bytes = s->message.size;

	data_wait(s, began, bytes);
	if (bytes / PATIENCE > s->server->limits.message_size) {
		reply_close(s, "size", "4.3.4", "Far more than the size limit");
		return false;
	}
	switch (io_some(&s->io, max, block_r)) {
	case IO_OK:
		return true;
	case IO_TIMEOUT:
		reply_late(s, "The data comes too slowly");
		return false;
	case IO_EOF:
	case IO_LONG:
	case IO_BARE:
		break;
	}
	s->ended = true;
	return false;
}

/* Return the bytes after the message, to be read as commands. */
static void
block_return(struct session *s, struct span rest)
{
	s->io.input_at -= rest.len;
}

void
data_run(struct session *s, struct span argument)
{
	int64_t began = clock_mono_ms();
	struct span block;

	if (argument.len > 0) {
		refuse(s, "syntax", 501, "5.5.4", "DATA takes no parameter");
		return;
	}
	intake_start(s, false);
	if (s->message.code != 0) { /* nothing was sent yet: refuse now */
		intake_fail(s);
		return;
	}
	io_put_text(&s->io, "354 End with CRLF.CRLF\r\n");
	do
		if (!block_read(s, began, BLOCK_MAX, &block))
			return;
	while (!intake_block(s, &block));
	block_return(s, block);
	intake_end(s);
}

/* "SIZE" or "SIZE LAST" (RFC 3030 2). */
static bool
chunk_parse(struct span argument, uint64_t *size_r, bool *last_r)
{
	struct span rest = argument;

	if (!span_number(&rest, UINT32_MAX, size_r))
		return false;
	*last_r = span_equal_case(span_trim(rest), SPAN("LAST"));
	return *last_r || rest.len == 0;
}

/* A chunk's octets are read even after an error (RFC 3030 2), so that commands
 * can follow. */
static bool
chunk_read(struct session *s, uint64_t size, bool wanted)
{
	int64_t began = clock_mono_ms();
	uint64_t before = s->message.size, done = 0;
	struct span block;

	while (done < size) {
		uint64_t left = size - done;

		if (!block_read(s, began,
			left < BLOCK_MAX ? (size_t)left : BLOCK_MAX, &block))
			return false;
		done += block.len;
		if (wanted)
			intake_block(s, &block);
		else
			s->message.size = done;
	}
	if (!wanted)
		s->message.size = before;
	return true;
}

void
bdat_run(struct session *s, struct span argument)
{
	bool wanted = s->state == RCPT || s->state == BDAT, last;
	uint64_t size;

	if (!chunk_parse(argument, &size, &last)) {
		refuse(s, "syntax", 501, "5.5.4", "BDAT size [LAST]");
		return;
	}
	if (s->state == RCPT)
		intake_start(s, true);
	if (!chunk_read(s, size, wanted))
		return;
	if (!wanted) {
		refuse(s, "order", 503, "5.5.1", "MAIL and RCPT first");
		return;
	}
	s->state = BDAT;
	s->idle += size == 0;
	if (last)
		intake_end(s);
	else if (s->message.code != 0)
		intake_fail(s);
	else
		reply(s, 250, "2.0.0", "%llu octets", (unsigned long long)size);
}
