#include "header.h"

#include "complain.h"
#include "mail/address.h"
#include "mail/header.h"
#include "mail/mailboxes.h"
#include "mail/quote.h"

/* Fields that hold addresses; those to send to, and again the same for a
 * message that is sent again. */
static const struct field {
	const char *name;
	bool to, again, hidden;
} fields[] = { { "From", false, false, false },
	{ "Sender", false, false, false }, { "Reply-To", false, false, false },
	{ "To", true, false, false }, { "Cc", true, false, false },
	{ "Bcc", true, false, true }, { "Resent-From", false, true, false },
	{ "Resent-Sender", false, true, false },
	{ "Resent-To", true, true, false }, { "Resent-Cc", true, true, false },
	{ "Resent-Bcc", true, true, true } };

static const struct field *
field_find(const struct header_field *f)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		if (header_is(f, fields[i].name))
			return &fields[i];
	return NULL;
}

static bool
is_there(const struct addresses *a, struct span address)
{
	struct span rest = str_span(&a->text), line;

	while (span_line(&rest, &line))
		if (span_equal(line, address))
			return true;
	return false;
}

void
addresses_add(struct addresses *a, struct span list)
{
	struct str address = STR_INIT;
	struct span behind;

	while (mailboxes_next(&list, &address, &behind)) {
		/* The address becomes part of a command to smtpd. */
		for (size_t i = 0; i < address.len; i++)
			if (byte_is_control(address.at[i]))
				complain_and_end(DATA,
				    "an address contains a control character");
		if (is_there(a, str_span(&address)))
			continue;
		str_add(&a->text, str_span(&address));
		str_add_byte(&a->text, '\n');
		a->count++;
	}
	str_free(&address);
}

void
header_recipients(struct span header, struct addresses *a)
{
	struct span rest = header;
	const struct field *is;
	struct header_field f;
	bool again = false;

	while (header_next(&rest, &f))
		if ((is = field_find(&f)) != NULL && is->to && is->again)
			again = true;
	rest = header;
	while (header_next(&rest, &f))
		if ((is = field_find(&f)) != NULL && is->to &&
		    is->again == again)
			addresses_add(a, f.value);
}

/* The whole word is a local part, as a user's name is. */
static bool
is_name(struct span address)
{
	struct span local;

	return local_take(&address, &local) && address.len == 0;
}

/* Append the field with the host's name added to bare names. True: an address
 * is not ASCII. */
static bool
field_complete(const struct header_field *f, struct span me, struct str *out)
{
	struct str address = STR_INIT;
	struct span rest = f->value, behind;
	const char *done = f->whole.at, *end = done + f->whole.len;
	bool utf8 = false;

	while (mailboxes_next(&rest, &address, &behind)) {
		utf8 |= !span_is_ascii(str_span(&address));
		if (!is_name(str_span(&address)))
			continue;
		str_add(out, (struct span){ done, (size_t)(behind.at - done) });
		str_add_byte(out, '@');
		str_add(out, me);
		done = behind.at;
	}
	str_add(out, (struct span){ done, (size_t)(end - done) });
	str_free(&address);
	return utf8;
}

static void
name_write(struct span name, struct str *out)
{
	if (!span_is_ascii(name)) {
		word_encode(out, name); /* RFC 2047 */
		str_add_byte(out, ' ');
		return;
	}
	str_add_byte(out, '"');
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (c == '"' || c == '\\')
			str_add_byte(out, '\\');
		str_add_byte(out, byte_is_control(c) ? ' ' : c);
	}
	str_add_text(out, "\" ");
}

static void
from_write(const struct author *by, struct str *out)
{
	struct span sender = by->sender;

	str_add_text(out, "From: ");
	if (by->name.len > 0)
		name_write(by->name, out);
	if (sender.len == 0)
		sender = SPAN("MAILER-DAEMON");
	str_add_byte(out, '<');
	str_add(out, sender);
	if (mailbox_is_bare(sender)) {
		str_add_byte(out, '@');
		str_add(out, by->me);
	}
	str_add_text(out, ">\n");
}

bool
header_write(struct span header, const struct author *by, struct str *out)
{
	struct header_field f;
	bool from = false, utf8 = false;

	while (header_next(&header, &f)) {
		const struct field *is = field_find(&f);

		from |= header_is(&f, "From");
		if (is == NULL)
			str_add(out, f.whole);
		else if (!is->hidden)
			utf8 |= field_complete(&f, by->me, out);
	}
	if (!from)
		from_write(by, out);
	return utf8;
}
