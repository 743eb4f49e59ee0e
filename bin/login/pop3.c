/* POP3 in the AUTHORIZATION state (RFC 1939 4). */
#include <string.h>

#include "attempt.h"
#include "net/http.h"
#include "session.h"

/* AUTH with its longest initial response. */
enum { LINE_MAX_POP3 = AUTH_DATA_MAX + 256 };

enum when {
	ALWAYS,
	WITHOUT_TLS, /* and with tlsd available */
	PRIVATE,     /* where a password can't be seen by others */
};

struct verb {
	const char *name;
	void (*run)(struct front *f, struct span rest);
	enum when when;
	const char *advertise; /* a line of CAPA */
};

static void cmd_auth(struct front *f, struct span rest);
static void cmd_capa(struct front *f, struct span rest);
static void cmd_lang(struct front *f, struct span rest);
static void cmd_pass(struct front *f, struct span rest);
static void cmd_quit(struct front *f, struct span rest);
static void cmd_stls(struct front *f, struct span rest);
static void cmd_user(struct front *f, struct span rest);
static void cmd_utf8(struct front *f, struct span rest);

static const struct verb verbs[] = {
	{ "CAPA", cmd_capa, ALWAYS, NULL },
	{ "STLS", cmd_stls, WITHOUT_TLS, "STLS" },
	{ "USER", cmd_user, PRIVATE, "USER" },
	{ "PASS", cmd_pass, PRIVATE, NULL },
	{ "AUTH", cmd_auth, ALWAYS, NULL }, /* SASL, with its mechanisms */
	{ "UTF8", cmd_utf8, ALWAYS, "UTF8 USER" },
	{ "LANG", cmd_lang, ALWAYS, "LANG" },
	{ "QUIT", cmd_quit, ALWAYS, NULL },
};
/* RFC 2449 6, RFC 3206 3 and 4: what the session will support. */
static const char *const later[] = { "TOP", "UIDL", "RESP-CODES",
	"AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER",
	"IMPLEMENTATION chainmail" };

static bool
available(const struct front *f, const struct verb *v)
{
	switch (v->when) {
	case ALWAYS:
		return true;
	case WITHOUT_TLS:
		return f->tls_possible;
	case PRIVATE:
		return front_is_private(f);
	}
	return false;
}

void
pop3_greet(struct front *f)
{
	io_put_text(&f->io, "+OK chainmail ready\r\n");
}

static void
error(struct front *f, const char *text)
{
	f->errors++;
	io_putf(&f->io, "-ERR %s\r\n", text);
}

static void
cmd_capa(struct front *f, struct span rest)
{
	struct str list = STR_INIT;

	(void)rest;
	f->idle++;
	io_put_text(&f->io, "+OK\r\n");
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (verbs[i].advertise != NULL && available(f, &verbs[i]))
			io_putf(&f->io, "%s\r\n", verbs[i].advertise);
	attempt_mechanisms(f, &list, " ");
	if (list.len > 0)
		io_putf(&f->io, "SASL%s\r\n", list.at);
	str_free(&list);
	for (size_t i = 0; i < COUNT(later); i++)
		io_putf(&f->io, "%s\r\n", later[i]);
	io_put_text(&f->io, ".\r\n");
}

static void
cmd_quit(struct front *f, struct span rest)
{
	(void)rest;
	io_put_text(&f->io, "+OK Goodbye\r\n");
	f->done = true;
}

static void
cmd_stls(struct front *f, struct span rest)
{
	if (rest.len > 0 || !f->tls_possible) {
		error(f,
		    f->tls ? "TLS is already active" : "TLS is not available");
		return;
	}
	/* RFC 2595 4: nothing from before TLS is kept. */
	io_discard(&f->io);
	io_put_text(&f->io, "+OK Begin TLS\r\n");
	front_tls(f);
	f->utf8 = false;
	str_wipe(&f->name);
}

static void
cmd_utf8(struct front *f, struct span rest)
{
	/* RFC 6856 2.1: only in this state; passed on to the session. */
	(void)rest;
	f->idle++;
	f->utf8 = true;
	io_put_text(&f->io, "+OK UTF-8 is on\r\n");
}

