/* AUTH (RFC 4954): relays the dialogue between the client and authd, which
 * alone authenticates. */
#include "net/auth.h"

#include "base/die.h"
#include "base/log.h"
#include "command.h"
#include "os/sock.h"
#include "reply.h"

static bool
has_certificate(const struct session *s)
{
	return s->tls_facts.cert.len > 0;
}

/* RFC 5802 6: a mechanism bound to the TLS channel. It is accepted but not
 * offered: clients built on gsasl (mutt, msmtp) would choose it, support only
 * other bindings, and give up. */
static bool
is_bound(struct span mechanism)
{
	return span_ends_case(mechanism, SPAN("-PLUS"));
}

bool
auth_offered(const struct session *s, struct str *parameters)
{
	const char *name;
	size_t i = 0;

	for (; (name = auth_mechanism(
		    i, s->tls, s->local, has_certificate(s))) != NULL;
	     i++)
		if (parameters != NULL && !is_bound(span_text(name)))
			str_addf(parameters, " %s", name);
	return i > 0 && s->user.len == 0;
}

static void
auth_log(struct session *s, struct span mechanism, const char *result)
{
	struct logline l;

	log_start(&l, "auth");
	log_peer(&l);
	log_span(&l, "mech", span_head(mechanism, 32));
	if (s->user.len > 0)
		log_span(&l, "user", str_span(&s->user));
	log_span(&l, "tls",
	    s->tls ? str_span(&s->tls_facts.protocol) : SPAN("none"));
	log_text(&l, "result", result);
	log_write(&l);
}

/* Send a challenge and read the client's response. False: no usable response;
 * the reply was sent, or the session is over. */
static bool
challenge(struct session *s, struct auth *a, struct span *line_r)
{
	io_putf(&s->io, "334 %s\r\n", a->data.at);
	reply_wait(s);
	switch (io_line(&s->io, AUTH_DATA_MAX, line_r)) {
	case IO_OK:
		if (!span_equal(*line_r, SPAN("*")))
			return true;
		refuse(s, "auth", 501, "5.7.0", "Cancelled");
		break;
	case IO_LONG:
		refuse(s, "syntax", 500, "5.5.6", "Response too long");
		break;
	case IO_BARE:
		refuse(s, "syntax", 500, "5.5.2", "Lines must end with CR LF");
		break;
	case IO_TIMEOUT:
		reply_late(s, "Timeout waiting for a response");
		break;
	case IO_EOF:
		s->ended = true;
		break;
	}
	auth_cancel(a);
	a->code = AUTH_CANCELLED;
	return false;
}

static void
failure(struct session *s, const struct auth *a)
{
	switch (a->code) {
	case AUTH_CREDENTIALS:
		refuse(s, "auth", 535, "5.7.8", "Wrong user name or password");
		break;
	case AUTH_DISABLED:
		refuse(s, "auth", 535, "5.7.13", "The account is disabled");
		break;
	case AUTH_UNAVAILABLE:
		refuse(s, "auth", 454, "4.7.0",
		    "Authentication is temporarily unavailable");
		break;
	case AUTH_BUSY:
		refuse(s, "auth", 454, "4.7.0",
		    "Too many attempts; try again later");
		break;
	case AUTH_MALFORMED:
		refuse(s, "auth", 501, "5.5.2", "Malformed response");
		break;
	case AUTH_MECHANISM:
		refuse(s, "auth", 504, "5.5.4", "Mechanism not available");
		break;
	case AUTH_PLAINTEXT:
		refuse(s, "tls", 538, "5.7.11", "TLS is required");
		break;
	case AUTH_CANCELLED:
		refuse(s, "auth", 501, "5.7.0", "Cancelled");
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

static void
login_begin(struct session *s, const struct auth *a)
{
	str_set(&s->user, str_span(&a->user));
	s->trusted = true;
	grant_open(
	    &s->grant, s->server->etc, str_span(&a->user), str_span(&a->login));
	s->io.pulse = grant_holds;
	s->io.pulse_arg = &s->grant;
	s->io.pulse_ms = GRANT_MS;
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
		refuse(s, "order", 503, "5.5.1", "Already authenticated");
		return;
	}
	if (mechanism.len == 0) {
		refuse(s, "syntax", 501, "5.5.4", "AUTH needs a mechanism");
		return;
	}
	/* The next line overwrites this one. */
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
		login_begin(s, &a);
		s->errors = 0;
		reply(s, 235, "2.7.0", "Authentication succeeded");
	}
	auth_log(s, str_span(&name), ok ? "ok" : auth_code_text(a.code));
	auth_close(&a);
	str_wipe(&first);
	str_free(&name);
}
