#include "command.h"

enum { ANY = AUTHENTICATED | SELECTED };

static const struct command commands[] = {
	{ "CAPABILITY", cmd_capability, ANY, 0, NULL },
	{ "NOOP", cmd_noop, ANY, SYNC_AFTER | SYNC_ALL, NULL },
	{ "LOGOUT", cmd_logout, ANY, 0, NULL },
	{ "ID", cmd_id, ANY, 0, "ID" },
	{ "ENABLE", cmd_enable, ANY, 0, "ENABLE" },
	{ "NAMESPACE", cmd_namespace, ANY, 0, "NAMESPACE" },
	{ "SELECT", cmd_select, ANY, 0, NULL },
	{ "EXAMINE", cmd_examine, ANY, 0, NULL },
	{ "CREATE", cmd_create, ANY, 0, "CREATE-SPECIAL-USE" },
	{ "DELETE", cmd_delete, ANY, 0, NULL },
	{ "RENAME", cmd_rename, ANY, 0, NULL },
	{ "SUBSCRIBE", cmd_subscribe, ANY, 0, NULL },
	{ "UNSUBSCRIBE", cmd_unsubscribe, ANY, 0, NULL },
	{ "LIST", cmd_list, ANY, 0,
	    "CHILDREN LIST-EXTENDED LIST-STATUS SPECIAL-USE" },
	{ "LSUB", cmd_lsub, ANY, 0, NULL },
	{ "STATUS", cmd_status, ANY, 0, "STATUS=SIZE" },
	{ "APPEND", cmd_append, ANY, SYNC_AFTER | SYNC_ALL, NULL },
	{ "IDLE", cmd_idle, ANY, SYNC_AFTER | SYNC_ALL, "IDLE" },
	{ "CHECK", cmd_check, SELECTED, SYNC_AFTER | SYNC_ALL, NULL },
	{ "CLOSE", cmd_close, SELECTED, 0, NULL },
	{ "UNSELECT", cmd_unselect, SELECTED, 0, "UNSELECT" },
	{ "EXPUNGE", cmd_expunge, SELECTED, SYNC_AFTER | SYNC_ALL | UID_TOO,
	    "UIDPLUS" },
	{ "SEARCH", cmd_search, SELECTED, SYNC_BEFORE | UID_TOO, NULL },
	{ "FETCH", cmd_fetch, SELECTED, SYNC_AFTER | UID_TOO, NULL },
	{ "STORE", cmd_store, SELECTED, SYNC_AFTER | UID_TOO, NULL },
	{ "COPY", cmd_copy, SELECTED, SYNC_AFTER | UID_TOO, NULL },
	{ "MOVE", cmd_move, SELECTED, SYNC_AFTER | SYNC_ALL | UID_TOO, "MOVE" },
};

/* What no command of its own stands for. */
static const char *const extensions[] = { "IMAP4rev1", "LITERAL+", "SASL-IR" };

void
capability_add(struct str *out)
{
	str_add_text(out, "CAPABILITY");
	for (size_t i = 0; i < COUNT(extensions); i++)
		str_addf(out, " %s", extensions[i]);
	for (size_t i = 0; i < COUNT(commands); i++)
		if (commands[i].capability != NULL)
			str_addf(out, " %s", commands[i].capability);
}

static const struct command *
command_find(struct span name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (span_equal_case(name, span_text(commands[i].name)))
			return &commands[i];
	return NULL;
}

static const struct command *
command_take(struct session *s)
{
	struct parser *p = &s->parser;
	const struct command *c;
	struct span name;

	s->uid = false;
	if (!parse_name(p, &name))
		return NULL;
	if (!span_equal_case(name, SPAN("UID")))
		return command_find(name);
	s->uid = true;
	if (!parse_space(p) || !parse_name(p, &name))
		return NULL;
	c = command_find(name);
	return c != NULL && (c->flags & UID_TOO) ? c : NULL;
}

void
command_run(struct session *s)
{
	const struct command *c = command_take(s);
	bool expunges;

	if (c == NULL) {
		answer(s, RESULT_BAD, "Unknown command");
		return;
	}
	if (!(c->in & s->state)) {
		answer(s, RESULT_BAD, "No mailbox is selected");
		return;
	}
	/* RFC 3501 7.4.1: no EXPUNGE while FETCH, STORE or SEARCH by numbers
	 * may be on the way. */
	expunges = s->uid || (c->flags & SYNC_ALL);
	if ((c->flags & SYNC_BEFORE) && s->state == SELECTED)
		session_sync(s, expunges);
	c->run(s);
	if ((c->flags & SYNC_AFTER) && s->state == SELECTED)
		session_sync(s, expunges);
}
