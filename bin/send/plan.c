#include "plan.h"

#include "convert.h"
#include "mail/address.h"
#include "mail/domain.h"

enum { WHOLE_MAX = 32768 /* bytes sent before any answer */ };

/* Append the address as in a path. The domain is in its ASCII form, or with
 * SMTPUTF8 in its Unicode form (RFC 5890 2.3.2.1), however it was written;
 * false: impossible. */
static bool
path_add(struct str *out, struct span text, bool utf8)
{
	struct str domain = STR_INIT;
	struct address a;
	bool ok;

	if (!address_parse(text, &a) || (!utf8 && !span_is_ascii(a.local)))
		return false;
	str_add(out, a.local);
	str_add_byte(out, '@');
	if (span_is_ascii(a.domain)) {
		str_add(out, a.domain);
		return true;
	}
	ok = domain_fold(a.domain, &domain);
	if (ok && utf8)
		domain_unicode(domain.at, out);
	else if (ok)
		str_add(out, str_span(&domain));
	str_free(&domain);
	return ok;
}

static bool
can_say(struct span address, bool utf8)
{
	struct str out = STR_INIT;
	bool ok = path_add(&out, address, utf8);

	str_free(&out);
	return ok;
}

static void
refuse_all(struct conn *c, struct job *j, int verdict, const char *status,
    const char *text)
{
	struct result r = { 0 };

	result_set(&r, &j->memory, verdict, status, "%s", text);
	conn_name(c, &j->memory, &r);
	job_result(j, &r);
}

static bool
wants_utf8(const struct job *j)
{
	if (!span_is_ascii(j->from) ||
	    (j->smtputf8 && j->message.facts.eight_header))
		return true;
	for (size_t i = 0; i < j->count; i++)
		if (!j->to[i].result.set && !span_is_ascii(j->to[i].to))
			return true;
	return false;
}

/* RFC 6531 3.2: a host without SMTPUTF8 gets only mail that does not need it
 * once domains are in ASCII. */
static void
addresses_check(struct plan *p, struct conn *c, struct job *j)
{
	const char *text =
	    "the message or an address needs SMTPUTF8, which the "
	    "host does not offer";
	struct address a;

	p->utf8 = wants_utf8(j) && (c->can & CAN_SMTPUTF8) != 0;
	if (!p->utf8 && j->smtputf8 && j->message.facts.eight_header)
		refuse_all(c, j, DATA, "5.6.7", text);
	if (j->from.len > 0 && !can_say(j->from, p->utf8))
		refuse_all(c, j, DATA,
		    address_parse(j->from, &a) ? "5.6.7" : "5.1.7",
		    address_parse(j->from, &a) ? text
					       : "the sender is no address");
	for (size_t i = 0; i < j->count; i++) {
		struct job_recipient *t = &j->to[i];
		bool fits = address_parse(t->to, &a);

		if (t->result.set || can_say(t->to, p->utf8))
			continue;
		result_set(&t->result, &j->memory, DATA,
		    fits ? "5.6.7" : "5.1.3", "%s",
		    fits ? text : "the recipient is no address");
		conn_name(c, &j->memory, &t->result);
	}
}

static void
content_convert(struct conn *c, struct job *j, bool seven)
{
	struct str text = STR_INIT;
	const char *why;

	if (message_whole(&j->message, &text) < 0) {
		refuse_all(c, j, TEMP, "4.3.0", "the spool file can't be read");
		str_free(&text);
		return;
	}
	str_clear(&j->message.other);
	why = convert_text(str_span(&text), seven, &j->message.other);
	str_free(&text);
	if (why == NULL)
		message_replace(&j->message);
	else
		refuse_all(c, j, DATA, "5.6.3", why);
}

/* RFC 6152 3: without 8BITMIME a message is converted, or not sent. So are
 * lines over RFC 5322's limit and bytes that hosts need not accept; but LMTP
 * hosts store what they get. */
static void
content_check(struct plan *p, struct conn *c, struct job *j)
{
	const struct message_facts *f = &j->message.facts;
	/* RFC 6531 3.1: SMTPUTF8 implies 8BITMIME. */
	bool can = (c->can & (CAN_8BITMIME | CAN_SMTPUTF8)) != 0;

	if ((f->eight_body && !can) || f->bare || (f->long_lines && !c->lmtp))
		content_convert(c, j, !can);
	p->eight = (f->eight_body || f->eight_header) &&
	    (c->can & CAN_8BITMIME) != 0;
}

