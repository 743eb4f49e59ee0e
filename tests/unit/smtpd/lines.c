/* bin/smtpd/lines */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/smtpd/lines.h"

/* Feed the text in pieces of every size; the result must be the same. */
static void
check(struct lines how, const char *wire, const char *disk, const char *rest)
{
	struct span all = span_text(wire);
	struct str out = STR_INIT;

	for (size_t piece = 1; piece <= all.len; piece++) {
		struct lines l = how;
		size_t at = 0;
		bool ended = false;

		str_clear(&out);
		while (!ended && at < all.len) {
			struct span in = span_head(span_from(all, at), piece);
			size_t len = in.len;

			ended = lines_feed(&l, &in, &out);
			at += len - in.len;
			assert_true(ended || in.len == 0);
		}
		assert_string_equal(out.at, disk);
		if (rest == NULL) {
			assert_false(ended);
		} else {
			assert_true(ended);
			assert_string_equal(all.at + at, rest);
		}
	}
	str_free(&out);
}

static void
lines_end_and_dots_go(void **state)
{
	struct lines plain = { .state = LINES_START };

	(void)state;
	check(plain, "a\r\n.\r\nQUIT\r\n", "a\n", "QUIT\r\n");
	check(plain, ".\r\n", "", "");
	check(plain, "\r\n.\r\n", "\n", "");
	check(plain, "..\r\n..a\r\n.b\r\nc.\r\n.\r\n", ".\n.a\nb\nc.\n", "");
	check(plain, "a.\r\n.\r\n", "a.\n", "");
}

static void
nothing_else_is_the_end(void **state)
{
	struct lines plain = { .state = LINES_START };

	(void)state;
	check(plain, "a\n.\r\nb", "a\n.\nb", NULL);
	check(plain, "a\n.\nb", "a\n.\nb", NULL);
	check(plain, "a\r\n.\nb", "a\n.\nb", NULL);
	check(plain, "a\r.\rb", "a\r.\rb", NULL);
	check(plain, "a\r\n.\rb", "a\n\rb", NULL);
	check(plain, "a\n.\rb", "a\n.\rb", NULL);
	check(plain, "a\r\n\r.\r\nb", "a\n\r.\nb", NULL);
	check(plain, "a\r.\r\nb", "a\r.\nb", NULL);
}

static void
chunks_have_no_end(void **state)
{
	struct lines opaque = { LINES_START, .opaque = true };

	(void)state;
	check(opaque, "a\r\n.\r\n..b\r\n.", "a\n.\n..b\n.", NULL);
}

static void
what_is_bare_is_noticed(void **state)
{
	static const struct {
		const char *wire;
		size_t len;
		bool lf, cr, nul;
	} cases[] = {
		{ "a\r\nb\r\n..\r\n", 10, false, false, false },
		{ "a\nb\r\n", 5, true, false, false },
		{ "a\rb\r\n", 5, false, true, false },
		{ "a\r\rb\r\n", 6, false, true, false },
		{ "\n", 1, true, false, false },
		{ "a\r\n.\n", 5, true, false, false },
		{ "a\r\n.\r.", 6, false, true, false },
		{ "a\0\r\n", 4, false, false, true },
		{ ".\0\r\n", 4, false, false, true },
	};
	struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece <= cases[i].len; piece++) {
			struct lines l = { .state = LINES_START };
			struct span all = { cases[i].wire, cases[i].len };

			while (all.len > 0) {
				struct span in = span_head(all, piece);

				all = span_from(all, in.len);
				lines_feed(&l, &in, &out);
			}
			assert_int_equal(l.bare_lf, cases[i].lf);
			assert_int_equal(l.bare_cr, cases[i].cr);
			assert_int_equal(l.nul, cases[i].nul);
		}
	str_free(&out);
}

static void
a_cr_at_the_end_is_bare(void **state)
{
	struct lines l = { LINES_START, .opaque = true };
	struct span in = SPAN("a\r");
	struct str out = STR_INIT;

	(void)state;
	lines_feed(&l, &in, &out);
	assert_false(l.bare_cr);
	lines_finish(&l, &out);
	assert_true(l.bare_cr);
	assert_string_equal(out.at, "a\r");
	str_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_end_and_dots_go),
		cmocka_unit_test(nothing_else_is_the_end),
		cmocka_unit_test(chunks_have_no_end),
		cmocka_unit_test(what_is_bare_is_noticed),
		cmocka_unit_test(a_cr_at_the_end_is_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
