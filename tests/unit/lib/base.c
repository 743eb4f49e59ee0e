/* lib/base: records, encodings, ids, spans. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/encode.h"
#include "base/id.h"
#include "base/record.h"

static void
any_value_survives_a_record(void **state)
{
	struct str record = STR_INIT, value = STR_INIT;
	char bytes[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	record_verb(&record, "job");
	record_add(&record, "all", (struct span){ bytes, sizeof bytes });
	record_add_number(&record, "n", -5);
	record_end(&record);
	assert_int_equal(span_find(str_span(&record), '\n'), record.len - 1);
	str_cut(&record, record.len - 1);
	assert_true(record_is(str_span(&record), "job"));
	assert_true(record_get(str_span(&record), "all", &value));
	assert_int_equal(value.len, sizeof bytes);
	assert_memory_equal(value.at, bytes, sizeof bytes);
	assert_true(record_get(str_span(&record), "n", &value));
	assert_string_equal(value.at, "-5");
	str_free(&record);
	str_free(&value);
}

static void
malformed_words_are_refused(void **state)
{
	static const char *const bad[] = { "k=%", "k=%4", "k=%zz", "=v" };
	struct str value = STR_INIT;
	struct span key;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct span rest = span_text(bad[i]);

		assert_false(record_next(&rest, &key, &value));
		assert_true(rest.len > 0);
	}
	assert_false(record_get(SPAN("kk=1 k2=2"), "k", &value));
	str_free(&value);
}

static void
numbers_have_a_range(void **state)
{
	uint64_t n = 0;

	(void)state;
	assert_true(record_get_number(SPAN("n=255"), "n", 255, &n));
	assert_int_equal(n, 255);
	assert_false(record_get_number(SPAN("n=256"), "n", 255, &n));
	assert_false(record_get_number(SPAN("n=-1"), "n", 255, &n));
	assert_false(record_get_number(SPAN("n="), "n", 255, &n));
	assert_false(record_get_number(
	    SPAN("n=99999999999999999999999"), "n", UINT64_MAX, &n));
}

static void
base64_is_strict(void **state)
{
	static const struct {
		const char *text, *bytes; /* bytes NULL: refused */
	} cases[] = {
		{ "", "" },
		{ "Zg==", "f" },
		{ "Zm8=", "fo" },
		{ "Zm9v", "foo" },
		{ "Zm9vYg==", "foob" },
		{ "Zg", NULL },
		{ "Zg=", NULL },
		{ "Zh==", NULL },
		{ "Zm9v\n", NULL },
		{ "=Zm9", NULL },
		{ "Zg==Zg==", NULL },
		{ "Zm-_", NULL },
	};
	struct str s = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		str_clear(&s);
		assert_int_equal(base64_decode(&s, span_text(cases[i].text)),
		    cases[i].bytes != NULL);
		if (cases[i].bytes == NULL)
			continue;
		assert_string_equal(s.at, cases[i].bytes);
		str_clear(&s);
		base64_encode(&s, span_text(cases[i].bytes));
		assert_string_equal(s.at, cases[i].text);
	}
	str_free(&s);
}

static void
ids_sort_by_time_and_tell_it(void **state)
{
	static const unsigned char low[ID_RANDOM],
	    high[ID_RANDOM] = { 255, 255, 255, 255, 255, 255, 255, 255, 255,
		    255 };
	struct id a = id_make(1764000000000, high);
	struct id b = id_make(1764000000001, low);

	(void)state;
	assert_true(strcmp(a.text, b.text) < 0);
	assert_true(id_valid(span_text(a.text)));
	assert_int_equal(id_birth_ms(span_text(a.text)), 1764000000000);
	assert_int_equal(id_birth_ms(SPAN("01ARZ3NDEKTSV4RRFFQ69G5FAI")), -1);
	assert_int_equal(id_birth_ms(SPAN("8ZZZZZZZZZZZZZZZZZZZZZZZZZ")), -1);
}

static void
a_derived_id_is_the_same_each_time(void **state)
{
	struct id m = id_new();
	struct id a = id_derive(span_text(m.text), SPAN("bounce"));
	struct id b = id_derive(span_text(m.text), SPAN("bounce"));
	struct id c = id_derive(span_text(m.text), SPAN("warning"));

	(void)state;
	assert_string_equal(a.text, b.text);
	assert_string_not_equal(a.text, c.text);
	assert_string_not_equal(a.text, m.text);
	assert_int_equal(
	    id_birth_ms(span_text(a.text)), id_birth_ms(span_text(m.text)));
}

static void
only_well_formed_utf8_is_utf8(void **state)
{
	static const struct {
		const char *text;
		bool is;
	} cases[] = {
		{ "", true },
		{ "Gr\xc3\xbc\xc3\x9f"
		  "e",
		    true },
		{ "\xf0\x9f\x98\x80", true },
		{ "\xc0\xaf", false },
		{ "\xed\xa0\x80", false },
		{ "\xf4\x90\x80\x80", false },
		{ "\xe2\x82", false },
		{ "\x80", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    span_is_utf8(span_text(cases[i].text)), cases[i].is);
}

static void
what_is_clean_ends_no_line(void **state)
{
	(void)state;
	assert_true(span_is_clean(SPAN("")));
	assert_true(span_is_clean(SPAN("a b \xc3\xa4~")));
	assert_false(span_is_clean(SPAN("a\nb")));
	assert_false(span_is_clean(SPAN("a\rb")));
	assert_false(span_is_clean(SPAN("a\0b")));
	assert_false(span_is_clean(SPAN("\tb")));
	assert_false(span_is_clean(SPAN("a\x7f")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_value_survives_a_record),
		cmocka_unit_test(malformed_words_are_refused),
		cmocka_unit_test(numbers_have_a_range),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(ids_sort_by_time_and_tell_it),
		cmocka_unit_test(a_derived_id_is_the_same_each_time),
		cmocka_unit_test(only_well_formed_utf8_is_utf8),
		cmocka_unit_test(what_is_clean_ends_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
