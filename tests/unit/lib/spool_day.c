/* lib/spool/day */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/day.h"

static void
a_second_is_of_a_day(void **state)
{
	(void)state;
	assert_string_equal(day_of(0).name, "1970-01-01");
	assert_string_equal(day_of(1764115199).name, "2025-11-25");
	assert_string_equal(day_of(1764115200).name, "2025-11-26");
	assert_int_equal(day_of(1764115201).begin, 1764115200);
	/* A clock that is wrong gives a name all the same. */
	assert_string_equal(day_of(-1).name, "1970-01-01");
	assert_string_equal(day_of(INT64_MAX).name, "9999-12-31");
}

static void
a_name_is_a_day_of_the_calendar_or_none(void **state)
{
	static const char *const wrong[] = { "", "2025-11-2", "2025-11-026",
		"2025-1-026", "2025-13-01", "2025-02-29", "1969-12-31",
		"2025-11-26x", "2025/11/26", "+025-11-26", "2025-00-10" };
	struct day d;

	(void)state;
	assert_true(day_parse(SPAN("2024-02-29"), &d));
	assert_string_equal(d.name, "2024-02-29");
	assert_int_equal(d.begin, 1709164800);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(day_parse(span_text(wrong[i]), &d));
}

static void
the_days_of_a_folder_come_in_order(void **state)
{
	static const char *const names[] = { "2025-11-26", "2024-12-31",
		"notes", "2025-01-01", ".new" };
	char path[] = "/tmp/days.XXXXXX";
	struct days days;
	int dir;

	(void)state;
	assert_non_null(mkdtemp(path));
	dir = open(path, O_RDONLY | O_DIRECTORY);
	for (size_t i = 0; i < COUNT(names); i++)
		close(openat(dir, names[i], O_CREAT | O_WRONLY, 0600));
	assert_int_equal(days_read(&days, dir), 0);
	assert_int_equal(days.count, 3);
	assert_string_equal(days.all[0].name, "2024-12-31");
	assert_string_equal(days.all[2].name, "2025-11-26");
	days_free(&days);
	for (size_t i = 0; i < COUNT(names); i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	rmdir(path);
	assert_int_equal(days_read(&days, -1), -1);
	assert_int_equal(days.count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_is_of_a_day),
		cmocka_unit_test(a_name_is_a_day_of_the_calendar_or_none),
		cmocka_unit_test(the_days_of_a_folder_come_in_order),
	};

	return cmocka_run_group_tests_name("spool_day", tests, NULL, NULL);
}
