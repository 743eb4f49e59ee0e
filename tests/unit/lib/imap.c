/* lib/imap: a command's lines, its literals and its words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "imap/parse.h"

static const struct parse_limits limits = {
	.literals = 4, .literal = 100, .literal_bytes = 200, .drain = 5000
};

/* A client that has said all that it will say. */
struct client {
	struct io io;
	struct arena arena;
	struct parser p;
	int end;
};

static void
client_open(struct client *c)
{
	int ends[2];

	*c = (struct client){ .arena = ARENA_INIT };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	io_init(&c->io, ends[0], ends[0]);
	c->end = ends[1];
}

static void
client_close(struct client *c)
{
	io_free(&c->io);
	arena_free(&c->arena);
	close(c->io.in);
	close(c->end);
}

/* What the server has read already, and what comes when it reads on. */
static void
client_says(struct client *c, struct span read, struct span comes)
{
	str_add(&c->io.input, read);
	assert_int_equal(write_all(c->end, comes), 0);
	shutdown(c->end, SHUT_WR);
}

static enum io_result
start(struct client *c)
{
	return parse_start(&c->p, &limits, &c->io, &c->arena);
}

/* The next command is this one. */
static void
next_is(struct client *c, const char *line)
{
	assert_int_equal(start(c), IO_OK);
	assert_true(span_equal(c->p.line, span_text(line)));
}

static void
says(struct client *c, const char *text)
{
	client_open(c);
	client_says(c, SPAN(""), span_text(text));
}

static void
over_long(struct str *line, size_t len, const char *end)
{
	str_set(line, SPAN("tag] CREATE "));
	while (line->len + strlen(end) < len)
		str_add_byte(line, 'x');
	str_add_text(line, end);
}

/* A line's reading may be cut anywhere; neither its tag nor the literal that it
 * announces is lost. */
static void
a_line_too_long_keeps_its_tag_and_its_literal(void **state)
{
	struct str line = STR_INIT;

	(void)state;
	for (size_t len = PARSE_LINE_MAX + 100; len < 3 * PARSE_LINE_MAX;
	     len += PARSE_LINE_MAX - 1)
		for (size_t cut = 0; cut < 50; cut++) {
			struct client c;
			struct span tag, all;

			over_long(&line, len,
			    " {00000000000000000010+}\r\nb X {1+}\r\n\r\n"
			    "d NOOP\r\n");
			all = str_span(&line);
			client_open(&c);
			client_says(&c, span_head(all, all.len - 50 + cut),
			    span_from(all, all.len - 50 + cut));
			assert_int_equal(start(&c), IO_LONG);
			assert_true(c.p.too_big);
			assert_true(parse_tag(&c.p, &tag));
			assert_true(span_equal(tag, SPAN("tag]")));
			assert_true(parse_space(&c.p));
			assert_true(parse_finish(&c.p));
			next_is(&c, "d NOOP");
			client_close(&c);
		}
	str_free(&line);
}

static void
a_line_at_the_limit_is_whole(void **state)
{
	struct str line = STR_INIT;
	struct client c;

	(void)state;
	over_long(&line, PARSE_LINE_MAX, "");
	str_add_text(&line, "\r\n");
	client_open(&c);
	client_says(&c, SPAN(""), str_span(&line));
	assert_int_equal(start(&c), IO_OK);
	assert_int_equal(c.p.line.len, PARSE_LINE_MAX);
	client_close(&c);
	str_free(&line);
}

