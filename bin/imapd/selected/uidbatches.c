/* UIDBATCHES (RFC 10022): ranges of UIDs with a given number of messages each, the
 * newest first. */
#include "answer.h"
#include "argument.h"
#include "command.h"

enum {
	BATCH_MIN = 500,       /* the smallest size allowed */
	MESSAGES_MAX = 100000, /* in the batches of one command */
};

struct batches {
	uint32_t size;
	uint32_t first, last; /* numbers of batches */
	bool some;            /* not all of them */
};

static bool
take_batches(struct parser *p, struct batches *b)
{
	*b = (struct batches){ .first = 1, .last = UINT32_MAX };
	if (!parse_space(p) || !parse_number(p, &b->size) || b->size == 0)
		return false;
	if (!parse_space(p) || p->rest.len == 0)
		return true;
	b->some = true;
	return parse_number(p, &b->first) && parse_byte(p, ':') &&
	    parse_number(p, &b->last) && b->first > 0 && b->last > 0;
}

/* Each batch ends where the next older one begins, so that together they cover
 * every UID from the highest down to 1. */
static void
batches_put(struct session *s, const struct batches *b)
{
	struct folder *f = &s->folder;
	uint64_t n = b->first, above = (n - 1) * b->size;
	char between = ' ';

	io_put_text(&s->io, "* UIDBATCHES (TAG \"");
	io_put(&s->io, s->tag);
	io_put_text(&s->io, "\")");
	for (; n <= b->last && above < f->count; n++, above += b->size) {
		uint32_t top = f->count - (uint32_t)above; /* messages below */
		uint32_t high = folder_message(f, top - 1).uid, low = 1;

		if (top > b->size)
			low = folder_message(f, top - b->size - 1).uid + 1;
		io_putf(&s->io, "%c%u:%u", between, high, low);
		between = ',';
	}
	io_put_text(&s->io, "\r\n");
}

/* The most messages that the requested batches can have. */
static uint64_t
messages_asked(const struct session *s, const struct batches *b)
{
	return b->some ? ((uint64_t)b->last - b->first + 1) * b->size
		       : s->folder.count;
}

void
cmd_uidbatches(struct session *s)
{
	struct batches b;

	if (!take_batches(&s->parser, &b)) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	if (b.first > b.last) {
		uint32_t first = b.first;

		b.first = b.last;
		b.last = first;
	}
	if (b.size < BATCH_MIN) {
		answer(s, RESULT_NO,
		    "[TOOFEW] A batch has at least %d messages", BATCH_MIN);
	} else if (messages_asked(s, &b) > MESSAGES_MAX) {
		answer(s, RESULT_NO, "[TOOMANY] At most %d messages at a time",
		    MESSAGES_MAX);
	} else {
		batches_put(s, &b);
		answer(s, RESULT_OK, "Batches listed");
	}
}
