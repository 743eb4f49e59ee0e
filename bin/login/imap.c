/* IMAP before login (RFC 3501 6.1 and 6.2). */
#include <string.h>

#include "attempt.h"
#include "imap/parse.h"
#include "net/http.h"
#include "session.h"

struct command {
	struct arena arena; /* wiped after each command: it holds passwords */
	struct parser parser;
	struct span tag;
};

enum when {
	ALWAYS,
	WITHOUT_TLS, /* and with tlsd available */
};

struct verb {
	const char *name;
	void (*run)(struct front *f, struct command *c);
	enum when when;
	const char *advertise; /* in CAPABILITY */
};

static void cmd_authenticate(struct front *f, struct command *c);
static void cmd_capability(struct front *f, struct command *c);
static void cmd_id(struct front *f, struct command *c);
static void cmd_login(struct front *f, struct command *c);
static void cmd_logout(struct front *f, struct command *c);
static void cmd_noop(struct front *f, struct command *c);
static void cmd_starttls(struct front *f, struct command *c);

static const struct verb verbs[] = {
	{ "CAPABILITY", cmd_capability, ALWAYS, "IMAP4rev1 LITERAL+ LITERAL-" },
	{ "NOOP", cmd_noop, ALWAYS, NULL },
	{ "LOGOUT", cmd_logout, ALWAYS, NULL },
	{ "ID", cmd_id, ALWAYS, "ID" },
	{ "STARTTLS", cmd_starttls, WITHOUT_TLS, "STARTTLS" },
	{ "AUTHENTICATE", cmd_authenticate, ALWAYS, "SASL-IR" },
	{ "LOGIN", cmd_login, ALWAYS, NULL },
};

static bool
available(const struct front *f, const struct verb *v)
{
	if (v->run == cmd_id && !offer_has(&f->offer, SPAN("ID")))
		return false;
	return v->when == ALWAYS || f->tls_possible;
}

/* Those of them that are offered. */
static void
words_add(const struct front *f, struct str *out, const char *words)
{
	struct span rest = span_text(words), word;

	while ((word = span_word(&rest)).len > 0) {
		if (!offer_has(&f->offer, word) ||
		    (span_equal(word, SPAN("LITERAL-")) &&
			offer_has(&f->offer, SPAN("LITERAL+"))))
			continue;
		if (out->len > 0)
			str_add_byte(out, ' ');
		str_add(out, word);
	}
}

static void
capabilities(const struct front *f, struct str *out)
{
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (verbs[i].advertise != NULL && available(f, &verbs[i]))
			words_add(f, out, verbs[i].advertise);
	attempt_mechanisms(f, out, " AUTH=");
	/* RFC 3501 6.2.3 */
	if (!front_is_private(f))
		str_add_text(out, " LOGINDISABLED");
}

void
imap_greet(struct front *f)
{
	struct str list = STR_INIT;

	capabilities(f, &list);
	io_putf(&f->io, "* OK [CAPABILITY %s] chainmail ready\r\n", list.at);
	str_free(&list);
}

__attribute__((format(printf, 3, 4))) static void
tagged(struct front *f, const struct command *c, const char *format, ...)
{
	struct str line = STR_INIT;
	va_list ap;

	str_add(&line, c->tag);
	str_add_byte(&line, ' ');
	va_start(ap, format);
	str_add_format(&line, format, ap);
	va_end(ap);
	str_add_text(&line, "\r\n");
	io_put(&f->io, str_span(&line));
	str_free(&line);
}

static void
bad(struct front *f, const struct command *c, const char *text)
{
	f->errors++;
	tagged(f, c, "BAD %s", text);
}

/* The command could not be read. */
static void
refuse_syntax(struct front *f, const struct command *c, const char *text)
{
	if (c->parser.too_big)
		bad(f, c, "[TOOBIG] Exceeds a limit of this server");
	else if (c->parser.end == IO_OK)
		bad(f, c, text);
}

static bool
no_arguments(struct front *f, struct command *c)
{
	if (parse_end(&c->parser))
		return true;
	bad(f, c, "This command takes no arguments");
	return false;
}

static void
cmd_capability(struct front *f, struct command *c)
{
	struct str list = STR_INIT;

	if (!no_arguments(f, c))
		return;
	f->idle++;
	capabilities(f, &list);
	io_putf(&f->io, "* CAPABILITY %s\r\n", list.at);
	str_free(&list);
	tagged(f, c, "OK Done");
}

static void
cmd_noop(struct front *f, struct command *c)
{
	f->idle++;
	tagged(f, c, "OK Done");
}

static void
cmd_logout(struct front *f, struct command *c)
{
	io_put_text(&f->io, "* BYE Goodbye\r\n");
	tagged(f, c, "OK Done");
	f->done = true;
}

static void
cmd_id(struct front *f, struct command *c)
{
	struct parser *p = &c->parser;

	f->idle++;
	if (!parse_space(p) || !parse_id(p) || !parse_end(p)) {
		refuse_syntax(f, c, "ID needs NIL or a list of pairs");
		return;
	}
	/* RFC 2971 3.1. What the client says of itself is not used. */
	io_put_text(&f->io, "* ID (\"name\" \"chainmail\")\r\n");
	tagged(f, c, "OK Done");
}

static void
cmd_starttls(struct front *f, struct command *c)
{
	if (!f->tls_possible) {
		bad(f, c,
		    f->tls ? "TLS is already active" : "TLS is not available");
		return;
	}
	if (!no_arguments(f, c))
		return;
	/* RFC 3501 6.2.1, RFC 9051 11.1: input pipelined after it, perhaps
	 * injected, is not part of the TLS session. */
	io_discard(&f->io);
	tagged(f, c, "OK Begin TLS");
	front_tls(f);
}