static void
all_lines_of_a_command_share_one_limit(void **state)
{
	struct str line = STR_INIT;
	struct span s, tag;
	struct client c;

	(void)state;
	over_long(
	    &line, PARSE_LINE_MAX - 10, " {1+}\r\nx 34567890123\r\nb X\r\n");
	client_open(&c);
	client_says(&c, SPAN(""), str_span(&line));
	assert_int_equal(start(&c), IO_OK);
	assert_true(parse_tag(&c.p, &tag));
	c.p.rest = span_from(c.p.line, c.p.line.len - 4);
	assert_true(parse_string(&c.p, &s));
	client_close(&c);

	over_long(
	    &line, PARSE_LINE_MAX + 20, " {1+}\r\nx 34567890123\r\nb X\r\n");
	client_open(&c);
	client_says(&c, SPAN(""), str_span(&line));
	assert_int_equal(start(&c), IO_OK);
	c.p.rest = span_from(c.p.line, c.p.line.len - 4);
	assert_false(parse_string(&c.p, &s));
	assert_true(c.p.too_big);
	assert_false(parse_end(&c.p));
	assert_true(parse_finish(&c.p));
	next_is(&c, "b X");
	client_close(&c);
	str_free(&line);
}

static void
a_bare_line_end_keeps_its_tag(void **state)
{
	struct span tag;
	struct client c;

	(void)state;
	says(&c, "a NOOP\nb NOOP {2+}\rc\r\nd\r\ne\r\n");
	assert_int_equal(start(&c), IO_BARE);
	assert_true(parse_tag(&c.p, &tag));
	assert_true(span_equal(tag, SPAN("a")));
	assert_true(parse_finish(&c.p));
	assert_int_equal(start(&c), IO_BARE);
	assert_true(parse_finish(&c.p));
	next_is(&c, "d");
	client_close(&c);
}

/* What the server said. */
static bool
said(struct client *c, const char *text)
{
	char heard[100];
	ssize_t n;

	io_flush(&c->io);
	n = recv(c->end, heard, sizeof heard, MSG_DONTWAIT);
	return span_equal(
	    (struct span){ heard, n < 0 ? 0 : (size_t)n }, span_text(text));
}

static void
literals_are_taken_and_the_client_waits_only_for_some(void **state)
{
	struct span s;
	struct client c;

	(void)state;
	says(&c, "{3+}\r\na\"b {0}\r\n {2}\r\n\r\n x\r\n");
	assert_int_equal(start(&c), IO_OK);
	assert_true(parse_string(&c.p, &s));
	assert_true(span_equal(s, SPAN("a\"b")));
	assert_true(said(&c, ""));
	assert_true(parse_space(&c.p));
	assert_true(parse_astring(&c.p, &s));
	assert_int_equal(s.len, 0);
	assert_true(said(&c, "+ OK\r\n"));
	assert_true(parse_space(&c.p));
	assert_true(parse_nstring(&c.p, &s));
	assert_true(span_equal(s, SPAN("\r\n")));
	assert_true(parse_space(&c.p));
	assert_true(parse_byte(&c.p, 'x'));
	assert_true(parse_end(&c.p));
	client_close(&c);
}

static void
literals_over_a_limit_are_refused(void **state)
{
	static const char *const too_big[] = {
		"{101}\r\n",                                   /* one */
		"{100+}\r\n%100 {100+}\r\n%100 {1}\r\n",       /* all */
		"{0+}\r\n {0+}\r\n {0+}\r\n {0+}\r\n {0}\r\n", /* their number */
		"{9223372036854775807}\r\n",
	};
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(too_big); i++) {
		struct client c;
		struct span s;

		str_clear(&text);
		for (const char *at = too_big[i]; *at != '\0'; at++)
			if (*at == '%') {
				at += 3;
				for (int n = 0; n < 100; n++)
					str_add_byte(&text, 'x');
			} else {
				str_add_byte(&text, *at);
			}
		says(&c, text.at);
		assert_int_equal(start(&c), IO_OK);
		while (parse_string(&c.p, &s) && parse_space(&c.p))
			continue;
		assert_true(c.p.too_big);
		assert_false(parse_end(&c.p));
		/* The client that waits is not told to go on. */
		assert_true(said(&c, ""));
		assert_true(parse_finish(&c.p));
		client_close(&c);
	}
	str_free(&text);
}

