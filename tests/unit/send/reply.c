/* bin/send: what another host answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "../../../bin/send/reply.h"

/* Read one reply from these bytes. */
static enum io_result
read_reply(struct reply *r, const char *bytes, size_t len)
{
	int fds[2];
	struct io io;
	enum io_result got;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write_all(fds[1], (struct span){ bytes, len }), 0);
	close(fds[1]);
	io_init(&io, fds[0], -1);
	got = reply_read(&io, r);
	io_free(&io);
	close(fds[0]);
	return got;
}

static void
is(const char *bytes, unsigned code, const char *status, const char *text)
{
	struct reply r;

	reply_init(&r);
	assert_int_equal(read_reply(&r, bytes, span_text(bytes).len), IO_OK);
	assert_int_equal(r.code, code);
	assert_string_equal(r.status, status);
	assert_string_equal(r.text.at, text);
	reply_free(&r);
}

static void
is_none(const char *bytes, enum io_result why)
{
	struct reply r;

	reply_init(&r);
	assert_int_equal(read_reply(&r, bytes, span_text(bytes).len), why);
	reply_free(&r);
}

/* RFC 5321 4.2. */
static void
one_line_or_a_bare_code(void **state)
{
	(void)state;
	is("250 OK\r\n", 250, "", "OK");
	is("250\r\n", 250, "", "");
	is("250 \r\n", 250, "", "");
	is("354 go\n", 354, "", "go");
}

/* RFC 5321 4.2.1: the last line's code counts. */
static void
several_lines_are_one_reply(void **state)
{
	struct reply r;
	struct span rest, line;
	static const char hello[] = "250-mx\r\n250-SIZE 10\r\n250 DSN\r\n";

	(void)state;
	is("550-no\r\n550 way\r\n", 550, "", "no way");
	is("250-a\r\n450 b\r\n", 450, "", "a b");
	reply_init(&r);
	assert_int_equal(read_reply(&r, hello, sizeof hello - 1), IO_OK);
	assert_int_equal(r.count, 3);
	rest = str_span(&r.lines);
	assert_true(reply_next(&rest, &line) && span_equal(line, SPAN("mx")));
	assert_true(
	    reply_next(&rest, &line) && span_equal(line, SPAN("SIZE 10")));
	assert_true(reply_next(&rest, &line) && span_equal(line, SPAN("DSN")));
	assert_false(reply_next(&rest, &line));
	reply_free(&r);
}

static void
what_has_no_code_is_no_reply(void **state)
{
	static const char *const none[] = { "\r\n", "25\r\n", "150 x\r\n",
		"650 x\r\n", "2x0 x\r\n", "250x\r\n", "250_x\r\n", "hello\r\n",
		" 250 x\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		is_none(none[i], IO_LONG);
	is_none("", IO_EOF);
	is_none("250-a\r\n", IO_EOF);
	is_none("250-a\r\nb\r\n", IO_EOF);
	/* Within one it is text. */
	is("250-a\r\nb\r\n\r\n250 c\r\n", 250, "", "a b c");
	is("250-a\r\n1000 b\r\n250 c\r\n", 250, "", "a 1000 b c");
}

/* RFC 2034 4: behind the code, and of its class. */
static void
enhanced_status_codes(void **state)
{
	(void)state;
	is("550 5.1.1 none here\r\n", 550, "5.1.1", "none here");
	is("550 5.1.1\r\n", 550, "5.1.1", "");
	is("550-5.7.1 a\r\n550 5.7.1 b\r\n", 550, "5.7.1", "a b");
	is("550 4.1.1 x\r\n", 550, "", "x");
	is("550 5.1 x\r\n", 550, "", "5.1 x");
	is("550 5.1.1000 x\r\n", 550, "", "5.1.1000 x");
	is("550 5.1.1x\r\n", 550, "", "5.1.1x");
	is("550-5.1.1 a\r\n450 b\r\n", 450, "", "a b");
}

static void
the_text_is_harmless(void **state)
{
	(void)state;
	is("550 a\x1b[1m\tb\r\n", 550, "", "a [1m b");
	is("550 \xc3\xbc\r\n", 550, "", "\xc3\xbc");
	is("550 \xc3\xbc\xff\r\n", 550, "", "???");
}

/* A character is never cut in two. */
static void
a_long_text_is_cut(void **state)
{
	struct str s = STR_INIT;
	struct reply r;

	(void)state;
	str_add_text(&s, "550 x");
	for (int i = 0; i < 1000; i++)
		str_add_text(&s, "\xc3\xbc");
	str_add_text(&s, "\r\n");
	reply_init(&r);
	assert_int_equal(read_reply(&r, s.at, s.len), IO_OK);
	assert_int_equal(r.text.len, REPLY_TEXT_MAX - 1);
	assert_true(span_is_utf8(str_span(&r.text)));
	reply_free(&r);
	str_free(&s);
}

/* What was taken is not sent again because its answer is long. */
static void
a_reply_is_read_to_its_end(void **state)
{
	struct str s = STR_INIT;
	struct reply r;

	(void)state;
	for (int i = 0; i < 50 * REPLY_LINES_MAX; i++)
		str_add_text(&s, "250-\r\n");
	str_add_text(&s, "250 2.0.0 x\r\n");
	reply_init(&r);
	assert_int_equal(read_reply(&r, s.at, s.len), IO_OK);
	assert_int_equal(r.code, 250);
	assert_string_equal(r.status, "2.0.0");
	assert_true(r.lines.len <= REPLY_LINES_MAX);
	reply_free(&r);
	/* Long lines too, of which the beginning is kept. */
	str_setf(&s, "250-2.1.0 begins ");
	for (int i = 0; i < 10 * REPLY_LINE_MAX; i++)
		str_add_byte(&s, 'x');
	str_add_text(&s, "\r\n550 5.1.1 y");
	for (int i = 0; i < 2 * REPLY_LINE_MAX; i++)
		str_add_byte(&s, 'y');
	str_add_text(&s, "\r\n");
	reply_init(&r);
	assert_int_equal(read_reply(&r, s.at, s.len), IO_OK);
	assert_int_equal(r.code, 550);
	assert_string_equal(r.status, "5.1.1");
	assert_true(span_starts(str_span(&r.text), SPAN("begins xxx")));
	reply_free(&r);
	str_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line_or_a_bare_code),
		cmocka_unit_test(several_lines_are_one_reply),
		cmocka_unit_test(what_has_no_code_is_no_reply),
		cmocka_unit_test(enhanced_status_codes),
		cmocka_unit_test(the_text_is_harmless),
		cmocka_unit_test(a_long_text_is_cut),
		cmocka_unit_test(a_reply_is_read_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