/* The reply to the client (RFC 5530 3). */
static void
refuse(struct front *f, const struct command *c, enum auth_code code)
{
	if (f->done)
		return;
	switch (code) {
	case AUTH_CREDENTIALS:
		tagged(f, c,
		    "NO [AUTHENTICATIONFAILED] Wrong user name or password");
		return;
	case AUTH_UNAVAILABLE:
	case AUTH_BUSY:
		tagged(f, c,
		    "NO [UNAVAILABLE] Temporarily unavailable, try again "
		    "later");
		return;
	case AUTH_MALFORMED:
		bad(f, c, "Malformed response");
		return;
	case AUTH_MECHANISM:
		tagged(f, c, "NO Mechanism not available");
		return;
	case AUTH_PLAINTEXT:
		tagged(f, c, "NO [PRIVACYREQUIRED] TLS is required");
		return;
	case AUTH_DISABLED:
		tagged(f, c, "NO [CONTACTADMIN] The account is disabled");
		return;
	case AUTH_CANCELLED:
		/* RFC 3501 6.2.2 */
		bad(f, c, "Cancelled");
		return;
	}
}

/* Get the name of a refused LOGIN, but not from a literal, since the password
 * would follow. */
static enum auth_code
login_in_clear(struct front *f, struct command *c)
{
	struct parser *p = &c->parser;
	struct span name;

	if (!parse_space(p) || p->rest.len == 0 || p->rest.at[0] == '{' ||
	    !parse_credential(p, &name))
		name = SPAN("");
	return attempt_in_clear(f, "LOGIN", name);
}

static void
cmd_authenticate(struct front *f, struct command *c)
{
	struct parser *p = &c->parser;
	struct attempt a = { .tag = c->tag };
	struct str name = STR_INIT;

	if (!parse_space(p) || !parse_atom(p, &a.mechanism) ||
	    (p->rest.len > 0 && !parse_space(p))) {
		bad(f, c, "AUTHENTICATE needs a mechanism");
		return;
	}
	if (p->rest.len > 0 && !offer_has(&f->offer, SPAN("SASL-IR"))) {
		bad(f, c, "AUTHENTICATE takes a mechanism alone");
		return;
	}
	/* RFC 4959 3: "=" is an empty response. */
	if (p->rest.len > 0)
		a.initial = p->rest;
	if (span_equal(a.initial, SPAN("=")))
		a.initial.len = 0;
	attempt_name(&a, &name);
	a.name = str_span(&name);
	refuse(f, c, attempt_run(f, &a));
	str_free(&name);
}

static void
cmd_login(struct front *f, struct command *c)
{
	struct parser *p = &c->parser;
	struct span name, password;

	if (!front_is_private(f)) {
		refuse(f, c, login_in_clear(f, c));
	} else if (!parse_space(p) || !parse_credential(p, &name) ||
	    !parse_space(p) || !parse_credential(p, &password) ||
	    !parse_end(p)) {
		refuse_syntax(f, c, "LOGIN needs a name and a password");
	} else {
		refuse(f, c, attempt_password(f, c->tag, name, password));
	}
}

static void
command_run(struct front *f, struct command *c)
{
	struct parser *p = &c->parser;
	struct span verb;

	if (p->end != IO_OK) {
		refuse_syntax(f, c, "");
		return;
	}
	if (!parse_name(p, &verb)) {
		bad(f, c, "Missing command");
		return;
	}
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (span_equal_case(verb, span_text(verbs[i].name)) &&
		    (verbs[i].run != cmd_id || available(f, &verbs[i]))) {
			verbs[i].run(f, c);
			return;
		}
	bad(f, c, "Not a command before login");
}

/* The client waits for the answer with its tag, so even an overlong line gets
 * one. */
static void
line_serve(struct front *f, struct command *c)
{
	struct parser *p = &c->parser;

	if (http_is_request(p->line)) {
		front_end(f, "This is not a web server");
		return;
	}
	if (parse_tag(p, &c->tag) && parse_space(p)) {
		command_run(f, c);
	} else {
		f->errors++;
		io_put_text(
		    &f->io, "* BAD A command must begin with a tag\r\n");
	}
	if (f->done)
		return;
	if (!parse_finish(p))
		front_end(f, "[TOOBIG] The literal is too long");
}

void
imap_command(struct front *f)
{
	struct parse_limits limits = {
		.literals = 100, /* ID may have 60 (RFC 2971 3.3) */
		.literal = 4096,
		.literal_bytes = PARSE_LINE_MAX,
		.drain = 4 * PARSE_LINE_MAX,
	};
	struct command c = { .arena = ARENA_INIT };
	enum io_result r;

	/* Literals have less than LITERAL- allows anyway. */
	if (!offer_has(&f->offer, SPAN("LITERAL+")) &&
	    !offer_has(&f->offer, SPAN("LITERAL-")))
		limits.unasked = 1;
	r = parse_start(&c.parser, &limits, &f->io, &c.arena);

	if (r == IO_OK || r == IO_LONG)
		line_serve(f, &c);
	/* The connection may also have ended inside the command. */
	r = c.parser.end;
	if (r == IO_EOF || r == IO_TIMEOUT || r == IO_BARE)
		front_no_line(f, r);
	arena_wipe(&c.arena);
}