/* RFC 7888 4. */
static void
what_is_sent_unasked_is_read_over_up_to_a_limit(void **state)
{
	static const struct {
		const char *announced;
		bool finished;
	} cases[] = {
		{ "a X {5001+}\r\n", false },
		{ "a X {18446744073709551615+}\r\nb X\r\n", true },
		{ "a X {5}\r\nb X\r\n", true },
		{ "a X {5+} \r\nb X\r\n", true },
		{ "a X {5+}\r\nb X\r\n {2+}\r\n\r\n\r\nb X\r\n", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct client c;

		says(&c, cases[i].announced);
		assert_int_equal(start(&c), IO_OK);
		assert_int_equal(parse_finish(&c.p), cases[i].finished);
		if (cases[i].finished)
			next_is(&c, "b X");
		client_close(&c);
	}
}

/* Many small ones are too much as well. */
static void
no_client_is_read_over_for_ever(void **state)
{
	struct str text = STR_INIT;
	struct client c;

	(void)state;
	for (int i = 0; i < 2000; i++)
		str_add_text(&text, "x {0+}\r\n");
	says(&c, text.at);
	assert_int_equal(start(&c), IO_OK);
	assert_false(parse_finish(&c.p));
	assert_int_equal(c.p.end, IO_OK);
	client_close(&c);
	str_free(&text);
}

static void
an_end_within_a_literal_ends_the_command(void **state)
{
	struct client c;
	struct span s;

	(void)state;
	says(&c, "a {5+}\r\nabc");
	assert_int_equal(start(&c), IO_OK);
	assert_true(parse_tag(&c.p, &s) && parse_space(&c.p));
	assert_false(parse_astring(&c.p, &s));
	assert_int_equal(c.p.end, IO_EOF);
	assert_false(parse_end(&c.p));
	client_close(&c);
}

struct word {
	struct span text;
	const char *value; /* NULL: refused */
	const char *left;
};

static void
words_are(bool (*taken)(struct parser *p, struct span *s_r),
    const struct word *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct arena arena = ARENA_INIT;
		struct parser p = { .limits = &limits, .arena = &arena };
		struct span s;

		p.line = p.rest = words[i].text;
		assert_int_equal(taken(&p, &s), words[i].value != NULL);
		if (words[i].value != NULL) {
			assert_true(span_equal(s, span_text(words[i].value)));
			assert_true(
			    span_equal(p.rest, span_text(words[i].left)));
		}
		arena_free(&arena);
	}
}

static void
strings(void **state)
{
	static const struct word quoted[] = {
		{ SPAN_INIT("\"b\\\"o\\\\b\" x"), "b\"o\\b", " x" },
		{ SPAN_INIT("\"\""), "", "" },
		{ SPAN_INIT("\""), NULL, "" },
		{ SPAN_INIT("\"a"), NULL, "" },
		{ SPAN_INIT("\"a\\"), NULL, "" },
		{ SPAN_INIT("\"a\\\""), NULL, "" },
		{ SPAN_INIT("\"a\\n\""), NULL, "" },
		{ SPAN_INIT(""), NULL, "" },
		{ SPAN_INIT("a"), NULL, "" },
		{ SPAN_INIT("{3} "), NULL, "" },
		{ SPAN_INIT("{-3}"), NULL, "" },
		{ SPAN_INIT("{}"), NULL, "" },
		{ SPAN_INIT("{+}"), NULL, "" },
		{ SPAN_INIT("{99999999999999999999}"), NULL, "" },
	};

	(void)state;
	words_are(parse_string, quoted, COUNT(quoted));
}

