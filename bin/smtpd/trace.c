/* The header on its way in: hops and fields counted, fields that would lie
 * taken out, the trace field put before it, and what a submission lacks. */
#include <string.h>

#include "author.h"
#include "base/clock.h"
#include "mail/cfws.h"
#include "mail/date.h"
#include "mail/header.h"
#include "os/sock.h"
#include "policy.h"

struct header_facts {
	uint64_t fields, hops;
	bool date, id, from;
};

/* The authserv-id of a result (RFC 8601 2.2), without quotes. */
static struct span
result_server(struct span value)
{
	size_t n = 0;

	cfws_skip(&value);
	if (span_take(&value, '"'))
		return span_head(value, span_find(value, '"'));
	while (n < value.len && value.at[n] != '\0' &&
	    strchr(" \t\r\n;(", value.at[n]) == NULL)
		n++;
	return span_head(value, n);
}

/* RFC 8601 5: results said to be ours, or of a domain of ours or below one,
 * which nobody outside can have written. */
static bool
is_forged_result(struct session *s, const struct header_field *f)
{
	struct span name, label;
	bool ours;

	if (!header_is(f, "Authentication-Results"))
		return false;
	name = result_server(f->value);
	ours = name.len == 0 ||
	    span_equal_case(name, str_span(&s->server->users.me));
	do
		ours |= users_domain(&s->server->users, name) != 0;
	while (
	    !ours && span_until(&name, '.', &label) && span_take(&name, '.'));
	return ours;
}

/* RFC 5321 4.4: Return-Path is the last server's. Bcc is nobody's business. */
static bool
is_dropped(struct session *s, const struct header_field *f)
{
	return header_is(f, "Return-Path") || is_forged_result(s, f) ||
	    (s->trusted && (header_is(f, "Bcc") || header_is(f, "Resent-Bcc")));
}

/* The author of a submission, as its readers see it, is no other user here. */
static void
author_check(struct session *s, const struct header_field *f)
{
	struct str plain = STR_INIT;
	struct span rest, address;
	int may = 1;

	if (s->user.len == 0 || s->service == LOCAL ||
	    (!header_is(f, "From") && !header_is(f, "Sender")))
		return;
	author_plain(f->value, &plain);
	rest = str_span(&plain);
	while (may == 1 && author_next(&rest, &address))
		may = policy_author(s, address);
	if (may == 0)
		message_refuse(s, 553, "5.7.1",
		    "The address in %.*s: is not yours", (int)f->name.len,
		    f->name.at);
	if (may < 0)
		message_refuse(
		    s, 451, "4.3.0", "The user database can't be read now");
	str_free(&plain);
}

static void
field_look(
    struct session *s, const struct header_field *f, struct header_facts *h)
{
	h->fields++;
	h->hops += header_is(f, "Received");
	h->date |= header_is(f, "Date");
	h->id |= header_is(f, "Message-ID");
	h->from |= header_is(f, "From");
	author_check(s, f);
}

/* RFC 5321 4.4, RFC 3848, RFC 6531 4.3. */
static void
protocol_write(const struct session *s, struct str *out)
{
	bool utf8 = s->envelope.smtputf8;

	if (s->service == LMTP)
		str_add_text(out, utf8 ? "UTF8LMTP" : "LMTP");
	else if (utf8)
		str_add_text(out, "UTF8SMTP");
	else
		str_add_text(out, s->esmtp ? "ESMTP" : "SMTP");
	if (s->tls)
		str_add_byte(out, 'S');
	if (s->user.len > 0 && s->service != LOCAL)
		str_add_byte(out, 'A');
	if (s->tls)
		str_addf(out, " (%s %s)", s->tls_facts.protocol.at,
		    s->tls_facts.cipher.at);
}

/* The client's name as a domain, if it gave one, and its address. */
static void
client_write(const struct session *s, struct str *out)
{
	struct span rest = str_span(&s->helo), domain, ip;
	bool v6;

	ip = span_text(fact("TCPREMOTEIP"));
	v6 = span_find(ip, ':') < ip.len;
	if (domain_take(&rest, &domain) && rest.len == 0)
		str_add(out, domain);
	else
		str_add_text(out, "unknown");
	if (ip.len > 0 && (v6 || span_find(ip, '.') < ip.len))
		str_addf(out, " ([%s%s])", v6 ? "IPv6:" : "", ip.at);
	if (s->service == LOCAL) /* "uid:1000" */
		str_addf(out, " (uid %s)", s->user.at + strlen("uid:"));
}

static void
received_write(const struct session *s, struct str *out)
{
	str_add_text(out, "Received: from ");
	client_write(s, out);
	str_addf(out, "\n\tby %s with ", s->server->users.me.at);
	protocol_write(s, out);
	str_addf(out, "\n\tid %s", s->id.text);
	if (s->envelope.count == 1) { /* more would tell of blind copies */
		str_add_text(out, " for <");
		str_add(out, s->envelope.recipients[0].address);
		str_add_byte(out, '>');
	}
	str_add_text(out, ";\n\t");
	date_format(out, (struct date){ clock_wall_s(), 0 });
	str_add_byte(out, '\n');
}

/* RFC 5322 3.6.2 wants an author; only programs of this machine forget it. */
static void
author_write(const struct session *s, struct str *out)
{
	str_add_text(out, "From: ");
	if (s->envelope.from.len > 0)
		str_add(out, s->envelope.from);
	else
		str_addf(out, "MAILER-DAEMON@%s", s->server->users.me.at);
	str_add_byte(out, '\n');
}

/* RFC 6409 8.1, 8.2 (8.3: Message-ID). */
static void
missing_write(
    const struct session *s, const struct header_facts *h, struct str *out)
{
	if (!s->trusted)
		return;
	if (!h->date) {
		str_add_text(out, "Date: ");
		date_format(out, (struct date){ clock_wall_s(), 0 });
		str_add_byte(out, '\n');
	}
	if (!h->id)
		str_addf(out, "Message-ID: <%s@%s>\n", s->id.text,
		    s->server->users.me.at);
	if (!h->from && s->service == LOCAL)
		author_write(s, out);
}

void
trace_write(struct session *s)
{
	const struct limits *l = &s->server->limits;
	struct header_facts h = { 0 };
	struct header_field f;
	struct str trace = STR_INIT;
	struct span rest = str_span(&s->message.header);

	while (s->message.code == 0 && header_next(&rest, &f))
		field_look(s, &f, &h);
	if (h.hops > l->hops) /* RFC 5321 6.3 */
		message_refuse(s, 554, "5.4.6", "It goes in circles");
	if (h.fields > l->header_fields)
		message_refuse(s, 550, "5.6.0", "Too many header fields");
	received_write(s, &trace);
	missing_write(s, &h, &trace);
	/* It would continue our line. It is no header, so be it body. */
	if (byte_is_blank(s->message.header.at[0]))
		str_add_byte(&trace, '\n');
	message_write(s, str_span(&trace));
	str_free(&trace);
	rest = str_span(&s->message.header);
	while (s->message.code == 0 && header_next(&rest, &f))
		if (!is_dropped(s, &f))
			message_write(s, f.whole);
	if (s->message.in_body)
		message_write(s, SPAN("\n"));
}
