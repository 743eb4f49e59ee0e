/* SELECT, EXAMINE, CLOSE, UNSELECT, CHECK, EXPUNGE. */
#include <errno.h>
#include <unistd.h>

#include "command.h"
#include "store/quota.h"
#include "sync.h"

/* The untagged data of RFC 3501 6.3.1, complete whatever the mailbox. */
static void
selected_tell(struct session *s)
{
	struct folder *f = &s->folder;
	uint32_t unseen = folder_first_unseen(f);

	session_flags_tell(s);
	if (f->read_only) {
		io_put_text(&s->io, "* OK [PERMANENTFLAGS ()] Read-only\r\n");
	} else {
		str_set(&s->text, SPAN("* OK [PERMANENTFLAGS ("));
		flags_add_known(&s->text, f);
		str_add(&s->text, SPAN(" \\*)] Flags are kept\r\n"));
		io_put(&s->io, str_span(&s->text));
	}
	io_putf(&s->io, "* %u EXISTS\r\n* %u RECENT\r\n", f->count, f->recent);
	if (unseen > 0)
		io_putf(&s->io, "* OK [UNSEEN %u] The first one\r\n", unseen);
	io_putf(&s->io,
	    "* OK [UIDVALIDITY %u] UIDs are valid\r\n"
	    "* OK [UIDNEXT %u] The next UID\r\n",
	    f->uidvalidity, f->uidnext);
}

static void
folder_select(struct session *s, bool read_only)
{
	struct span name;

	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!session_mailbox(s, &name) || !session_end(s))
		return;
	/* RFC 3501 6.3.1: a SELECT that fails leaves nothing selected. */
	if (s->state == SELECTED)
		io_put_text(&s->io, "* OK [CLOSED] The old mailbox\r\n");
	session_unselect(s);
	if (folder_open(&s->folder, &s->store, name, read_only) < 0) {
		answer_errno(s, "open the mailbox");
		return;
	}
	s->state = SELECTED;
	selected_tell(s);
	answer(s, RESULT_OK, "[%s] Selected",
	    s->folder.read_only ? "READ-ONLY" : "READ-WRITE");
}

void
cmd_select(struct session *s)
{
	folder_select(s, false);
}

void
cmd_examine(struct session *s)
{
	folder_select(s, true);
}

/* smtpd refuses mail for a mailbox that is marked as full. */
static void
full_unmark(struct session *s)
{
	struct span user = span_text(s->user);
	struct quota q;

	if (user.len > 0 && quota_marked(user) &&
	    quota_read(&s->store, QUOTA_AS_WRITTEN, &q) == 0 &&
	    !quota_over(&q, 0, 0))
		quota_mark(user, false);
}

/* Remove those with \Deleted among the chosen. */
static int
expunge(struct session *s, const struct chosen *among)
{
	struct folder *f = &s->folder;
	struct chosen c = { .at = arena_new(
				&s->arena, among->count * sizeof *c.at) };

	for (size_t i = 0; i < among->count; i++)
		if ((f->messages[among->at[i]].flags & FLAG_DELETED) &&
		    !f->messages[among->at[i]].gone)
			c.at[c.count++] = among->at[i];
	if (c.count == 0)
		return 0;
	if (folder_expunge(f, c.at, c.count) < 0)
		return -1;
	full_unmark(s);
	return 0;
}

static struct chosen
choose_all(struct session *s)
{
	struct chosen c = { .at = arena_new(
				&s->arena, s->folder.count * sizeof *c.at),
		.count = s->folder.count };

	for (uint32_t i = 0; i < s->folder.count; i++)
		c.at[i] = i;
	return c;
}

/* RFC 3501 6.4.2: no EXPUNGE responses. */
void
cmd_close(struct session *s)
{
	struct chosen all;

	if (!session_end(s))
		return;
	if (!s->folder.read_only) {
		folder_refresh(&s->folder);
		all = choose_all(s);
		if (expunge(s, &all) < 0) {
			answer_errno(s, "expunge");
			return;
		}
	}
	session_unselect(s);
	answer(s, RESULT_OK, "Closed");
}

void
cmd_unselect(struct session *s)
{
	if (!session_end(s))
		return;
	session_unselect(s);
	answer(s, RESULT_OK, "Unselected");
}

void
cmd_check(struct session *s)
{
	if (!session_end(s))
		return;
	if (s->folder.dirs.cur >= 0)
		fsync(s->folder.dirs.cur); /* flags were not synced */
	answer(s, RESULT_OK, "Checked");
}

/* RFC 4315 2.1: UID EXPUNGE takes a set. */
void
cmd_expunge(struct session *s)
{
	struct chosen c;

	if (s->folder.read_only) {
		answer(
		    s, RESULT_NO, "[READ-ONLY] The mailbox is open read-only");
		return;
	}
	folder_refresh(&s->folder);
	if (s->uid) {
		if (!parse_space(&s->parser)) {
			answer_syntax(s);
			return;
		}
		if (!session_messages(s, &c))
			return;
	} else {
		c = choose_all(s);
	}
	if (!session_end(s))
		return;
	if (expunge(s, &c) < 0)
		answer_errno(s, "expunge");
	else
		answer(s, RESULT_OK, "Expunged");
}
