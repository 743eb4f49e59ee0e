#include "mailbox/status.h"

#include "answer.h"
#include "argument.h"
#include "command.h"
#include "selected/condstore.h"
#include "selected/object.h"
#include "store/append.h"

enum {
	MESSAGES = 1,
	RECENT = 2,
	UIDNEXT = 4,
	UIDVALIDITY = 8,
	UNSEEN = 16,
	DELETED = 32,
	SIZE = 64,
	DELETED_STORAGE = 128, /* RFC 9208 4.1.4: bytes */
	APPENDLIMIT = 256,     /* RFC 7889 3 */
	MAILBOXID = 512,       /* RFC 8474 4.3 */
	HIGHESTMODSEQ = 1024,  /* RFC 7162 3.1.7 */
};

static const struct {
	const char *name;
	unsigned item;
	const char *capability; /* NULL: always there */
} items_known[] = {
	{ "MESSAGES", MESSAGES, NULL },
	{ "RECENT", RECENT, NULL },
	{ "UIDNEXT", UIDNEXT, NULL },
	{ "UIDVALIDITY", UIDVALIDITY, NULL },
	{ "UNSEEN", UNSEEN, NULL },
	{ "DELETED", DELETED, NULL },
	{ "SIZE", SIZE, "STATUS=SIZE" },
	{ "DELETED-STORAGE", DELETED_STORAGE, "QUOTA" },
	{ "APPENDLIMIT", APPENDLIMIT, "APPENDLIMIT" },
	{ "MAILBOXID", MAILBOXID, "OBJECTID" },
	{ "HIGHESTMODSEQ", HIGHESTMODSEQ, "CONDSTORE" },
};

unsigned
status_item(const char *name)
{
	for (size_t i = 0; i < COUNT(items_known); i++)
		if (span_equal(span_text(items_known[i].name), span_text(name)))
			return items_known[i].item;
	return 0;
}

static unsigned
take_item(struct session *s)
{
	/* RFC 9051 E: IMAP4rev2 has it no more. */
	bool recent = !(s->enabled & ENABLED_REV2);

	for (size_t i = 0; i < COUNT(items_known); i++)
		if ((items_known[i].item != RECENT || recent) &&
		    (items_known[i].capability == NULL ||
			session_offers(s, items_known[i].capability)) &&
		    parse_is(&s->parser, items_known[i].name))
			return items_known[i].item;
	return 0;
}

unsigned
status_take(struct session *s)
{
	struct parser *p = &s->parser;
	unsigned items = 0, item;

	if (!parse_byte(p, '('))
		return 0;
	do {
		item = take_item(s);
		if (item == 0)
			return 0;
		items |= item;
	} while (parse_space(p));
	return parse_byte(p, ')') ? items : 0;
}

static uint64_t
item_value(
    const struct session *s, const struct mailbox_status *m, unsigned item)
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
	case HIGHESTMODSEQ:
		return m->modseq;
	case APPENDLIMIT:
		return s->limits.message_size;
	case DELETED_STORAGE:
		return m->deleted_bytes;
	default:
		return m->size;
	}
}

static void
item_add(struct session *s, struct span mailbox, const struct mailbox_status *m,
    size_t i)
{
	str_add_text(&s->text, items_known[i].name);
	str_add_byte(&s->text, ' ');
	if (items_known[i].item == MAILBOXID)
		mailbox_id_add(&s->store, &s->text, mailbox, m->uidvalidity);
	else
		str_add_number(&s->text, item_value(s, m, items_known[i].item));
}

void
status_enable(struct session *s, unsigned items)
{
	if (items & HIGHESTMODSEQ)
		condstore_enable(s);
}

int
status_put(struct session *s, struct span mailbox, unsigned items)
{
	struct mailbox_status m;
	const char *between = " (";

	if (mailbox_status(&s->store, mailbox,
		(items & SIZE ? STATUS_SIZE : 0) |
		    (items & RECENT ? STATUS_RECENT : 0) |
		    (items & DELETED_STORAGE ? STATUS_DELETED_BYTES : 0),
		&m) < 0)
		return -1;
	str_set(&s->text, SPAN("* STATUS "));
	mailbox_name_add(s, &s->text, mailbox);
	for (size_t i = 0; i < COUNT(items_known); i++)
		if (items & items_known[i].item) {
			str_add_text(&s->text, between);
			item_add(s, mailbox, &m, i);
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
	if (!argument_mailbox(s, &name))
		return;
	if (!parse_space(p) || (items = status_take(s)) == 0) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	status_enable(s, items);
	if (status_put(s, name, items) < 0)
		answer_mailbox(s, "read the mailbox", name);
	else
		answer(s, RESULT_OK, "Done");
}
