/* Processing an incoming header: hops and fields are counted, forged fields
 * removed, the trace field prepended, and a submission's missing fields
 * added. */
#include "trace.h"

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

/* RFC 8601 5: results claiming to be ours, or of our domains and their
 * subdomains, which only we could have written. */
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
	if (name.len > ADDRESS_DOMAIN_MAX) /* too long for a domain */
		return ours;
	do
		ours |= users_domain(&s->server->users, name) != 0;
	while (
	    !ours && span_until(&name, '.', &label) && span_take(&name, '.'));
	return ours;
}

/* RFC 5321 4.4: Return-Path is added by the last server. Bcc must not be
 * disclosed, and an mbox's line is not a field. */
static bool
is_dropped(struct session *s, const struct header_field *f)
{
	return f->name.len == 0 || header_is(f, "Return-Path") ||
	    is_forged_result(s, f) ||
	    (s->trusted && (header_is(f, "Bcc") || header_is(f, "Resent-Bcc")));
}

/* A submission's visible author must not be another user here. */
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
		message_refuse(s, "sender", 553, "5.7.1",
		    "You may not send with this address in %.*s:",
		    (int)f->name.len, f->name.at);
	if (may < 0)
		message_refuse(s, "users", 451, "4.3.0",
		    "The user database is temporarily unavailable");
	str_free(&plain);
}

static void
field_look(
    struct session *s, const struct header_field *f, struct header_facts *h)
{
	h->fields++;
	h->hops += header_is(f, "Received");
	h->date |= header_is(f, "Date");
	if (!h->id && header_is(f, "Message-ID")) {
		h->id = true;
		s->message.name = envelope_keep(
		    &s->envelope, span_trim(f->value));
	}
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
	if (s->envelope.count == 1) { /* more would disclose blind copies */
		str_add_text(out, " for <");
		str_add(out, s->envelope.recipients[0].address);
		str_add_byte(out, '>');
	}
	str_add_text(out, ";\n\t");
	date_format(out, (struct date){ clock_wall_s(), 0 });
	str_add_byte(out, '\n');
}

/* RFC 5322 3.6.2 requires an author; only local programs omit it. */
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

static void
id_write(struct session *s, struct str *out)
{
	struct str name = STR_INIT;

	str_setf(&name, "<%s@%s>", s->id.text, s->server->users.me.at);
	str_addf(out, "Message-ID: %s\n", name.at);
	s->message.name = envelope_keep(&s->envelope, str_span(&name));
	str_free(&name);
}

/* RFC 6409 8.1, 8.2 (8.3: Message-ID). */
static void
missing_write(struct session *s, const struct header_facts *h, struct str *out)
{
	if (!s->trusted)
		return;
	if (!h->date) {
		str_add_text(out, "Date: ");
		date_format(out, (struct date){ clock_wall_s(), 0 });
		str_add_byte(out, '\n');
	}
	if (!h->id)
		id_write(s, out);
	if (!h->from && s->service == LOCAL)
		author_write(s, out);
}

/* Write the fields and the bytes after them. A missing empty line (RFC 5322
 * 2.1) is added, also without text, so that other programs see the same header
 * as was checked here. */
static void
header_write(struct session *s)
{
	struct span rest = str_span(&s->message.header), behind = rest;
	struct header_field f;

	while (s->message.code == 0 && header_next(&rest, &f)) {
		behind = span_from(behind, f.whole.len);
		if (!is_dropped(s, &f))
			message_write(s, f.whole);
	}
	/* The last field may lack its line end (RFC 3030: BDAT). */
	if (behind.len == 0 && s->message.last != '\n')
		message_write(s, SPAN("\n"));
	if (behind.len == 0 || behind.at[0] != '\n')
		message_write(s, SPAN("\n"));
	message_write(s, behind);
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
		message_refuse(s, "loop", 554, "5.4.6",
		    "Mail loop: too many Received fields");
	if (h.fields > l->header_fields)
		message_refuse(
		    s, "header", 550, "5.6.0", "Too many header fields");
	received_write(s, &trace);
	missing_write(s, &h, &trace);
	message_write(s, str_span(&trace));
	str_free(&trace);
	header_write(s);
}
