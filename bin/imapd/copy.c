/* COPY and MOVE (RFC 3501 6.4.7, RFC 6851), with COPYUID (RFC 4315). */
#include <errno.h>

#include "command.h"

static void
run_add(struct str *out, uint32_t low, uint32_t high)
{
	if (out->len > 0)
		str_add_byte(out, ',');
	str_addf(out, low == high ? "%u" : "%u:%u", low, high);
}

/* Two sets of the same order and number: what was copied, and its new UIDs.
 * UIDs ascend in both, so ranges never change the order. */
static size_t
uids_add(const struct session *s, const struct chosen *c,
    const struct folder_placed *placed, struct str *from, struct str *to)
{
	const struct message *m = s->folder.messages;
	size_t n = 0;
	uint32_t from_low = 0, from_high = 0, to_low = 0, to_high = 0;

	for (size_t i = 0; i < placed->n; i++) {
		uint32_t old = m[c->at[i]].uid, new = placed->uid[i];

		if (new == 0)
			continue;
		if (n++ > 0 && old == from_high + 1 && new == to_high + 1) {
			from_high = old;
			to_high = new;
			continue;
		}
		if (n > 1) {
			run_add(from, from_low, from_high);
			run_add(to, to_low, to_high);
		}
		from_low = from_high = old;
		to_low = to_high = new;
	}
	if (n > 0) {
		run_add(from, from_low, from_high);
		run_add(to, to_low, to_high);
	}
	return n;
}

/* RFC 6851 4.3: a MOVE tells COPYUID before the EXPUNGEs; a COPY with its
 * answer, which may be longer than answer() takes. */
static void
placed_tell(struct session *s, const struct chosen *c,
    const struct folder_placed *placed, bool move)
{
	struct str from = STR_INIT, to = STR_INIT;
	size_t n = uids_add(s, c, placed, &from, &to);
	bool all = n == c->count;

	str_clear(&s->text);
	if (n > 0)
		str_addf(&s->text, "[COPYUID %u %s %s] ", placed->uidvalidity,
		    from.at, to.at);
	if (move && n > 0) {
		io_put_text(&s->io, "* OK ");
		io_put(&s->io, str_span(&s->text));
		io_put_text(&s->io, "Moved\r\n");
	}
	if (!all) {
		answer(s, RESULT_NO, "[EXPUNGEISSUED] Some messages are gone");
	} else {
		str_setf(&s->reply, "OK %s%s", move ? "" : s->text.at,
		    move ? "Moved" : "Copied");
	}
	str_free(&from);
	str_free(&to);
}

static void
place(struct session *s, bool move)
{
	struct parser *p = &s->parser;
	struct folder_placed placed = { .uid = NULL };
	struct chosen c;
	struct span to;
	int r;

	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	if (!session_messages(s, &c))
		return;
	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	if (!session_mailbox(s, &to) || !session_end(s))
		return;
	if (move && s->folder.read_only) {
		errno = EROFS;
		answer_errno(s, "move");
		return;
	}
	r = move ? folder_move(&s->folder, c.at, c.count, to, &placed)
		 : folder_copy(&s->folder, c.at, c.count, to, &placed);
	if (r == 0)
		placed_tell(s, &c, &placed, move);
	else if (errno == ENOENT)
		answer(s, RESULT_NO, "[TRYCREATE] No such mailbox");
	else
		answer_errno(s, move ? "move" : "copy");
	folder_placed_free(&placed);
}

void
cmd_copy(struct session *s)
{
	place(s, false);
}

void
cmd_move(struct session *s)
{
	place(s, true);
}