void
plan_make(struct plan *p, struct conn *c, struct job *j)
{
	*p = (struct plan){ 0 };
	addresses_check(p, c, j);
	if (!job_is_open(j))
		return;
	content_check(p, c, j);
	/* RFC 1870 6.1: no need to send what will be refused. */
	if (c->size_limit > 0 && j->message.facts.wire > c->size_limit)
		refuse_all(c, j, DATA, "5.3.4",
		    "the message is larger than the host takes");
	p->bdat = (c->can & CAN_CHUNKING) != 0;
	p->whole = p->bdat && (c->can & CAN_PIPELINING) != 0 &&
	    j->message.facts.wire <= WHOLE_MAX;
}

void
xtext_add(struct str *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c < '!' || c > '~' || c == '+' || c == '=')
			str_addf(out, "+%02X", c);
		else
			str_add_byte(out, (char)c);
	}
}

/* One character of UTF-8 that is known to be well-formed. */
static uint32_t
rune_take(struct span *rest)
{
	unsigned char c = (unsigned char)rest->at[0];
	size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	uint32_t rune = more == 0 ? c : c & (0x3fU >> more);

	for (size_t i = 1; i <= more && i < rest->len; i++)
		rune = rune << 6 | ((unsigned char)rest->at[i] & 0x3f);
	*rest = span_from(*rest, more + 1);
	return rune;
}

/* RFC 6533 3: \x{HEX} for characters beyond ASCII. */
static void
utf8_address_add(struct str *out, struct span address, bool utf8)
{
	while (address.len > 0) {
		struct span before = address;
		uint32_t rune = rune_take(&address);

		if (rune > 0x7f && utf8) {
			str_add(
			    out, span_head(before, before.len - address.len));
		} else if (rune < '!' || rune > '~' || rune == '\\' ||
		    rune == '+' || rune == '=') {
			str_addf(out, "\\x{%02X}", (unsigned)rune);
		} else {
			str_add_byte(out, (char)rune);
		}
	}
}

void
orcpt_add(struct str *out, struct span orcpt, bool utf8)
{
	struct span address = orcpt, type;

	if (!span_until(&address, ';', &type)) {
		type = SPAN("rfc822");
		address = orcpt;
	} else {
		address = span_from(address, 1);
	}
	if (!span_is_ascii(address) && !span_is_utf8(address))
		return;
	str_add_text(out, " ORCPT=");
	if (span_equal_case(type, SPAN("utf-8")) || !span_is_ascii(address)) {
		str_add_text(out, "utf-8;");
		utf8_address_add(out, address, utf8);
		return;
	}
	str_add(out, type);
	str_add_byte(out, ';');
	xtext_add(out, address);
}

/* The word has only letters and commas: RET, NOTIFY. */
static bool
is_keyword(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_alpha(s.at[i]) && s.at[i] != ',')
			return false;
	return s.len > 0;
}

void
plan_mail(const struct plan *p, const struct conn *c, const struct job *j,
    struct str *out)
{
	str_add_text(out, "MAIL FROM:<");
	if (j->from.len > 0)
		path_add(out, j->from, p->utf8);
	str_add_byte(out, '>');
	if ((c->can & CAN_SIZE) != 0)
		str_addf(out, " SIZE=%llu",
		    (unsigned long long)j->message.facts.wire);
	if (p->eight)
		str_add_text(out, " BODY=8BITMIME");
	if (p->utf8)
		str_add_text(out, " SMTPUTF8");
	if (c->rule.requiretls)
		str_add_text(out, " REQUIRETLS");
	/* RFC 3461 4.3, 4.4 */
	if ((c->can & CAN_DSN) != 0 && is_keyword(j->ret)) {
		str_add_text(out, " RET=");
		str_add(out, j->ret);
	}
	if ((c->can & CAN_DSN) != 0 && j->envid.len > 0) {
		str_add_text(out, " ENVID=");
		xtext_add(out, j->envid);
	}
	str_add_text(out, "\r\n");
}

void
plan_rcpt(const struct plan *p, const struct conn *c,
    const struct job_recipient *t, struct str *out)
{
	str_add_text(out, "RCPT TO:<");
	path_add(out, t->to, p->utf8);
	str_add_byte(out, '>');
	/* RFC 3461 4.1, 4.2 */
	if ((c->can & CAN_DSN) != 0 && is_keyword(t->notify)) {
		str_add_text(out, " NOTIFY=");
		str_add(out, t->notify);
	}
	if ((c->can & CAN_DSN) != 0 && t->orcpt.len > 0)
		orcpt_add(out, t->orcpt, p->utf8);
	str_add_text(out, "\r\n");
}
