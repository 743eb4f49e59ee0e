/* AUTH (RFC 4954): the dialogue between the client and authd is passed on; who
 * the client is, authd alone says. */
#include "net/auth.h"

#include "base/die.h"
#include "base/log.h"
#include "os/sock.h"
#include "session.h"

static bool
has_certificate(const struct session *s)
{
	return s->tls_facts.cert.len > 0;
}

/* RFC 5802 6: a mechanism bound to the TLS channel. Who asks for one gets it,
 * but it isn't offered: clients built on gsasl (mutt, msmtp) would choose it,
 * know only bindings of other kinds, and give up. */
static bool
is_bound(struct span mechanism)
{
	return span_ends_case(mechanism, SPAN("-PLUS"));
}

bool
auth_advertise(const struct session *s, struct str *words)
{
	const char *name;
	size_t i = 0;

	for (; (name = auth_mechanism(
		    i, s->tls, s->local, has_certificate(s))) != NULL;
	     i++)
		if (words != NULL && !is_bound(span_text(name)))
			str_addf(words, " %s", name);
	return i > 0 && s->user.len == 0;
}

static void
auth_log(struct session *s, struct span mechanism, enum verdict verdict)
{
	struct logline l;

	log_start(&l, "auth");
	log_peer(&l);
	log_span(&l, "mechanism", span_head(mechanism, 32));
	if (s->user.len > 0)
		log_span(&l, "user", str_span(&s->user));
	log_number(&l, "verdict", verdict);
	log_write(&l);
}

/* Send a challenge, read what the client says to it. False: it said nothing
 * that authd could use; the reply has been given, or the session is over. */
static bool
challenge(struct session *s, struct auth *a, struct span *line_r)
{
	io_putf(&s->io, "334 %s\r\n", a->data.at);
	session_wait(s);
	switch (io_line(&s->io, AUTH_DATA_MAX, line_r)) {
	case IO_OK:
		if (!span_equal(*line_r, SPAN("*")))
			return true;
		reply(s, 501, "5.7.0", "Cancelled");
		break;
	case IO_LONG:
		reply(s, 500, "5.5.6", "Response too long");
		break;
	case IO_BARE:
		reply(s, 500, "5.5.2", "A line ends in CR LF");
		break;
	case IO_TIMEOUT:
		session_close(s, "4.4.2", "No response for too long");
		break;
	case IO_EOF:
		s->ended = true;
		break;
	}
	auth_cancel(a);
	return false;
}

static void
failure(struct session *s, const struct auth *a)
{
	switch (a->code) {
	case AUTH_CREDENTIALS:
		reply(s, 535, "5.7.8", "Name or password is wrong");
		break;
	case AUTH_DISABLED:
		reply(s, 535, "5.7.13", "The account may not log in");
		break;
	case AUTH_UNAVAILABLE:
		reply(s, 454, "4.7.0", "Can't be checked now");
		break;
	case AUTH_BUSY:
		reply(s, 454, "4.7.0", "Too many attempts; later");
		break;
	case AUTH_MALFORMED:
		reply(s, 501, "5.5.2", "Not what the mechanism says");
		break;
	case AUTH_MECHANISM:
		reply(s, 504, "5.5.4", "No such mechanism here");
		break;
	case AUTH_PLAINTEXT:
		reply(s, 538, "5.7.11", "Only with TLS");
		break;
	case AUTH_CANCELLED:
		reply(s, 501, "5.7.0", "Cancelled");
		break;
	}
}

static bool
dialogue(struct session *s, struct auth *a, const struct auth_request *request)
{
	enum auth_result r;
	struct span line;

	if (auth_open(a) < 0) {
		failure(s, a);
		return false;
	}
	r = auth_start(a, request);
	while (r == AUTH_MORE) {
		if (!challenge(s, a, &line))
			return false;
		r = auth_continue(a, line);
	}
	if (r == AUTH_FAIL)
		failure(s, a);
	return r == AUTH_OK;
}

void
auth_run(struct session *s, struct span argument)
{
	struct span mechanism = span_head(argument, span_find(argument, ' '));
	struct span initial = span_trim(span_from(argument, mechanism.len));
	struct str first = STR_INIT, name = STR_INIT;
	struct auth a;
	bool ok;

	if (s->user.len > 0) {
		reply(s, 503, "5.5.1", "Logged in already");
		return;
	}
	if (mechanism.len == 0) {
		reply(s, 501, "5.5.4", "AUTH mechanism");
		return;
	}
	/* The line is gone once the next one is read. */
	str_set(&name, mechanism);
	str_set(&first, span_equal(initial, SPAN("=")) ? SPAN("") : initial);
	ok = dialogue(s, &a,
	    &(struct auth_request){ .mechanism = str_span(&name),
		.service = fact("SERVICE"),
		.ip = fact("TCPREMOTEIP"),
		.local = s->local,
		.tls = str_span(&s->tls_facts.protocol),
		/* Not offered, so "y" ("you have no binding") is true. */
		.binding = is_bound(mechanism) ? str_span(&s->tls_facts.binding)
					       : SPAN(""),
		.cert = str_span(&s->tls_facts.cert),
		.has_initial = initial.len > 0,
		.initial = str_span(&first) });
	if (ok) {
		str_set(&s->user, str_span(&a.user));
		s->trusted = true;
		s->errors = 0;
		reply(s, 235, "2.7.0", "Welcome");
	}
	auth_log(s, str_span(&name), ok ? DONE : NOPERM);
	auth_close(&a);
	str_wipe(&first);
	str_free(&name);
}
