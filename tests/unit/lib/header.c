/* lib/mail/header */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/header.h"

static void
assert_span(struct span s, const char *text)
{
	assert_true(span_equal(s, span_text(text)));
}

static void
fields_come_one_by_one(void **state)
{
	struct span rest = SPAN(
	    "From: a@b\nSubject : one\n\ttwo\nX:\n\nbody: 1\n");
	struct header_field f;

	(void)state;
	assert_true(header_next(&rest, &f));
	assert_span(f.name, "From");
	assert_span(f.value, " a@b");
	assert_span(f.whole, "From: a@b\n");
	assert_true(header_next(&rest, &f));
	assert_true(header_is(&f, "subject"));
	assert_span(f.value, " one\n\ttwo");
	assert_true(header_next(&rest, &f));
	assert_span(f.name, "X");
	assert_span(f.value, "");
	assert_false(header_next(&rest, &f));
	assert_span(rest, "body: 1\n");
}

static void
crlf_reads_like_lf(void **state)
{
	struct span rest = SPAN("A: 1\r\n 2\r\nB: 3\r\n\r\nbody");
	struct header_field f;

	(void)state;
	assert_true(header_next(&rest, &f));
	assert_span(f.value, " 1\r\n 2");
	assert_true(header_next(&rest, &f));
	assert_span(f.value, " 3");
	assert_false(header_next(&rest, &f));
	assert_span(rest, "body");
}

static void
text_begins_at_the_first_line_that_is_no_field(void **state)
{
	static const struct {
		const char *text;
		size_t header;
	} cases[] = {
		{ "", 0 },
		{ "\nc", 1 },
		{ "\r\nc", 2 },
		{ "\rc", 0 },
		{ "A: b\n\nc", 6 },
		{ "A: b\n c\n\td\n\r\ne", 13 },
		{ "A: b\n \n\ne", 8 },
		{ "A: b", 4 },
		{ "A: b\nC", 5 },
		{ "A: b\nno colon\nC: d\n\n", 5 },
		{ "A: b\nno colon: c\nC: d\n\n", 5 },
		{ "A: b\nC :d\nE\t: f\n: g\n", 16 },
		{ "A: b\nn\xc3\xa4me: c\n", 5 },
		{ "A: b\n\r\r\nc: d", 5 },
		{ " A: b\nC: d\n", 0 },
		{ "Hello,\nNote: this\n", 0 },
		/* What an mbox leaves. */
		{ "From a@b Mon\nA: b\n\nc", 19 },
		{ "A: b\n>From a\nC: d\n\ne", 19 },
		{ "From here on\nit is text: no field\n", 0 },
		{ "From a\n\nb", 0 },
		{ "From a\n b\nC: d\n", 0 },
		{ "From a\nFrom b\nC: d\n", 0 },
		{ "From : a\n\nb", 10 },
		{ "Fromm a\nA: b\n", 0 },
		{ "From a", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span text = span_text(cases[i].text);
		struct header_scan s = { 0 };

		assert_int_equal(header_size(text), cases[i].header);
		for (size_t k = 0; k < text.len; k++)
			header_scan(&s, (struct span){ text.at + k, 1 });
		assert_int_equal(header_scan_size(&s), cases[i].header);
	}
}

static void
an_mbox_line_is_a_field_without_a_name(void **state)
{
	struct span rest = SPAN("From a@b Mon: x\nC: d\n");
	struct header_field f;

	(void)state;
	assert_true(header_next(&rest, &f));
	assert_span(f.name, "");
	assert_span(f.value, "From a@b Mon: x");
	assert_true(header_next(&rest, &f));
	assert_span(f.name, "C");
	assert_false(header_next(&rest, &f));
	assert_int_equal(rest.len, 0);
}

static void
finding_stops_at_the_body(void **state)
{
	struct header_field f;

	(void)state;
	assert_true(header_find(SPAN("a: 1\nB: 2\nb: 3\n\n"), "b", &f));
	assert_span(f.value, " 2");
	assert_false(header_find(SPAN("a: 1\n\nb: 3\n"), "b", &f));
}

static void
unfolding_keeps_inner_blanks(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	header_unfold(&s, SPAN(" one\r\n\ttwo\n  three \r\n "));
	assert_string_equal(s.at, "one\ttwo  three");
	str_clear(&s);
	header_unfold(&s, SPAN("\r\n \r\n x"));
	assert_string_equal(s.at, "x");
	str_free(&s);
}

static void
tls_is_optional_only_by_one_field(void **state)
{
	static const char *const wrong[] = { "", "TLS-Required: Yes\n\n",
		"TLS-Required: No\nTLS-Required: No\n",
		"A: b\n\nTLS-Required: No\n", "TLS-Required: No, really\n" };

	(void)state;
	assert_true(header_tls_optional(SPAN("A: b\ntls-required : no \n\n")));
	assert_true(header_tls_optional(SPAN("TLS-Required: No\r\n\r\n")));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(header_tls_optional(span_text(wrong[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_come_one_by_one),
		cmocka_unit_test(crlf_reads_like_lf),
		cmocka_unit_test(
		    text_begins_at_the_first_line_that_is_no_field),
		cmocka_unit_test(an_mbox_line_is_a_field_without_a_name),
		cmocka_unit_test(finding_stops_at_the_body),
		cmocka_unit_test(unfolding_keeps_inner_blanks),
		cmocka_unit_test(tls_is_optional_only_by_one_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
