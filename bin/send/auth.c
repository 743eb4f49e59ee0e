/* RFC 4954: log in at a smarthost, as the route says. */
#include <sys/random.h>

#include "base/encode.h"
#include "scram.h"
#include "sender.h"

enum { NONCE_BYTES = 18 };

struct login {
	struct sender *s;
	struct conn *c;
	struct arena *a;
	struct result *r;
	struct span user, password;
};

/* How a mechanism ended. */
enum ending {
	TAKEN,
	REFUSED, /* by the host: try another mechanism */
	UNKNOWN, /* refused at once, before its first message */
	BROKEN,  /* give up on this host; r has the reason */
};

/* Clear-text passwords need TLS or a local host. */
static bool
is_private(const struct conn *c)
{
	return c->wire != NULL || span_starts(span_text(c->ip), SPAN("127.")) ||
	    span_equal(span_text(c->ip), SPAN("::1")) || c->ip[0] == '\0';
}

static enum ending
refused(struct login *l, bool begun)
{
	result_reply(l->r, l->a, &l->c->reply, STAGE_AUTH);
	/* Temporary: the password may be corrected in time. */
	result_soften(l->r);
	conn_name(l->c, l->a, l->r);
	return l->c->ending ? BROKEN : begun ? REFUSED : UNKNOWN;
}

static enum ending
broken(struct login *l, const char *text)
{
	result_set(l->r, l->a, TEMP, "4.7.8", "%s", text);
	conn_name(l->c, l->a, l->r);
	return BROKEN;
}

/* Send a line that may contain a secret, and read the reply. */
static bool
say(struct login *l, const char *verb, struct str *secret)
{
	bool answered = conn_command(
	    l->c, l->s->patience.reply, l->a, l->r, "%s%s", verb, secret->at);

	str_wipe(secret);
	return answered;
}

/* RFC 4616. */
static enum ending
plain(struct login *l)
{
	struct str secret = STR_INIT, text = STR_INIT;

	str_add_byte(&secret, '\0');
	str_add(&secret, l->user);
	str_add_byte(&secret, '\0');
	str_add(&secret, l->password);
	base64_encode(&text, str_span(&secret));
	str_wipe(&secret);
	if (!say(l, "AUTH PLAIN ", &text))
		return BROKEN;
	return l->c->reply.code == 235 ? TAKEN : refused(l, true);
}

/* AUTH LOGIN: the user name and the password, each asked for. */
static enum ending
auth_login(struct login *l)
{
	const struct span answers[] = { l->user, l->password };
	struct str text = STR_INIT;

	if (!say(l, "AUTH LOGIN", &text))
		return BROKEN;
	for (size_t i = 0; i < COUNT(answers); i++) {
		if (l->c->reply.code != 334)
			return refused(l, true);
		base64_encode(&text, answers[i]);
		if (!say(l, "", &text))
			return BROKEN;
	}
	return l->c->reply.code == 235 ? TAKEN : refused(l, true);
}

/* RFC 4954 4: "*" ends the exchange. The host's reply does not matter, since
 * its last message was invalid. */
static enum ending
scram_cancel(struct login *l, struct scram *s)
{
	conn_command(l->c, l->s->patience.reply, l->a, NULL, "*");
	return broken(l, s->why.at);
}

/* The exchange after client-first-message. */
static enum ending
scram_talk(struct login *l, struct scram *s)
{
	const struct reply *reply = &l->c->reply;
	struct str text = STR_INIT;

	if (reply->code != 334)
		return refused(l, false);
	if (!scram_answer(s, str_span(&reply->lines), l->password, &text))
		return scram_cancel(l, s);
	if (!say(l, "", &text))
		return BROKEN;
	/* RFC 5802 5.1: a host that can't prove that it knows the password is
	 * not trusted, even if it accepts the login. */
	if (reply->code == 235)
		return broken(l,
		    "the host takes the login, but does not show "
		    "that it knows the password");
	if (reply->code != 334)
		return refused(l, true);
	if (!scram_verify(s, str_span(&reply->lines)))
		return scram_cancel(l, s);
	if (!say(l, "", &text))
		return BROKEN;
	return reply->code == 235 ? TAKEN : refused(l, true);
}

static enum ending
scram(struct login *l, enum scram_binding binding, struct span channel)
{
	char random[NONCE_BYTES];
	struct str nonce = STR_INIT, first = STR_INIT;
	struct scram s;
	enum ending e = BROKEN;

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return broken(l, "no random numbers");
	base64_encode(&nonce, (struct span){ random, sizeof random });
	scram_begin(&s, l->user, str_span(&nonce), binding, channel, &first);
	str_free(&nonce);
	if (say(l,
		binding == SCRAM_BOUND ? "AUTH SCRAM-SHA-256-PLUS "
				       : "AUTH SCRAM-SHA-256 ",
		&first))
		e = scram_talk(l, &s);
	scram_free(&s);
	return e;
}

/* RFC 5802 6: with channel binding if the host offers it. If it refuses at once
 * it may know only other bindings: retry without. */
static enum ending
scram_any(struct login *l)
{
	bool offered = (l->c->can & CAN_AUTH_SCRAM_PLUS) != 0;
	struct str channel = STR_INIT;
	bool bound = l->c->wire != NULL &&
	    tls_wire_exporter(l->c->wire, &channel);
	enum ending e = UNKNOWN;

	if (bound && offered)
		e = scram(l, SCRAM_BOUND, str_span(&channel));
	str_wipe(&channel);
	if (e == UNKNOWN && (l->c->can & CAN_AUTH_SCRAM) != 0)
		e = scram(l,
		    bound && !offered ? SCRAM_UNOFFERED : SCRAM_UNBOUND,
		    SPAN(""));
	return e;
}

/* The best mechanism first. A host may offer SCRAM without having keys for this
 * account. Falling back to the plain password adds no risk, as a host could
 * offer only that anyway. */
static bool
login_run(struct login *l)
{
	unsigned can = l->c->can;
	enum ending e = UNKNOWN;
	struct result before;

	if ((can & (CAN_AUTH_SCRAM | CAN_AUTH_SCRAM_PLUS)) != 0)
		e = scram_any(l);
	before = *l->r;
	if (e == TAKEN || e == BROKEN)
		return e == TAKEN;
	if ((can & CAN_AUTH_PLAIN) != 0)
		e = plain(l);
	else if ((can & CAN_AUTH_LOGIN) != 0)
		e = auth_login(l);
	else if (!before.set)
		e = broken(l,
		    "the host offers none of AUTH SCRAM-SHA-256, PLAIN and "
		    "LOGIN");
	/* Prefer the refusal's reason to a hang-up after it. */
	if (e != TAKEN && before.set && !l->r->reply)
		*l->r = before;
	return e == TAKEN;
}

bool
auth_run(struct sender *s, const struct route *route, struct arena *a,
    struct result *r)
{
	struct login l = {
		.s = s, .c = &s->conn, .a = a, .r = r, .user = route->user
	};

	if (!is_private(l.c)) {
		broken(&l,
		    "the login is not sent without TLS: write tls=verify in "
		    "the host's line of routes, or leave out user=");
		return false;
	}
	if (!route_auth_find(
		s->auths, str_span(&l.c->host), route->user, &l.password)) {
		broken(&l, "routes.auth has no password for the route's user=");
		return false;
	}
	return login_run(&l);
}
