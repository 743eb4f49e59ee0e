/* lib/mail/date */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/date.h"

enum { NOON = 1700000000 }; /* Tue, 14 Nov 2023 22:13:20 +0000 */

static void
dates_are_written(void **state)
{
	static const struct {
		struct date d;
		const char *mail, *imap;
	} cases[] = {
		{ { NOON, 0 }, "Tue, 14 Nov 2023 22:13:20 +0000",
		    "14-Nov-2023 22:13:20 +0000" },
		{ { NOON, 330 }, "Wed, 15 Nov 2023 03:43:20 +0530",
		    "15-Nov-2023 03:43:20 +0530" },
		{ { NOON, -480 }, "Tue, 14 Nov 2023 14:13:20 -0800",
		    "14-Nov-2023 14:13:20 -0800" },
		{ { 0, 0 }, "Thu, 1 Jan 1970 00:00:00 +0000",
		    " 1-Jan-1970 00:00:00 +0000" },
		{ { -1, 0 }, "Wed, 31 Dec 1969 23:59:59 +0000",
		    "31-Dec-1969 23:59:59 +0000" },
		{ { 951782400, 0 }, "Tue, 29 Feb 2000 00:00:00 +0000",
		    "29-Feb-2000 00:00:00 +0000" },
		{ { INT64_MIN, 0 }, "Tue, 2 Jan 0001 00:00:00 +0000",
		    " 2-Jan-0001 00:00:00 +0000" },
		{ { INT64_MAX, 0 }, "Thu, 30 Dec 9999 00:00:00 +0000",
		    "30-Dec-9999 00:00:00 +0000" },
	};
	struct str s = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		str_clear(&s);
		date_format(&s, cases[i].d);
		assert_string_equal(s.at, cases[i].mail);
		str_clear(&s);
		date_imap_format(&s, cases[i].d);
		assert_string_equal(s.at, cases[i].imap);
	}
	str_free(&s);
}

static void
dates_of_messages_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
		int zone;
	} cases[] = {
		{ "Tue, 14 Nov 2023 22:13:20 +0000", NOON, 0 },
		{ " 14 nov 2023 14:13:20 -0800 (PST)", NOON, -480 },
		{ "Tue,14 Nov 23 22:13:20 GMT", NOON, 0 },
		{ "Tue, 14 Nov 123 17:13:20 EST", NOON, -300 },
		{ "Tue (x \\) (y)),\r\n 14 (c) Nov\t2023 (d) 22 : 13 : 20 Z",
		    NOON, 0 },
		{ "Tue, 14 Nov 2023 22:13 +0000", NOON - 20, 0 },
		{ "1 Jan 1970 00:00:00", 0, 0 },
		{ "Fri, 31 Dec 1999 23:59:60 +0000", 946684799, 0 },
		{ "29 Feb 2000 0:00 +0000", 951782400, 0 },
	};
	struct date d;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(date_parse(span_text(cases[i].text), &d));
		assert_int_equal(d.seconds, cases[i].seconds);
		assert_int_equal(d.zone, cases[i].zone);
	}
}

static void
what_is_no_date_is_refused(void **state)
{
	static const char *const cases[] = { "", "Tue", "Tue, 14 Nov",
		"Tue, 32 Nov 2023 00:00:00 +0000",
		"Tue, 29 Feb 2023 00:00:00 +0000",
		"Tue, 1 Nov 2023 24:00:00 +0000", "1 Foo 2023 00:00:00 +0000",
		"(unended 1 Jan 1970 00:00:00", "0 Jan 1970 00:00 +0000",
		"1 Jan 10000 00:00 +0000", "1 Jan 1970 00:60 +0000" };
	struct date d;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(date_parse(span_text(cases[i]), &d));
}

static void
a_day_is_read_without_its_time(void **state)
{
	static const char *const cases[] = { "Tue, 14 Nov 2023",
		"14 Nov 2023 24:00:00 +0100", "14 Nov 2023 noon",
		"Tue, 14 Nov 2023 01:00 +0100" };
	struct date d;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(date_parse_day(span_text(cases[i]), &d));
		assert_int_equal(d.seconds, 1699920000);
	}
	assert_false(date_parse_day(SPAN("31 Feb 2023"), &d));
}

static void
dates_of_imap_are_read(void **state)
{
	struct date d;
	int64_t day;

	(void)state;
	assert_true(date_imap_parse(SPAN("14-Nov-2023 22:13:20 +0000"), &d));
	assert_int_equal(d.seconds, NOON);
	assert_true(date_imap_parse(SPAN(" 1-jan-1970 01:00:00 +0100"), &d));
	assert_int_equal(d.seconds, 0);
	assert_int_equal(d.zone, 60);
	assert_true(date_imap_parse(SPAN("1-Jan-1970 01:00:00 +0100"), &d));
	assert_false(date_imap_parse(SPAN("31-Feb-2023 22:13:20 +0000"), &d));
	assert_false(date_imap_parse(SPAN("14-Nov-2023 22:13:20 +00000"), &d));
	assert_false(date_imap_parse(SPAN("14-Nov-2023 22:13:20"), &d));
	assert_true(date_day_parse(SPAN("1-Feb-1970"), &day));
	assert_int_equal(day, 31 * 86400);
	assert_false(date_day_parse(SPAN("1-Feb-70"), &day));
	assert_false(date_day_parse(SPAN("30-Feb-1970"), &day));
}

static void
a_day_is_the_writers(void **state)
{
	(void)state;
	assert_int_equal(date_day((struct date){ 23 * 3600, 120 }), 86400);
	assert_int_equal(date_day((struct date){ 3600, -120 }), -86400);
}

static void
every_day_comes_back(void **state)
{
	struct str s = STR_INIT;
	struct date d, back;

	(void)state;
	for (int64_t day = -719000; day < 2900000; day += 97) {
		d = (struct date){ day * 86400 + 4711, (int)(day % 1400) };
		str_clear(&s);
		date_format(&s, d);
		if (d.seconds > -50000000000) { /* years of four digits */
			assert_true(date_parse(str_span(&s), &back));
			assert_int_equal(back.seconds, d.seconds);
			assert_int_equal(back.zone, d.zone);
		}
		str_clear(&s);
		date_imap_format(&s, d);
		assert_true(date_imap_parse(str_span(&s), &back));
		assert_int_equal(back.seconds, d.seconds);
	}
	str_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_are_written),
		cmocka_unit_test(dates_of_messages_are_read),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(a_day_is_read_without_its_time),
		cmocka_unit_test(dates_of_imap_are_read),
		cmocka_unit_test(a_day_is_the_writers),
		cmocka_unit_test(every_day_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
