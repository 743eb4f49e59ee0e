/* lib/mail/quote: text as ASCII, and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/decode.h"
#include "mail/quote.h"
#include "mail/word.h"

static void
quoted(const char *in, const char *out)
{
	struct str s = STR_INIT;

	quoted_encode(&s, span_text(in));
	assert_string_equal(s.at, out);
	str_free(&s);
}

/* RFC 2045 6.7. */
static void
only_what_must_be_is_quoted(void **state)
{
	(void)state;
	quoted("", "");
	quoted("a b\tc\n\nd", "a b\tc\n\nd");
	quoted("a \nb\t", "a=20\nb=09");
	quoted(".\nFrom x\n x.\n\r", "=2E\n=46rom x\n x.\n=0D");
	quoted("1+1=2 \xc3\xbc\r\n", "1+1=3D2 =C3=BC\n");
}

/* RFC 2045 6.7 (5), RFC 2049 3: and no line is over 76, or one that some program
 * on the way would change. */
static void
any_bytes_come_back(void **state)
{
	struct str text = STR_INIT, out = STR_INIT, back = STR_INIT;
	struct span rest, line;

	(void)state;
	str_add_text(&text, ".\nFrom x\nblank \ntab\t\n = =41 \xc3\xbc\n");
	for (int i = 0; i < 3000; i++)
		if (i % 256 != '\r')
			str_add_byte(&text, (char)(i % 256));
	for (int i = 0; i < 2000; i++)
		str_add_byte(&text, "x. From "[i % 8]);
	quoted_encode(&out, str_span(&text));
	rest = str_span(&out);
	assert_true(span_is_ascii(rest));
	while (span_line(&rest, &line)) {
		assert_true(line.len <= 76);
		assert_false(span_starts(line, SPAN(".")));
		assert_false(span_starts(line, SPAN("From ")));
		assert_false(span_ends_case(line, SPAN(" ")));
	}
	decode_quoted(&back, str_span(&out));
	assert_int_equal(back.len, text.len);
	assert_memory_equal(back.at, text.at, text.len);
	str_free(&back);
	str_free(&out);
	str_free(&text);
}

static void
bytes_that_can_not_be_are_repaired(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	quoted_repair(&s, SPAN("a=3D\t\xc3\xbc=\r\n\0b \r\n"));
	assert_string_equal(s.at, "a=3D\t=C3=BC=\n=00b \n");
	str_free(&s);
}

/* RFC 2047. */
static void
header_words_come_back(void **state)
{
	struct str in = STR_INIT, out = STR_INIT, back = STR_INIT;
	struct span word, rest;

	(void)state;
	for (int i = 0; i < 60; i++)
		str_add_text(&in, "\xe4\xbe\x8b \xf0\x9f\x93\xa7");
	word_encode(&out, str_span(&in));
	rest = str_span(&out);
	while (rest.len > 0) {
		word = span_head(rest, span_find(rest, ' '));
		assert_true(word.len <= 75);
		assert_true(span_is_ascii(word));
		rest = span_from(rest, word.len + 1);
	}
	word_decode(&back, str_span(&out));
	assert_string_equal(back.at, in.at);
	str_clear(&out);
	word_encode(&out, SPAN("plain\r\nX: y"));
	assert_string_equal(out.at, "plain  X: y");
	str_free(&in);
	str_free(&out);
	str_free(&back);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_must_be_is_quoted),
		cmocka_unit_test(any_bytes_come_back),
		cmocka_unit_test(bytes_that_can_not_be_are_repaired),
		cmocka_unit_test(header_words_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
