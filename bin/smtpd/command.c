/* The commands: which there are, where and when they may be given, and what
 * EHLO says of them. */
#include "session.h"

enum { COMMAND_MAX = 2048 }; /* bytes; RFC 5321 4.5.3.1.4 asks for 512 */

struct command {
	const char *name;
	void (*run)(struct session *s, struct span argument);
	unsigned in;       /* states */
	unsigned services; /* 0: all */
	bool idle;         /* without effect on a message: counted */
	const char *advertise;
	/* Instead: writes the keyword's parameters; false: not offered. */
	bool (*offered)(const struct session *s);
};

static void
noop_run(struct session *s, struct span argument)
{
	(void)argument;
	reply(s, 250, "2.0.0", "OK");
}

static void
rset_run(struct session *s, struct span argument)
{
	(void)argument;
	session_reset(s);
	reply(s, 250, "2.0.0", "OK");
}

/* RFC 5321 7.3: the answer is the same whoever is asked for. */
static void
vrfy_run(struct session *s, struct span argument)
{
	if (argument.len == 0)
		reply(s, 501, "5.5.4", "VRFY whom?");
	else
		reply(s, 252, "2.5.2", "Send some mail, and I will try");
}

static void
expn_run(struct session *s, struct span argument)
{
	(void)argument;
	reply(s, 502, "5.5.1", "EXPN is not here");
}

static void
help_run(struct session *s, struct span argument)
{
	(void)argument;
	command_help(s);
}

static void
quit_run(struct session *s, struct span argument)
{
	(void)argument;
	reply(s, 221, "2.0.0", "Bye");
	s->ended = true;
}

static bool
auth_offered(const struct session *s)
{
	return auth_advertise(s, NULL);
}

enum {
	ANY = START | READY | MAIL | RCPT | BDAT,
	SMTP = MX | SUBMISSION | SUBMISSIONS | LOCAL,
	LOGIN = SUBMISSION | SUBMISSIONS,
	CLEAR = MX | SUBMISSION | LMTP,
};

static const struct command commands[] = {
	{ "EHLO", hello_ehlo, ANY, SMTP, true, NULL, NULL },
	{ "HELO", hello_helo, ANY, SMTP, true, NULL, NULL },
	{ "LHLO", hello_ehlo, ANY, LMTP, true, NULL, NULL },
	{ "MAIL", mail_run, READY, 0, false, NULL, NULL },
	{ "RCPT", rcpt_run, MAIL | RCPT, 0, false, NULL, NULL },
	{ "DATA", data_run, RCPT, 0, false, NULL, NULL },
	{ "BDAT", bdat_run, ANY, 0, false, "CHUNKING", NULL },
	{ "RSET", rset_run, ANY, 0, true, NULL, NULL },
	{ "NOOP", noop_run, ANY, 0, true, NULL, NULL },
	{ "QUIT", quit_run, ANY, 0, false, NULL, NULL },
	{ "STARTTLS", starttls_run, START | READY | MAIL | RCPT, CLEAR, true,
	    "STARTTLS", starttls_offered },
	{ "AUTH", auth_run, READY, LOGIN, false, "AUTH", auth_offered },
	{ "VRFY", vrfy_run, ANY, 0, true, "VRFY", NULL },
	{ "EXPN", expn_run, ANY, 0, true, NULL, NULL },
	{ "HELP", help_run, ANY, 0, true, "HELP", NULL },
};

static const struct command *
command_find(const struct session *s, struct span name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (span_equal_case(name, span_text(commands[i].name)) &&
		    (commands[i].services == 0 ||
			(commands[i].services & s->service)))
			return &commands[i];
	return NULL;
}

static bool
is_offered(const struct session *s, const char *name)
{
	const struct command *c = command_find(s, span_text(name));

	return c != NULL && (c->offered == NULL || c->offered(s));
}

void
command_advertise(const struct session *s, struct str *keywords)
{
	for (size_t i = 0; i < COUNT(commands); i++) {
		if (commands[i].advertise == NULL ||
		    !is_offered(s, commands[i].name))
			continue;
		str_add_text(keywords, commands[i].advertise);
		if (commands[i].run == auth_run)
			auth_advertise(s, keywords);
		str_add_byte(keywords, '\n');
	}
}

void
command_help(struct session *s)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < COUNT(commands); i++)
		if (is_offered(s, commands[i].name))
			str_addf(&text, " %s", commands[i].name);
	reply(s, 214, "2.0.0", "Commands:%s; see RFC 5321", text.at);
	str_free(&text);
}

/* A browser that was made to speak to us: end it before it says more. */
static bool
is_http(struct span name)
{
	static const char *const verbs[] = { "GET", "POST", "PUT", "HEAD",
		"OPTIONS", "DELETE", "CONNECT", "TRACE", "PATCH" };

	for (size_t i = 0; i < COUNT(verbs); i++)
		if (span_equal(name, span_text(verbs[i])))
			return true;
	return false;
}

static const char *
wrong_order(const struct session *s)
{
	switch (s->state) {
	case START:
		return s->service == LMTP ? "LHLO first" : "EHLO first";
	case READY:
		return "MAIL first";
	case MAIL:
		return "A recipient first";
	case RCPT:
		return "Not during a message";
	case BDAT:
		return "BDAT or RSET";
	}
	return "";
}

void
command_run(struct session *s, struct span line)
{
	struct span name = span_head(line, span_find(line, ' '));
	struct span argument = span_trim(span_from(line, name.len));
	const struct command *c = command_find(s, name);

	if (span_find(line, '\0') < line.len)
		reply(s, 500, "5.5.2", "NUL in a command");
	else if (is_http(name))
		session_close(s, "4.7.0", "This is not HTTP");
	else if (c == NULL)
		reply(s, 502, "5.5.1", "No such command here");
	else if (line.len > COMMAND_MAX && c->run != auth_run)
		reply(s, 500, "5.5.2", "Line too long");
	else if (!(c->in & s->state))
		reply(s, 503, "5.5.1", "%s", wrong_order(s));
	else
		c->run(s, argument);
	if (c == NULL || c->idle)
		s->idle++;
}
