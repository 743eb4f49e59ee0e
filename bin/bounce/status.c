/* message/delivery-status (RFC 3464 2), and its form in UTF-8 (RFC 6533 4.1). */
#include "mail/date.h"
#include "mail/utf8.h"
#include "report.h"
#include "text.h"

/* Of what is written of foreign text: with the field's name less than the 998
 * bytes of a line (RFC 5322 2.1.1) where there is no blank to fold it at. */
enum { TEXT_MAX = 900 };

static void
text_add(struct str *out, struct span text, bool utf8)
{
	if (utf8)
		text_clean(out, text);
	else
		text_ascii(out, text);
}

/* Foreign text as a field: "name: type; text", cut behind a whole character. */
static void
field_add(struct str *out, const char *name, const char *type, struct span text,
    bool utf8)
{
	struct str value = STR_INIT;
	struct span rest = text;
	uint32_t point;

	str_add_text(&value, type);
	while (value.len < TEXT_MAX && utf8_take(&rest, &point)) {
		text_add(&value, span_head(text, text.len - rest.len), utf8);
		text = rest;
	}
	text_field(out, name, str_span(&value));
	str_free(&value);
}

/* An address is one word, never folded. */
static void
address_field(struct str *out, const char *name, struct span type,
    struct span address, bool utf8)
{
	str_addf(out, "%s: ", name);
	text_ascii(out, type);
	str_add_text(out, "; ");
	if (utf8)
		text_clean(out, address);
	else if (span_equal_case(type, SPAN("utf-8")))
		text_unitext(out, address);
	else
		text_ascii(out, address);
	str_add_byte(out, '\n');
}

static void
date_field(struct str *out, const char *name, int64_t seconds)
{
	str_addf(out, "%s: ", name);
	date_format(out, (struct date){ seconds, 0 });
	str_add_byte(out, '\n');
}

/* RFC 3464 2.3.1, RFC 3461 6.3: only what the sender named; RFC 6533 3: an
 * address of the type utf-8 in the form that fits, its unitext undone first. */
static void
original_recipient(struct str *out, struct span orcpt, bool utf8)
{
	struct span type = span_head(orcpt, span_find(orcpt, ';'));
	struct span address = span_from(orcpt, type.len + 1);
	struct str plain = STR_INIT;

	if (span_equal_case(type, SPAN("utf-8"))) {
		text_from_unitext(&plain, address);
		address = str_span(&plain);
	}
	address_field(out, "Original-Recipient", type, address, utf8);
	str_free(&plain);
}

/* RFC 3464 2.1.2: a name, or an address in brackets. */
static void
host_field(struct str *out, const char *name, struct span host)
{
	bool number = true;
	struct str value = STR_INIT;

	for (size_t i = 0; i < host.len; i++)
		number = number &&
		    (byte_is_digit(host.at[i]) || host.at[i] == '.');
	if (span_find(host, ':') < host.len)
		str_add_text(&value, "[IPv6:");
	else if (number)
		str_add_byte(&value, '[');
	str_add(&value, host);
	if (value.len > host.len)
		str_add_byte(&value, ']');
	field_add(out, name, "dns; ", str_span(&value), false);
	str_free(&value);
}

/* RFC 3464 2.3.3. */
static const char *
action(const struct report *r, const struct result *res)
{
	if (r->kind == REPORT_FAILED)
		return "failed";
	if (r->kind == REPORT_DELAYED)
		return "delayed";
	return state_action_word(res->action);
}

/* RFC 3464 2.3.4: the status of a failure begins with 5 or 4, of a success with
 * 2, of a delay with 4. RFC 3463 2: three numbers. */
static struct span
status_code(const struct report *r, struct span status)
{
	struct span rest = status;
	uint64_t class, n;
	bool sound = span_number(&rest, 5, &class) && span_take(&rest, '.') &&
	    span_number(&rest, 999, &n) && span_take(&rest, '.') &&
	    span_number(&rest, 999, &n) && rest.len == 0;

	switch (r->kind) {
	case REPORT_NONE:
	case REPORT_FAILED:
		return sound && class >= 4 ? status : SPAN("5.0.0");
	case REPORT_DELIVERED:
		return sound && class == 2 ? status : SPAN("2.0.0");
	case REPORT_DELAYED:
		return sound && class == 4 ? status : SPAN("4.0.0");
	}
	return SPAN("5.0.0");
}

/* RFC 3464 2.3. */
static void
recipient_write(const struct report *r, size_t i, bool utf8, struct str *out)
{
	const struct recipient *to = &r->envelope->recipients[i];
	const struct result *res = &r->results[i];

	str_add_byte(out, '\n');
	if (to->orcpt.len > 0)
		original_recipient(out, to->orcpt, utf8);
	address_field(out, "Final-Recipient",
	    span_is_ascii(to->address) ? SPAN("rfc822") : SPAN("utf-8"),
	    to->address, utf8);
	str_addf(out, "Action: %s\n", action(r, res));
	text_field(out, "Status", status_code(r, res->status));
	if (res->host.len > 0)
		host_field(out, "Remote-MTA", res->host);
	/* Our own words on a success tell nothing. */
	if (res->text.len > 0 && (res->reply || r->kind != REPORT_DELIVERED))
		field_add(out, "Diagnostic-Code",
		    res->reply ? "smtp; " : "X-chainmail; ", res->text, utf8);
	date_field(out, "Last-Attempt-Date", res->at);
	if (r->message.text[0] != '\0')
		str_addf(out, "Final-Log-ID: %s\n", r->message.text);
	/* RFC 3464 2.3.9: of delayed ones alone. */
	if (r->kind == REPORT_DELAYED)
		date_field(out, "Will-Retry-Until", r->until);
}

void
status_write(const struct report *r, bool utf8, struct str *out)
{
	/* RFC 3464 2.2. */
	if (r->envelope->envid.len > 0)
		field_add(
		    out, "Original-Envelope-Id", "", r->envelope->envid, utf8);
	host_field(out, "Reporting-MTA", r->me);
	if (r->envelope->helo.len > 0)
		host_field(out, "Received-From-MTA", r->envelope->helo);
	date_field(out, "Arrival-Date", r->birth);
	for (size_t i = 0; i < r->envelope->count; i++)
		if (r->chosen[i])
			recipient_write(r, i, utf8, out);
}
