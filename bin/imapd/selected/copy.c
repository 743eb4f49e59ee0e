/* COPY and MOVE (RFC 3501 6.4.7, RFC 6851), with COPYUID (RFC 4315). */
#include <errno.h>

#include "answer.h"
#include "argument.h"
#include "command.h"
#include "progress.h"
#include "store/acl.h"
#include "store/activity.h"

enum { MOVE_RIGHTS = RIGHT_DELETED | RIGHT_EXPUNGE };

static void
run_add(struct str *out, uint32_t low, uint32_t high)
{
	if (out->len > 0)
		str_add_byte(out, ',');
	str_addf(out, low == high ? "%u" : "%u:%u", low, high);
}

/* Append the copied UIDs and the new UIDs, as sets in the same order. UIDs
 * ascend in both, so ranges never change the order. */
static size_t
uids_add(struct session *s, const struct chosen *c,
    const struct folder_placed *placed, struct str *from, struct str *to)
{
	size_t n = 0;
	uint32_t from_low = 0, from_high = 0, to_low = 0, to_high = 0;

	for (size_t i = 0; i < placed->n; i++) {
		uint32_t old = folder_message(&s->folder, c->at[i]).uid;
		uint32_t new = placed->uid[i];

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

/* RFC 6851 4.3: MOVE sends COPYUID before the EXPUNGEs; COPY sends it in its
 * tagged answer, which may exceed the length that answer() takes. */
static void
placed_tell(struct session *s, const struct chosen *c,
    const struct folder_placed *placed, bool move)
{
	struct str from = STR_INIT, to = STR_INIT;
	size_t n = uids_add(s, c, placed, &from, &to);

	str_clear(&s->text);
	if (n > 0 && session_offers(s, "UIDPLUS"))
		str_addf(&s->text, "[COPYUID %u %s %s] ", placed->uidvalidity,
		    from.at, to.at);
	s->modseq_due |= move && n > 0;
	if (move && n > 0) {
		io_put_text(&s->io, "* OK ");
		io_put(&s->io, str_span(&s->text));
		io_put_text(&s->io, "Moved\r\n");
	}
	str_setf(&s->reply, "OK %s%s", move ? "" : s->text.at,
	    move ? "Moved" : "Copied");
	str_free(&from);
	str_free(&to);
}

static void
place_log(struct session *s, const struct chosen *c, struct span to,
    const struct folder_placed *placed, bool move)
{
	struct span names = str_span(&placed->names), name;
	struct activity a;

	activity_start(
	    &a, move ? "move" : "copy", s->user, str_span(&s->mailbox), to);
	for (size_t i = 0; i < placed->n; i++) {
		if (placed->uid[i] == 0 || !span_until(&names, '\0', &name))
			continue;
		span_take(&names, '\0');
		activity_add(&a, folder_message(&s->folder, c->at[i]).uid,
		    folder_name(&s->folder, c->at[i]), placed->uid[i], name);
	}
	activity_end(&a);
}

static void
place(struct session *s, bool move)
{
	struct parser *p = &s->parser;
	struct folder_placed placed = { .names = STR_INIT };
	struct progress progress;
	struct chosen c;
	struct span to;
	int r;

	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	if (!argument_messages(s, &c))
		return;
	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	if (!argument_mailbox(s, &to) || !argument_end(s))
		return;
	if (move && s->folder.read_only) {
		errno = EROFS;
		answer_errno(s, "move");
		return;
	}
	/* RFC 6851 4.4 */
	if (move && (s->folder.rights & MOVE_RIGHTS) != MOVE_RIGHTS) {
		answer(s, RESULT_NO,
		    "[NOPERM] This needs the rights \"t\" and \"e\"");
		return;
	}
	/* RFC 2180 4.4.1, RFC 3501 6.4.7: by number all or nothing; 6.4.8: a
	 * nonexistent UID is ignored. */
	progress_change(&progress, s, c.count);
	r = folder_place(&s->folder, c.at, c.count, to,
	    &(struct place_how){ .move = move, .all = !s->uid }, &placed);
	progress_end(s);
	if (r == 0) {
		placed_tell(s, &c, &placed, move);
		place_log(s, &c, to, &placed, move);
	} else if (errno == ENOENT) {
		answer(s, RESULT_NO, "[TRYCREATE] No such mailbox");
	} else {
		answer_mailbox(s, move ? "move" : "copy", to);
	}
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
