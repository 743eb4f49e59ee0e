/* IMAP before login (RFC 3501 6.1 and 6.2). */
#include <string.h>

#include "base/encode.h"
#include "imap_parse.h"
#include "login.h"

struct command {
	struct str
	    text; /* with its literals, each line but the last with CRLF */
	struct span tag, rest;
};

enum when {
	ALWAYS,
	WITHOUT_TLS, /* and with a tlsd to ask */
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
	{ "CAPABILITY", cmd_capability, ALWAYS, "IMAP4rev1 LITERAL+" },
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
	return v->when == ALWAYS || f->tls_possible;
}

static void
capabilities(const struct front *f, struct str *out)
{
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (verbs[i].advertise != NULL && available(f, &verbs[i]))
			str_addf(out, "%s%s", out->len > 0 ? " " : "",
			    verbs[i].advertise);
	front_mechanisms(f, out, " AUTH=");
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

static bool
no_arguments(struct front *f, struct command *c)
{
	if (span_trim(c->rest).len == 0)
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
	/* RFC 2971 3.1. What the client says of itself is not used. */
	f->idle++;
	io_put_text(&f->io, "* ID (\"name\" \"chainmail\")\r\n");
	tagged(f, c, "OK Done");
}

static void
cmd_starttls(struct front *f, struct command *c)
{
	if (!f->tls_possible) {
		bad(f, c, f->tls ? "TLS is on already" : "No TLS here");
		return;
	}
	if (!no_arguments(f, c))
		return;
	/* RFC 3501 6.2.1, RFC 9051 11.1: what was pipelined behind it, perhaps
	 * by somebody in between, is not part of the session under TLS. */
	io_discard(&f->io);
	tagged(f, c, "OK Begin TLS");
	front_tls(f);
}

/* What the client is told (RFC 5530 3). */
static void
refuse(struct front *f, const struct command *c, enum auth_code code)
{
	if (f->done)
		return;
	switch (code) {
	case AUTH_CREDENTIALS:
		tagged(
		    f, c, "NO [AUTHENTICATIONFAILED] Wrong name or password");
		return;
	case AUTH_UNAVAILABLE:
	case AUTH_BUSY:
		tagged(f, c, "NO [UNAVAILABLE] Not now, try later");
		return;
	case AUTH_MALFORMED:
		bad(f, c, "Malformed response");
		return;
	case AUTH_MECHANISM:
		tagged(f, c, "NO No such mechanism here");
		return;
	case AUTH_PLAINTEXT:
		tagged(f, c, "NO [PRIVACYREQUIRED] Only under TLS");
		return;
	case AUTH_DISABLED:
		tagged(f, c, "NO [CONTACTADMIN] The account is closed");
		return;
	case AUTH_CANCELLED:
		/* RFC 3501 6.2.2 */
		bad(f, c, "Cancelled");
		return;
	}
}

/* The name in the initial response of PLAIN, for the log. */
static void
plain_name(struct span initial, struct str *name_r)
{
	struct str text = STR_INIT;
	struct span rest, zid, name;

	if (base64_decode(&text, initial)) {
		rest = str_span(&text);
		if (span_until(&rest, '\0', &zid) && span_take(&rest, '\0') &&
		    span_until(&rest, '\0', &name))
			str_set(name_r, name);
	}
	str_wipe(&text);
}

static void
cmd_authenticate(struct front *f, struct command *c)
{
	struct attempt a = { .tag = c->tag };
	struct str name = STR_INIT;

	if (!imap_atom(&c->rest, &a.mechanism) ||
	    (c->rest.len > 0 && !span_take(&c->rest, ' '))) {
		bad(f, c, "AUTHENTICATE needs a mechanism");
		return;
	}
	/* RFC 4959 3: "=" is a response of no bytes. */
	if (c->rest.len > 0)
		a.initial = c->rest;
	if (span_equal(a.initial, SPAN("=")))
		a.initial.len = 0;
	if (c->rest.len > 0 && span_equal_case(a.mechanism, SPAN("PLAIN")))
		plain_name(a.initial, &name);
	a.name = str_span(&name);
	refuse(f, c, front_authenticate(f, &a));
	str_free(&name);
}

static void
cmd_login(struct front *f, struct command *c)
{
	struct str name = STR_INIT, password = STR_INIT;

	if (!front_is_private(f)) {
		f->errors++;
		tagged(f, c, "NO [PRIVACYREQUIRED] Only under TLS");
	} else if (!imap_astring(&c->rest, &name) ||
	    !span_take(&c->rest, ' ') || !imap_astring(&c->rest, &password) ||
	    c->rest.len > 0) {
		bad(f, c, "LOGIN needs a name and a password");
	} else {
		refuse(f, c,
		    front_password(
			f, c->tag, str_span(&name), str_span(&password)));
	}
	str_free(&name);
	str_wipe(&password);
}

static bool
literal_read(struct front *f, struct command *c, uint64_t size)
{
	while (size > 0) {
		struct span bytes;

		switch (io_some(&f->io, (size_t)size, &bytes)) {
		case IO_OK:
			break;
		case IO_TIMEOUT:
			front_end(f, "Too slow");
			return false;
		case IO_EOF:
		case IO_LONG:
		case IO_BARE:
			f->done = true;
			return false;
		}
		str_add(&c->text, bytes);
		size -= bytes.len;
	}
	return true;
}

/* Read a command with its literals into text; false when there is none to
 * run. */
static bool
command_read(struct front *f, struct command *c)
{
	struct span line;
	uint64_t size;
	bool waits;

	for (;;) {
		if (!front_line(f, LINE_MAX_LOGIN, &line))
			return false;
		str_add(&c->text, line);
		if (!imap_literal(line, &size, &waits))
			return true;
		if (size > LITERAL_MAX_LOGIN ||
		    c->text.len + size > COMMAND_MAX) {
			/* RFC 7888 4: one that is not waited for can only be
			 * read and dropped, or end the session: never taken
			 * for commands. */
			front_end(f, "[TOOBIG] The literal is too long");
			return false;
		}
		str_add_text(&c->text, "\r\n");
		if (waits)
			io_put_text(&f->io, "+ go on\r\n");
		if (!literal_read(f, c, size))
			return false;
	}
}

static void
command_run(struct front *f, struct command *c)
{
	struct span verb;

	c->rest = str_span(&c->text);
	if (!imap_tag(&c->rest, TAG_MAX, &c->tag)) {
		f->errors++;
		io_put_text(&f->io, "* BAD A command begins with a tag\r\n");
		return;
	}
	if (!imap_atom(&c->rest, &verb) ||
	    (c->rest.len > 0 && !span_take(&c->rest, ' '))) {
		bad(f, c, "What?");
		return;
	}
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (span_equal_case(verb, span_text(verbs[i].name))) {
			verbs[i].run(f, c);
			return;
		}
	bad(f, c, "Not before login");
}

void
imap_command(struct front *f)
{
	struct command c = { .text = STR_INIT };

	if (command_read(f, &c)) {
		if (front_is_http(str_span(&c.text)))
			front_end(f, "This is no web server");
		else
			command_run(f, &c);
	}
	str_wipe(&c.text);
}
