#include "status.h"

#include "command.h"
#include "store/append.h"

enum {
	MESSAGES = 1,
	RECENT = 2,
	UIDNEXT = 4,
	UIDVALIDITY = 8,
	UNSEEN = 16,
	DELETED = 32,
	SIZE = 64,
};

static const struct {
	const char *name;
	unsigned item;
} items_known[] = {
	{ "MESSAGES", MESSAGES },
	{ "RECENT", RECENT },
	{ "UIDNEXT", UIDNEXT },
	{ "UIDVALIDITY", UIDVALIDITY },
	{ "UNSEEN", UNSEEN },
	{ "DELETED", DELETED },
	{ "SIZE", SIZE },
};

static unsigned
take_item(struct parser *p)
{
	for (size_t i = 0; i < COUNT(items_known); i++)
		if (parse_is(p, items_known[i].name))
			return items_known[i].item;
	return 0;
}

unsigned
status_take(struct parser *p)
{
	unsigned items = 0, item;

	if (!parse_byte(p, '('))
		return 0;
	do {
		item = take_item(p);
		if (item == 0)
			return 0;
		items |= item;
	} while (parse_space(p));
	return parse_byte(p, ')') ? items : 0;
}

static uint64_t
item_value(const struct mailbox_status *m, unsigned item)
{
	switch (item) {
	case MESSAGES:
		return m->messages;
	case RECENT:
		return m->recent;
	case UIDNEXT:
		return m->uidnext;
	case UIDVALIDITY:
		return m->uidvalidity;
	case UNSEEN:
		return m->unseen;
	case DELETED:
		return m->deleted;
	default:
		return m->size;
	}
}

int
status_put(struct session *s, struct span mailbox, unsigned items)
{
	struct mailbox_status m;
	const char *between = " (";

	if (mailbox_status(&s->store, mailbox, items & SIZE, &m) < 0)
		return -1;
	str_set(&s->text, SPAN("* STATUS "));
	mailbox_name_add(&s->text, mailbox);
	for (size_t i = 0; i < COUNT(items_known); i++)
		if (items & items_known[i].item) {
			str_addf(&s->text, "%s%s %llu", between,
			    items_known[i].name,
			    (unsigned long long)item_value(
				&m, items_known[i].item));
			between = " ";
		}
	str_add(&s->text, SPAN(")\r\n"));
	io_put(&s->io, str_span(&s->text));
	return 0;
}

void
cmd_status(struct session *s)
{
	struct parser *p = &s->parser;
	struct span name;
	unsigned items;

	if (!parse_space(p)) {
		answer_syntax(s);
		return;
	}
	if (!session_mailbox(s, &name))
		return;
	if (!parse_space(p) || (items = status_take(p)) == 0) {
		answer_syntax(s);
		return;
	}
	if (!session_end(s))
		return;
	if (status_put(s, name, items) < 0)
		answer_errno(s, "read the mailbox");
	else
		answer(s, RESULT_OK, "Done");
}
