/* CAPABILITY, NOOP, LOGOUT, ID, ENABLE, NAMESPACE. */
#include "answer.h"
#include "argument.h"
#include "command.h"
#include "selected/condstore.h"
#include "selected/sync.h"

/* Capabilities without a command of their own. */
static const char *const extensions[] = { "IMAP4rev1", "LITERAL+", "LITERAL-",
	"SASL-IR" };

static bool
has_word(struct span text, struct span word)
{
	struct span w;

	while ((w = span_word(&text)).len > 0)
		if (span_equal(w, word))
			return true;
	return false;
}

/* RFC 7162 3.2.3: QRESYNC is nothing without the two. RFC 4314 7: RIGHTS is a
 * part of ACL, and so is RFC 8440's. */
static bool
is_possible(const struct session *s, struct span word)
{
	return offer_has(&s->offer, word) &&
	    (session_offers(s, "ACL") ||
		(!span_equal(word, SPAN("RIGHTS")) &&
		    !span_equal(word, SPAN("LIST-MYRIGHTS")))) &&
	    (!span_equal(word, SPAN("QRESYNC")) ||
		(session_offers(s, "CONDSTORE") &&
		    session_offers(s, "ENABLE")));
}

/* Those of them that are offered; several commands may have the same. */
static void
words_add(const struct session *s, struct str *out, const char *words)
{
	struct span rest = span_text(words), word;

	while ((word = span_word(&rest)).len > 0) {
		if (!is_possible(s, word) || has_word(str_span(out), word) ||
		    (span_equal(word, SPAN("LITERAL-")) &&
			session_offers(s, "LITERAL+")))
			continue;
		str_add_byte(out, ' ');
		str_add(out, word);
		if (span_equal(word, SPAN("RIGHTS")))
			str_add_text(out, "=kxte");
		/* RFC 7889 2: the same for all mailboxes. */
		if (span_equal(word, SPAN("APPENDLIMIT")))
			str_addf(out, "=%llu",
			    (unsigned long long)s->limits.message_size);
	}
}

/* RFC 9051 E: what of it is left out here would be missed. */
static bool
has_rev2(struct span capabilities)
{
	static const char *const parts[] = { "ENABLE", "NAMESPACE", "UNSELECT",
		"UIDPLUS", "ESEARCH", "SEARCHRES", "IDLE", "LIST-EXTENDED",
		"LIST-STATUS", "MOVE", "BINARY", "SPECIAL-USE", "STATUS=SIZE" };

	for (size_t i = 0; i < COUNT(parts); i++)
		if (!has_word(capabilities, span_text(parts[i])))
			return false;
	return true;
}

void
capability_add(const struct session *s, struct str *out)
{
	str_add_text(out, "CAPABILITY");
	for (size_t i = 0; i < COUNT(extensions); i++)
		words_add(s, out, extensions[i]);
	for (const struct command *c = s->commands; c->name != NULL; c++)
		if (c->capability != NULL)
			words_add(s, out, c->capability);
	if (has_rev2(str_span(out)))
		words_add(s, out, "IMAP4rev2");
}

void
cmd_capability(struct session *s)
{
	if (!argument_end(s))
		return;
	str_set(&s->text, SPAN("* "));
	capability_add(s, &s->text);
	io_put(&s->io, str_span(&s->text));
	io_put_text(&s->io, "\r\n");
	answer(s, RESULT_OK, "Capabilities listed");
}

void
cmd_noop(struct session *s)
{
	if (argument_end(s))
		answer(s, RESULT_OK, "Done");
}

void
cmd_logout(struct session *s)
{
	if (!argument_end(s))
		return;
	io_put_text(&s->io, "* BYE Logging out\r\n");
	session_unselect(s);
	s->state = LOGGED_OUT;
	answer(s, RESULT_OK, "Logged out");
}

void
cmd_id(struct session *s)
{
	if (!parse_space(&s->parser) || !parse_id(&s->parser)) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	io_put_text(&s->io, "* ID (\"name\" \"chainmail\")\r\n");
	answer(s, RESULT_OK, "ID completed");
}

static const struct {
	const char *name; /* of the capability */
	unsigned bit;
	bool early; /* not while a mailbox is selected */
} switches[] = {
	{ "CONDSTORE", ENABLED_CONDSTORE, false },
	{ "IMAP4rev2", ENABLED_REV2, false },
	{ "QRESYNC", ENABLED_QRESYNC, false },
	{ "UIDONLY", ENABLED_UIDONLY, true },
	{ "UTF8=ACCEPT", ENABLED_UTF8, false },
};

static bool
is_there(const struct session *s, const char *capability)
{
	struct str all = STR_INIT;
	bool there;

	capability_add(s, &all);
	there = has_word(str_span(&all), span_text(capability));
	str_free(&all);
	return there;
}

/* One word of ENABLE; what is not known is ignored. False: it is too late. */
static bool
enable(struct session *s, struct span name, unsigned *bits)
{
	for (size_t i = 0; i < COUNT(switches); i++) {
		if (!span_equal_case(name, span_text(switches[i].name)) ||
		    !is_there(s, switches[i].name))
			continue;
		if (switches[i].early && s->state == SELECTED)
			return false;
		*bits |= switches[i].bit;
		str_addf(&s->text, " %s", switches[i].name);
	}
	return true;
}

/* RFC 5161. */
void
cmd_enable(struct session *s)
{
	const unsigned modseqs = ENABLED_CONDSTORE | ENABLED_QRESYNC;
	unsigned bits = 0;
	struct span name;
	bool early = true;

	str_set(&s->text, SPAN("* ENABLED"));
	do {
		if (!parse_space(&s->parser) ||
		    !parse_atom(&s->parser, &name)) {
			answer_syntax(s);
			return;
		}
		early &= enable(s, name, &bits);
	} while (s->parser.rest.len > 0);
	str_add_text(&s->text, "\r\n");
	io_put(&s->io, str_span(&s->text));
	s->enabled |= bits & ~(unsigned)ENABLED_CONDSTORE;
	if (bits & modseqs)
		condstore_enable(s);
	if (early)
		answer(s, RESULT_OK, "Done");
	else
		answer(s, RESULT_BAD, "Not while a mailbox is selected");
}

/* RFC 2342: the user's own namespace, and that of others' folders. */
void
cmd_namespace(struct session *s)
{
	if (!argument_end(s))
		return;
	io_put_text(&s->io,
	    s->store.shared == NULL
		? "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n"
		: "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) "
		  "NIL\r\n");
	answer(s, RESULT_OK, "Done");
}
