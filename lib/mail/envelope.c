#include "mail/envelope.h"

#include "mail/header.h"
#include "mail/nstring.h"

enum field {
	DATE,
	SUBJECT,
	FROM,
	SENDER,
	REPLY_TO,
	TO,
	CC,
	BCC,
	IN_REPLY_TO,
	MESSAGE_ID,
	FIELDS
};

static const char *const names[FIELDS] = { "Date", "Subject", "From", "Sender",
	"Reply-To", "To", "Cc", "Bcc", "In-Reply-To", "Message-ID" };

static bool
is_list(enum field f)
{
	return f >= FROM && f <= BCC;
}

struct envelope {
	struct span text[FIELDS]; /* the first of each name */
	struct str list[FIELDS];  /* the addresses of all of them */
};

static void
field_take(struct envelope *e, const struct header_field *h)
{
	for (enum field f = DATE; f < FIELDS; f++) {
		if (!header_is(h, names[f]))
			continue;
		if (is_list(f))
			envelope_addresses(&e->list[f], h->value);
		else if (e->text[f].at == NULL)
			e->text[f] = h->value;
		return;
	}
}

static void
list_add(struct str *out, const struct str *list)
{
	if (list->len == 0) {
		str_add(out, SPAN("NIL"));
		return;
	}
	str_add_byte(out, '(');
	str_add(out, str_span(list));
	str_add_byte(out, ')');
}

void
envelope_add(struct str *out, struct span header)
{
	struct envelope e = { .text = { { NULL, 0 } } };
	struct header_field h;

	for (enum field f = DATE; f < FIELDS; f++)
		str_init(&e.list[f]);
	while (header_next(&header, &h))
		field_take(&e, &h);
	for (enum field f = DATE; f < FIELDS; f++) {
		const struct str *list = &e.list[f];

		/* RFC 3501 7.4.2: they default to From. */
		if ((f == SENDER || f == REPLY_TO) && list->len == 0)
			list = &e.list[FROM];
		str_add_byte(out, f == DATE ? '(' : ' ');
		if (is_list(f))
			list_add(out, list);
		else
			nstring_add_value(out, e.text[f]);
	}
	str_add_byte(out, ')');
	for (enum field f = DATE; f < FIELDS; f++)
		str_free(&e.list[f]);
}
