/* From the greeting to the first MAIL. */
#include "base/clock.h"
#include "sender.h"

static const struct {
	const char *keyword;
	unsigned can;
} keywords[] = {
	{ "PIPELINING", CAN_PIPELINING }, /* RFC 2920 */
	{ "SIZE", CAN_SIZE },             /* RFC 1870 */
	{ "8BITMIME", CAN_8BITMIME },     /* RFC 6152 */
	{ "SMTPUTF8", CAN_SMTPUTF8 },     /* RFC 6531 */
	{ "DSN", CAN_DSN },               /* RFC 3461 */
	{ "CHUNKING", CAN_CHUNKING },     /* RFC 3030 */
	{ "STARTTLS", CAN_STARTTLS },     /* RFC 3207 */
	{ "REQUIRETLS", CAN_REQUIRETLS }, /* RFC 8689 */
};
static const struct {
	const char *name;
	unsigned can;
} mechanisms[] = {
	{ "PLAIN", CAN_AUTH_PLAIN },
	{ "LOGIN", CAN_AUTH_LOGIN },
	{ "SCRAM-SHA-256", CAN_AUTH_SCRAM },
	{ "SCRAM-SHA-256-PLUS", CAN_AUTH_SCRAM_PLUS },
};

static void
mechanisms_note(struct conn *c, struct span rest)
{
	struct span name;

	while ((name = span_word(&rest)).len > 0)
		for (size_t i = 0; i < COUNT(mechanisms); i++)
			if (span_equal_case(
				name, span_text(mechanisms[i].name)))
				c->can |= mechanisms[i].can;
}

/* RFC 5321 4.1.1.1: the first line is the host's name, each other a keyword
 * with its parameters. */
static void
keywords_note(struct conn *c)
{
	struct span rest = str_span(&c->reply.lines), line;

	c->can = 0;
	c->size_limit = 0;
	reply_next(&rest, &line);
	while (reply_next(&rest, &line)) {
		struct span word;

		/* "AUTH=PLAIN", of before RFC 4954, is still sent. */
		if (span_take_case(&line, SPAN("AUTH=")))
			mechanisms_note(c, line);
		word = span_word(&line);
		if (span_equal_case(word, SPAN("AUTH")))
			mechanisms_note(c, line);
		for (size_t i = 0; i < COUNT(keywords); i++)
			if (span_equal_case(
				word, span_text(keywords[i].keyword)))
				c->can |= keywords[i].can;
		if (span_equal_case(word, SPAN("SIZE")))
			span_is_number(
			    span_word(&line), UINT64_MAX, &c->size_limit);
	}
}

/* A refusal by the whole host does not refuse the message (RFC 5321 4.3.2 makes
 * a 5xx greeting look like one): later, or another host. */
static void
refused(struct sender *s, enum stage stage, struct arena *a, struct result *r)
{
	result_reply(r, a, &s->conn.reply, stage);
	result_soften(r);
	r->busy = s->conn.reply.code == 421;
	conn_name(&s->conn, a, r);
}

static bool
ehlo(struct sender *s, struct arena *a, struct result *r)
{
	struct conn *c = &s->conn;
	int ms = s->patience.reply;

	if (!conn_command(
		c, ms, a, r, "%s %s", c->lmtp ? "LHLO" : "EHLO", s->me.at))
		return false;
	if (reply_class(&c->reply) == 2) {
		keywords_note(c);
		return true;
	}
	/* RFC 5321 3.2: an old host knows HELO. Some say 4xx to EHLO. */
	if (!c->lmtp && !c->ending && c->wire == NULL) {
		c->can = 0;
		if (!conn_command(c, ms, a, r, "HELO %s", s->me.at))
			return false;
		if (reply_class(&c->reply) == 2)
			return true;
	}
	refused(s, STAGE_HELLO, a, r);
	return false;
}

static bool
greeting(struct sender *s, struct arena *a, struct result *r)
{
	struct conn *c = &s->conn;

	if (!conn_reply(c, s->patience.reply, a, r))
		return false;
	if (c->reply.code == 220)
		return true;
	refused(s, STAGE_GREETING, a, r);
	return false;
}

/* TLS is required but unavailable: the rule decides the result. */
static bool
tls_missing(struct sender *s, struct arena *a, struct result *r)
{
	const struct tls_rule *rule = &s->conn.rule;

	result_set(r, a, rule->permanent ? DATA : TEMP,
	    rule->status != NULL ? rule->status : "4.7.10", "%s",
	    rule->text != NULL
		? rule->text
		: "the host does not offer STARTTLS, which is required");
	conn_name(&s->conn, a, r);
	return false;
}

/* RFC 3207 4: after a 220 all earlier state is discarded. */
static bool
tls_begin(struct sender *s, struct arena *a, struct result *r, bool *plain_r)
{
	struct conn *c = &s->conn;

	if (!conn_command(c, s->patience.reply, a, r, "STARTTLS"))
		return false;
	if (c->reply.code != 220) {
		if (c->rule.level == TLS_MAY && !c->ending)
			return true;
		refused(s, STAGE_TLS, a, r);
		return false;
	}
	if (!starttls_run(s, a, r)) {
		*plain_r = c->rule.level == TLS_MAY;
		return false;
	}
	return ehlo(s, a, r);
}

/* The report on a connection in plain text that should not have been. */
static void
plain_report(struct sender *s)
{
	struct conn *c = &s->conn;

	tls_rule_report(&c->rule, NULL,
	    &(struct tls_peer){ .host = str_span(&c->host),
		.ip = c->ip,
		.local = c->local,
		.at = clock_wall_s() },
	    &s->sessions);
}

bool
hello_run(struct sender *s, const struct route *route, bool no_tls,
    struct arena *a, struct result *r, bool *plain_r)
{
	struct conn *c = &s->conn;
	enum tls_level level = c->rule.level;
	bool tls = level == TLS_MUST || (level == TLS_MAY && !no_tls);

	*plain_r = false;
	if (level == TLS_WRAPPED && !starttls_run(s, a, r))
		return false;
	if (!greeting(s, a, r) || !ehlo(s, a, r))
		return false;
	if (tls && (c->can & CAN_STARTTLS) != 0 && !tls_begin(s, a, r, plain_r))
		return false;
	if (tls && c->wire == NULL)
		plain_report(s);
	if (level == TLS_MUST && c->wire == NULL)
		return tls_missing(s, a, r);
	/* RFC 8689 4.2.1: it must promise to pass the demand on. */
	if (c->rule.requiretls && (c->can & CAN_REQUIRETLS) == 0) {
		result_set(r, a, DATA, "5.7.30",
		    "the message demands REQUIRETLS, which the host does not "
		    "offer");
		conn_name(c, a, r);
		return false;
	}
	return route->user.len == 0 || auth_run(s, route, a, r);
}
