/* RFC 4954: log in at a smarthost, as the route says. */
#include "base/encode.h"
#include "sender.h"

/* Plain text is for TLS, or for this machine. */
static bool
is_private(const struct conn *c)
{
	return c->wire != NULL || span_starts(span_text(c->ip), SPAN("127.")) ||
	    span_equal(span_text(c->ip), SPAN("::1")) || c->ip[0] == '\0';
}

static bool
auth_failed(struct sender *s, struct arena *a, struct result *r)
{
	result_reply(r, a, &s->conn.reply, STAGE_AUTH);
	/* The password may be corrected before the message gets old. */
	result_soften(r);
	conn_name(&s->conn, a, r);
	return false;
}

static bool
auth_wrong(
    struct sender *s, struct arena *a, struct result *r, const char *text)
{
	result_set(r, a, TEMP, "4.7.8", "%s", text);
	conn_name(&s->conn, a, r);
	return false;
}

/* RFC 4616. */
static bool
auth_plain(struct sender *s, struct span user, struct span password,
    struct arena *a, struct result *r)
{
	struct str secret = STR_INIT, text = STR_INIT;
	bool answered;

	str_add_byte(&secret, '\0');
	str_add(&secret, user);
	str_add_byte(&secret, '\0');
	str_add(&secret, password);
	base64_encode(&text, str_span(&secret));
	answered = conn_command(
	    &s->conn, s->patience.reply, a, r, "AUTH PLAIN %s", text.at);
	str_wipe(&secret);
	str_wipe(&text);
	if (!answered)
		return false;
	return s->conn.reply.code == 235 || auth_failed(s, a, r);
}

/* The old one of Microsoft: two questions. */
static bool
auth_login(struct sender *s, struct span user, struct span password,
    struct arena *a, struct result *r)
{
	const struct span answers[] = { user, password };

	if (!conn_command(&s->conn, s->patience.reply, a, r, "AUTH LOGIN"))
		return false;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct str text = STR_INIT;
		bool answered;

		if (s->conn.reply.code != 334)
			return auth_failed(s, a, r);
		base64_encode(&text, answers[i]);
		answered = conn_command(
		    &s->conn, s->patience.reply, a, r, "%s", text.at);
		str_wipe(&text);
		if (!answered)
			return false;
	}
	return s->conn.reply.code == 235 || auth_failed(s, a, r);
}

bool
auth_run(struct sender *s, const struct route *route, struct arena *a,
    struct result *r)
{
	struct conn *c = &s->conn;
	struct span password;

	if (!is_private(c))
		return auth_wrong(s, a, r,
		    "the route has user=, but the connection is not encrypted");
	if (!route_auth_find(
		s->auths, str_span(&c->host), route->user, &password))
		return auth_wrong(s, a, r,
		    "routes.auth has no password for the route's user=");
	if ((c->can & CAN_AUTH_PLAIN) != 0)
		return auth_plain(s, route->user, password, a, r);
	if ((c->can & CAN_AUTH_LOGIN) != 0)
		return auth_login(s, route->user, password, a, r);
	return auth_wrong(
	    s, a, r, "the host offers neither AUTH PLAIN nor AUTH LOGIN");
}
