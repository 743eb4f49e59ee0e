/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. */
#include "store/mailbox.h"

#include <errno.h>

#include "answer.h"
#include "argument.h"
#include "base/log.h"
#include "command.h"
#include "notify/notify.h"
#include "selected/object.h"
#include "store/acl.h"
#include "store/append.h"
#include "store/special_use.h"

static const struct span nothing = { NULL, 0 };

static void
done(struct session *s, int result, const char *what, const char *text)
{
	if (result < 0)
		answer_errno(s, what);
	else
		answer(s, RESULT_OK, "%s", text);
}

/* Log that a folder was created, deleted or renamed. */
static void
folder_log(const struct session *s, int result, const char *event,
    struct span folder, struct span to)
{
	struct logline l;
	int saved = errno;

	if (result == 0) {
		log_start(&l, event);
		log_text(&l, "user", s->user);
		log_span(&l, "folder", folder);
		if (to.at != NULL)
			log_span(&l, "to-folder", to);
		log_write(&l);
	}
	errno = saved;
}

/* RFC 6154 3: " (USE (\Sent ...))". wrong_r: some use is none that can be had. */
static bool
take_uses(struct parser *p, unsigned *uses_r, bool *wrong_r)
{
	struct span word;

	*uses_r = 0;
	*wrong_r = false;
	if (!parse_space(p))
		return true;
	if (!parse_byte(p, '(') || !parse_is(p, "USE") || !parse_space(p) ||
	    !parse_byte(p, '('))
		return false;
	while (!parse_byte(p, ')')) {
		unsigned bit;

		parse_space(p);
		if (!parse_flag(p, &word))
			return false;
		bit = special_use_bit(word);
		*uses_r |= bit;
		*wrong_r |= bit == 0;
	}
	return parse_byte(p, ')');
}

static int
create(struct session *s, struct span name, unsigned uses)
{
	return uses == 0 ? mailbox_create(&s->store, name)
			 : special_use_create(&s->store, name, uses);
}

/* RFC 8474 4.1. False: its id can't be told. */
static bool
created_answer(struct session *s, struct span name)
{
	struct mailbox_status m;

	if (!session_offers(s, "OBJECTID") ||
	    mailbox_status(&s->store, name, 0, &m) < 0)
		return false;
	str_set(&s->text, SPAN(""));
	mailbox_id_add(&s->store, &s->text, name, m.uidvalidity);
	answer(s, RESULT_OK, "[MAILBOXID %s] Created", s->text.at);
	return true;
}

void
cmd_create(struct session *s)
{
	struct span name;
	unsigned uses;
	bool wrong;
	int r;

	if (!argument_next_mailbox(s, &name))
		return;
	/* RFC 3501 6.3.3: a trailing separator only announces that names below
	 * this one will be created. */
	if (name.len > 1 && name.at[name.len - 1] == MAILBOX_SEPARATOR)
		name.len--;
	name = arena_copy(&s->arena, name);
	if (!take_uses(&s->parser, &uses, &wrong) ||
	    ((uses != 0 || wrong) &&
		!session_offers(s, "CREATE-SPECIAL-USE"))) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	if (wrong) {
		answer(s, RESULT_NO,
		    "[USEATTR] Special uses are \\Archive, \\Drafts, \\Junk, "
		    "\\Sent and \\Trash");
		return;
	}
	r = create(s, name, uses);
	if (r == 0)
		notify_own(s, name);
	if (r == 0 && s->store.shared != NULL)
		acl_inherit(&s->store, name);
	folder_log(s, r, "folder-create", name, nothing);
	if (r == 0 && created_answer(s, name))
		return;
	done(s, r, "create the mailbox", "Created");
}

void
cmd_delete(struct session *s)
{
	struct span name;
	int r;

	if (!argument_next_mailbox(s, &name) || !argument_end(s))
		return;
	r = mailbox_delete(&s->store, name);
	if (r == 0)
		notify_own(s, name);
	folder_log(s, r, "folder-delete", name, nothing);
	done(s, r, "delete the mailbox", "Deleted");
}

void
cmd_rename(struct session *s)
{
	struct span from, to;
	int r;

	if (!argument_next_mailbox(s, &from) ||
	    !argument_next_mailbox(s, &to) || !argument_end(s))
		return;
	r = mailbox_rename(&s->store, from, to);
	if (r == 0) {
		notify_own(s, from);
		notify_own(s, to);
	}
	folder_log(s, r, "folder-rename", from, to);
	done(s, r, "rename the mailbox", "Renamed");
}

static void
subscribe(struct session *s, bool on, const char *what, const char *text)
{
	struct span name;
	int r;

	if (!argument_next_mailbox(s, &name) || !argument_end(s))
		return;
	r = mailbox_subscribe(&s->store, name, on);
	if (r == 0)
		notify_own(s, name);
	done(s, r, what, text);
}

void
cmd_subscribe(struct session *s)
{
	subscribe(s, true, "subscribe to the mailbox", "Subscribed");
}

void
cmd_unsubscribe(struct session *s)
{
	subscribe(s, false, "unsubscribe from the mailbox", "Unsubscribed");
}
