/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE. */
#include "store/mailbox.h"

#include "command.h"

/* " " mailbox. False: the answer is given. */
static bool
take_mailbox(struct session *s, struct span *name_r)
{
	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return false;
	}
	return session_mailbox(s, name_r);
}

static void
done(struct session *s, int result, const char *what, const char *text)
{
	if (result < 0)
		answer_errno(s, what);
	else
		answer(s, RESULT_OK, "%s", text);
}

/* RFC 6154 3: " (USE (\Sent ...))". A use belongs to the mailbox of that name
 * here; true and unset *wrong_r when it is asked for that one. */
static bool
take_use(struct parser *p, struct span name, bool *wrong_r)
{
	const char *has = mailbox_special_use(name);
	struct span use;

	*wrong_r = false;
	if (!parse_space(p))
		return true;
	if (!parse_byte(p, '(') || !parse_is(p, "USE") || !parse_space(p) ||
	    !parse_byte(p, '('))
		return false;
	while (!parse_byte(p, ')')) {
		parse_space(p);
		if (!parse_flag(p, &use))
			return false;
		if (has == NULL || !span_equal_case(use, span_text(has)))
			*wrong_r = true;
	}
	return parse_byte(p, ')');
}

void
cmd_create(struct session *s)
{
	struct span name;
	bool wrong_use;

	if (!take_mailbox(s, &name))
		return;
	/* RFC 3501 6.3.3: a separator at the end only announces that names
	 * will be made below this one. */
	if (name.len > 1 && name.at[name.len - 1] == MAILBOX_SEPARATOR)
		name.len--;
	name = arena_copy(&s->arena, name);
	if (!take_use(&s->parser, name, &wrong_use)) {
		answer_syntax(s);
		return;
	}
	if (!session_end(s))
		return;
	if (wrong_use)
		answer(s, RESULT_NO,
		    "[USEATTR] Special uses belong to Sent, Drafts, Trash, "
		    "Junk and Archive");
	else
		done(s, mailbox_create(&s->store, name), "create the mailbox",
		    "Created");
}

void
cmd_delete(struct session *s)
{
	struct span name;

	if (take_mailbox(s, &name) && session_end(s))
		done(s, mailbox_delete(&s->store, name), "delete the mailbox",
		    "Deleted");
}

void
cmd_rename(struct session *s)
{
	struct span from, to;

	if (take_mailbox(s, &from) && take_mailbox(s, &to) && session_end(s))
		done(s, mailbox_rename(&s->store, from, to),
		    "rename the mailbox", "Renamed");
}

void
cmd_subscribe(struct session *s)
{
	struct span name;

	if (take_mailbox(s, &name) && session_end(s))
		done(s, mailbox_subscribe(&s->store, name, true),
		    "subscribe to the mailbox", "Subscribed");
}

void
cmd_unsubscribe(struct session *s)
{
	struct span name;

	if (take_mailbox(s, &name) && session_end(s))
		done(s, mailbox_subscribe(&s->store, name, false),
		    "unsubscribe from the mailbox", "Unsubscribed");
}
