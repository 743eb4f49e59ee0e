/* MAIL and RCPT. */
#include "about.h"
#include "command.h"
#include "os/sock.h"
#include "parameter.h"
#include "policy.h"
#include "reply.h"

/* A bare path, without its brackets, up to a blank. */
static bool
take_bare(struct span *rest, struct address *a_r)
{
	return address_take(rest, a_r) &&
	    (rest->len == 0 || byte_is_blank(rest->at[0]));
}

/* A local user's bare name, in brackets or not: an address at this host. */
static bool
take_name(struct session *s, struct span *rest, struct address *a_r)
{
	struct span name = *rest;
	bool bracket = span_take(&name, '<');

	if (s->service != LOCAL || !local_take(&name, &a_r->local) ||
	    (bracket && !span_take(&name, '>')) ||
	    (name.len > 0 && !byte_is_blank(name.at[0])))
		return false;
	a_r->domain = str_span(&s->server->users.me);
	*rest = name;
	return true;
}

/* "FROM:<path>" or "TO:<path>". RFC 5321 3.3: no blank after the colon, and
 * brackets; some submission clients follow neither. */
static bool
take_path(
    struct session *s, struct span *rest, struct span word, struct address *a_r)
{
	bool lax = s->service != MX && s->service != LMTP;
	struct span before;

	if (!span_take_case(rest, word)) {
		refuse(s, "syntax", 501, "5.5.4", "%s<address> is missing",
		    word.at);
		return false;
	}
	if (lax)
		*rest = span_trim(*rest);
	before = *rest;
	if (address_take_path(rest, a_r) &&
	    (rest->len == 0 || byte_is_blank(rest->at[0])))
		return true;
	*rest = before;
	if (lax && take_bare(rest, a_r))
		return true;
	*rest = before;
	if (take_name(s, rest, a_r))
		return true;
	refuse(s, "syntax", 501, word.at[0] == 'F' ? "5.1.7" : "5.1.3",
	    "Not a valid address");
	return false;
}

/* RFC 6531 3.3: a non-ASCII address needs SMTPUTF8. Apple Mail doesn't send
 * it. */
static bool
utf8_allowed(struct session *s, const struct address *a)
{
	if (address_is_ascii(a) || s->envelope.smtputf8)
		return true;
	if (s->user.len > 0) {
		s->envelope.smtputf8 = true;
		return true;
	}
	refuse(s, "smtputf8", 553, "5.6.7", "Such an address needs SMTPUTF8");
	return false;
}

static struct span
keep_address(struct session *s, const struct address *a)
{
	struct str text = STR_INIT;
	struct span kept;

	address_text(a, &text);
	kept = envelope_keep(&s->envelope, str_span(&text));
	str_free(&text);
	return kept;
}

/* Check for disk space before writing anything. */
static bool
has_room(struct session *s)
{
	if (spool_room(&s->server->spool, s->declared,
		s->server->limits.disk_reserve) == 0)
		return true;
	refuse(s, "disk", 452, "4.3.1", "Insufficient disk space");
	return false;
}

static void
envelope_begin(struct session *s, const struct address *from)
{
	struct envelope *e = &s->envelope;

	e->from = keep_address(s, from);
	e->client = envelope_keep(e, span_text(fact("TCPREMOTEIP")));
	e->helo = envelope_keep(e, str_span(&s->helo));
	e->auth = envelope_keep(e, str_span(&s->user));
	e->tls = envelope_keep(e, str_span(&s->tls_facts.protocol));
	if (address_is_null(from)) /* VERP is useless for a null sender */
		e->verp = SPAN("");
	e->service = envelope_keep(e, span_text(fact("SERVICE")));
	if (e->service.len == 0)
		e->service = SPAN("smtp");
	s->id = id_new();
	s->state = MAIL;
}

void
mail_run(struct session *s, struct span argument)
{
	struct address from;

	envelope_clear(&s->envelope);
	s->declared = s->asked = 0;
	s->asked_from = about_address(argument, SPAN("FROM:"));
	/* Accounts may change during a session. */
	users_refresh(&s->server->users);
	if (!grant_holds(&s->grant))
		reply_late(s, "");
	else if ((s->service & (SUBMISSION | SUBMISSIONS)) && s->user.len == 0)
		refuse(s, "login", 530, "5.7.0", "Authentication required");
	else if (s->service == LOCAL && !s->trusted)
		refuse(s, "login", 530, "5.7.0", "Only for local users");
	else if (take_path(s, &argument, SPAN("FROM:"), &from) &&
	    parameters_read(s, argument, NULL) && utf8_allowed(s, &from) &&
	    policy_sender(s, &from) && has_room(s)) {
		envelope_begin(s, &from);
		if (domain_is_literal(from.domain))
			policy_rename_sender(s);
		reply(s, 250, "2.1.0", "OK");
	}
	s->idle += s->state != MAIL;
	s->asked_from.at = NULL;
}

/* RFC 5321 4.5.3.1.10: the rest may come in another transaction. Deferred ones
 * take memory too, so RCPTs are limited as well. */
static bool
too_many(struct session *s)
{
	uint64_t limit = s->server->limits.recipients;
	bool asked = ++s->asked > 2 * limit;

	if (s->envelope.count < limit && !asked)
		return false;
	s->idle += asked;
	refuse(s, "recipients", 452, "4.5.3", "Too many recipients");
	return true;
}

static void
recipient_take(struct session *s, struct span argument)
{
	struct recipient r = { .address = SPAN("") };
	struct address to;

	if (!take_path(s, &argument, SPAN("TO:"), &to))
		return;
	if (address_is_null(&to)) {
		refuse(s, "syntax", 501, "5.1.3", "Not a valid address");
		return;
	}
	if (too_many(s))
		return;
	if (!parameters_read(s, argument, &r) || !utf8_allowed(s, &to))
		return;
	r.address = keep_address(s, &to);
	if (!policy_recipient(s, &r))
		return;
	envelope_to(&s->envelope, &r);
	s->state = RCPT;
	reply(s, 250, "2.1.5", "OK");
}

void
rcpt_run(struct session *s, struct span argument)
{
	s->asked_to = about_address(argument, SPAN("TO:"));
	recipient_take(s, argument);
	s->asked_to.at = NULL;
}
