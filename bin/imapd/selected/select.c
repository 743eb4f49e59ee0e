/* SELECT, EXAMINE, CLOSE, UNSELECT, CHECK, EXPUNGE. */
#include <errno.h>
#include <unistd.h>

#include "answer.h"
#include "argument.h"
#include "command.h"
#include "mailbox/list.h"
#include "progress.h"
#include "selected/condstore.h"
#include "selected/object.h"
#include "selected/select.h"
#include "selected/sync.h"
#include "store/acl.h"
#include "store/activity.h"
#include "store/quota.h"

/* Send all untagged data of RFC 3501 6.3.1, whatever the mailbox. */
static void
selected_tell(struct session *s, struct span sent)
{
	struct folder *f = &s->folder;
	uint32_t unseen = folder_first_unseen(f);

	session_flags_tell(s);
	exists_tell(s, f->count, f->recent);
	/* Neither IMAP4rev2 nor RFC 9586 3.2 has it: a number. */
	if (unseen > 0 && !(s->enabled & (ENABLED_REV2 | ENABLED_UIDONLY)))
		io_putf(&s->io, "* OK [UNSEEN %u] First unseen message\r\n",
		    unseen);
	io_putf(&s->io,
	    "* OK [UIDVALIDITY %u] UIDs are valid\r\n"
	    "* OK [UIDNEXT %u] Next UID\r\n",
	    f->uidvalidity, f->uidnext);
	/* RFC 9051 6.3.2 */
	if (s->enabled & ENABLED_REV2)
		list_selected(s, str_span(&s->mailbox), sent);
	if (session_offers(s, "OBJECTID")) {
		str_set(&s->text, SPAN("* OK [MAILBOXID "));
		mailbox_id_add(
		    &s->store, &s->text, str_span(&s->mailbox), f->uidvalidity);
		str_add_text(&s->text, "] Its id\r\n");
		io_put(&s->io, str_span(&s->text));
	}
	/* Thunderbird enables CONDSTORE only where it has seen this. */
	if (session_offers(s, "CONDSTORE"))
		io_putf(&s->io, "* OK [HIGHESTMODSEQ %llu] Highest\r\n",
		    (unsigned long long)folder_modseq(f));
}

/* The INBOX as a client wrote it, in another case (RFC 9051 8 has the example);
 * else nothing. */
static struct span
inbox_sent(struct span rest)
{
	struct span inbox;

	span_take(&rest, '"');
	inbox = span_head(rest, 5);
	if (!span_equal_case(inbox, SPAN("INBOX")) ||
	    span_equal(inbox, SPAN("INBOX")))
		return SPAN("");
	return inbox;
}

static void
folder_select(struct session *s, bool read_only)
{
	struct select_parameters x;
	struct span name, sent;

	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return;
	}
	sent = inbox_sent(s->parser.rest);
	if (!argument_mailbox(s, &name))
		return;
	if (!select_parameters_take(s, &x)) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	if (!span_equal(name, SPAN("INBOX")))
		sent = SPAN("");
	/* RFC 3501 6.3.1: a failed SELECT leaves no mailbox selected. */
	if (s->state == SELECTED)
		io_put_text(
		    &s->io, "* OK [CLOSED] Previous mailbox closed\r\n");
	session_unselect(s);
	if (x.condstore)
		condstore_enable(s);
	if (folder_open(&s->folder, &s->store, name, read_only) < 0) {
		answer_mailbox(s, "open the mailbox", name);
		return;
	}
	s->state = SELECTED;
	str_set(&s->mailbox, name);
	selected_tell(s, sent);
	qresync_tell(s, &x);
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

/* smtpd refuses mail for a mailbox marked as full. */
static void
full_unmark(struct session *s)
{
	struct span user = span_text(s->user);
	struct quota q;

	if (s->mark >= 0 && quota_marked(user, (struct timespec){ 0 }) &&
	    quota_room(&s->store, QUOTA_AS_WRITTEN, 0, 0, &q) > 0)
		quota_mark_clear(s->mark);
}

/* Log removed messages, including those removed before an error. */
static void
expunge_log(struct session *s, const struct chosen *among)
{
	struct activity a;

	activity_start(&a, "expunge", s->user, str_span(&s->mailbox),
	    (struct span){ NULL, 0 });
	for (size_t i = 0; i < among->count; i++) {
		struct message m = folder_message(&s->folder, among->at[i]);

		if (m.removed)
			activity_add(&a, m.uid,
			    folder_name(&s->folder, among->at[i]), 0, SPAN(""));
	}
	activity_end(&a);
}

static bool
is_any_removed(struct session *s, const struct chosen *among)
{
	for (size_t i = 0; i < among->count; i++)
		if (folder_message(&s->folder, among->at[i]).removed)
			return true;
	return false;
}

int
session_expunge(
    struct session *s, const struct chosen *among, bool deleted_only)
{
	struct progress p;
	int saved, r;

	progress_change(&p, s, among->count);
	r = folder_expunge(&s->folder, among->at, among->count, deleted_only);
	progress_end(s);
	saved = errno;
	expunge_log(s, among);
	errno = saved;
	if (r == 0)
		full_unmark(s);
	s->modseq_due |= is_any_removed(s, among);
	return r;
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

	if (!argument_end(s))
		return;
	/* RFC 4314 4: without "e" it is closed all the same. */
	if (!s->folder.read_only && (s->folder.rights & RIGHT_EXPUNGE)) {
		folder_refresh(&s->folder);
		all = choose_all(s);
		if (session_expunge(s, &all, true) < 0) {
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
	if (!argument_end(s))
		return;
	session_unselect(s);
	answer(s, RESULT_OK, "Unselected");
}

void
cmd_check(struct session *s)
{
	if (!argument_end(s))
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
	if (!(s->folder.rights & RIGHT_EXPUNGE)) {
		answer(s, RESULT_NO, "[NOPERM] This needs the right \"e\"");
		return;
	}
	folder_refresh(&s->folder);
	if (s->uid) {
		if (!parse_space(&s->parser)) {
			answer_syntax(s);
			return;
		}
		if (!argument_messages(s, &c))
			return;
	} else {
		c = choose_all(s);
	}
	if (!argument_end(s))
		return;
	if (session_expunge(s, &c, true) < 0)
		answer_errno(s, "expunge");
	else
		answer(s, RESULT_OK, "Expunged");
}