static void
cmd_lang(struct front *f, struct span rest)
{
	/* RFC 6856 3.2: one language, and it is always on. */
	f->idle++;
	if (rest.len == 0)
		io_put_text(&f->io, "+OK Languages:\r\nen English\r\n.\r\n");
	else if (span_equal(rest, SPAN("*")) ||
	    span_equal_case(rest, SPAN("en")) ||
	    span_starts_case(rest, SPAN("en-")))
		io_put_text(&f->io, "+OK en English\r\n");
	else
		error(f, "This language is not available");
}

static void
refuse(struct front *f, enum auth_code code)
{
	if (f->done)
		return;
	switch (code) {
	case AUTH_CREDENTIALS:
		error(f, "[AUTH] Wrong user name or password");
		return;
	case AUTH_UNAVAILABLE:
	case AUTH_BUSY:
		error(f, "[SYS/TEMP] Temporarily unavailable, try again later");
		return;
	case AUTH_MALFORMED:
		error(f, "Malformed response");
		return;
	case AUTH_MECHANISM:
		error(f, "Mechanism not available");
		return;
	case AUTH_PLAINTEXT:
		error(f, "TLS is required");
		return;
	case AUTH_DISABLED:
		error(f, "[SYS/PERM] The account is disabled");
		return;
	case AUTH_CANCELLED:
		error(f, "Cancelled");
		return;
	}
}

static void
cmd_user(struct front *f, struct span rest)
{
	str_set(&f->name, rest);
	if (!front_is_private(f))
		refuse(f, attempt_in_clear(f, "USER", rest));
	else if (rest.len == 0)
		error(f, "USER needs a name");
	else
		io_put_text(&f->io, "+OK\r\n");
}

static void
cmd_pass(struct front *f, struct span rest)
{
	/* RFC 1939 7: the rest of the line, spaces too. */
	if (!front_is_private(f))
		error(f, "TLS is required");
	else if (f->name.len == 0)
		error(f, "USER must come first");
	else
		refuse(
		    f, attempt_password(f, SPAN(""), str_span(&f->name), rest));
	str_wipe(&f->name);
}

static void
cmd_auth(struct front *f, struct span rest)
{
	struct attempt a = { .mechanism = span_head(
				 rest, span_find(rest, ' ')) };
	struct str list = STR_INIT, name = STR_INIT;

	rest = span_from(rest, a.mechanism.len + 1);
	if (a.mechanism.len == 0) {
		/* Old clients request the list this way. */
		attempt_mechanisms(f, &list, "\r\n");
		io_putf(&f->io, "+OK%s\r\n.\r\n", list.at);
		str_free(&list);
		return;
	}
	/* RFC 5034 4: "=" is an empty response. */
	if (rest.len > 0)
		a.initial = span_equal(rest, SPAN("=")) ? SPAN("") : rest;
	attempt_name(&a, &name);
	a.name = str_span(&name);
	refuse(f, attempt_run(f, &a));
	str_free(&name);
}

static bool
take_verb(struct span *rest, struct span *verb_r)
{
	*verb_r = span_head(*rest, span_find(*rest, ' '));
	*rest = span_from(*rest, verb_r->len + 1);
	return span_find(*rest, '\0') == rest->len;
}

void
pop3_command(struct front *f)
{
	struct str text = STR_INIT;
	struct span line, verb;

	if (!front_line(f, LINE_MAX_POP3, &line))
		return;
	str_set(&text, line);
	line = str_span(&text);
	if (http_is_request(line)) {
		front_end(f, "This is not a web server");
	} else if (!take_verb(&line, &verb)) {
		error(f, "NUL in a command");
	} else {
		size_t i = 0;

		while (i < COUNT(verbs) &&
		    !span_equal_case(verb, span_text(verbs[i].name)))
			i++;
		if (i < COUNT(verbs))
			verbs[i].run(f, line);
		else
			error(f, "Not a command before login");
	}
	str_wipe(&text);
}