static void
atoms_and_what_may_stand_bare(void **state)
{
	static const struct word atoms[] = {
		{ SPAN_INIT("bob x"), "bob", " x" },
		{ SPAN_INIT("a]b"), "a", "]b" },
		{ SPAN_INIT("a\xc3\xa4"), "a", "\xc3\xa4" },
		{ SPAN_INIT("a\x7f"), "a", "\x7f" },
		{ SPAN_INIT(" a"), NULL, "" },
		{ SPAN_INIT("(a)"), NULL, "" },
		{ SPAN_INIT("\0"), NULL, "" },
	};
	static const struct word astrings[] = {
		{ SPAN_INIT("b]ob"), "b]ob", "" },
		{ SPAN_INIT("a\xc3\xa4"), "a", "\xc3\xa4" },
		{ SPAN_INIT("\"a\" x"), "a", " x" },
	};
	static const struct word credentials[] = {
		{ SPAN_INIT("b]\xc3\xb6"
			    "b x"),
		    "b]\xc3\xb6"
		    "b",
		    " x" },
		{ SPAN_INIT("\"p w\""), "p w", "" },
		{ SPAN_INIT("\"p\0w\""), NULL, "" },
		{ SPAN_INIT(""), NULL, "" },
	};
	static const struct word patterns[] = {
		{ SPAN_INIT("%*] x"), "%*]", " x" },
		{ SPAN_INIT("(a"), NULL, "" },
	};
	static const struct word flags[] = {
		{ SPAN_INIT("\\Seen x"), "\\Seen", " x" },
		{ SPAN_INIT("$Junk)"), "$Junk", ")" },
		{ SPAN_INIT("\\"), NULL, "" },
		{ SPAN_INIT("\\\\a"), NULL, "" },
	};
	static const struct word tags[] = {
		{ SPAN_INIT("a1] NOOP"), "a1]", " NOOP" },
		{ SPAN_INIT("a+b NOOP"), NULL, "" },
		{ SPAN_INIT(" x"), NULL, "" },
	};

	(void)state;
	words_are(parse_atom, atoms, COUNT(atoms));
	words_are(parse_astring, astrings, COUNT(astrings));
	words_are(parse_credential, credentials, COUNT(credentials));
	words_are(parse_pattern, patterns, COUNT(patterns));
	words_are(parse_flag, flags, COUNT(flags));
	words_are(parse_tag, tags, COUNT(tags));
}

static void
a_tag_has_128_bytes_at_most(void **state)
{
	struct str text = STR_INIT;
	struct parser p = { .limits = &limits };
	struct span tag;

	(void)state;
	for (int i = 0; i < 128; i++)
		str_add_byte(&text, 'x');
	p.rest = str_span(&text);
	assert_true(parse_tag(&p, &tag));
	str_add_byte(&text, 'x');
	p.rest = str_span(&text);
	assert_false(parse_tag(&p, &tag));
	str_free(&text);
}

static void
ids(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "NIL", true },
		{ "()", true },
		{ "(\"name\" \"x\" \"version\" NIL)", true },
		{ "(\"name\" \"x\"\"version\" NIL)", true },
		{ "( \"name\" \"x\" )", true },
		{ "(\"name\")", false },
		{ "(\"name\" \"x\"", false },
		{ "(NIL NIL)", false },
		{ "\"name\" \"x\"", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct parser p = { .limits = &limits,
			.arena = &arena,
			.rest = span_text(cases[i].text) };

		assert_int_equal(parse_id(&p) && parse_end(&p), cases[i].is);
		arena_free(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_too_long_keeps_its_tag_and_its_literal),
		cmocka_unit_test(a_line_at_the_limit_is_whole),
		cmocka_unit_test(all_lines_of_a_command_share_one_limit),
		cmocka_unit_test(a_bare_line_end_keeps_its_tag),
		cmocka_unit_test(
		    literals_are_taken_and_the_client_waits_only_for_some),
		cmocka_unit_test(literals_over_a_limit_are_refused),
		cmocka_unit_test(
		    what_is_sent_unasked_is_read_over_up_to_a_limit),
		cmocka_unit_test(no_client_is_read_over_for_ever),
		cmocka_unit_test(an_end_within_a_literal_ends_the_command),
		cmocka_unit_test(strings),
		cmocka_unit_test(atoms_and_what_may_stand_bare),
		cmocka_unit_test(a_tag_has_128_bytes_at_most),
		cmocka_unit_test(ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
