/* lib/store: what a name says of its message wherever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/name_object.h"

static void
check(const char *file, const char *object, int64_t saved)
{
	struct str out = STR_INIT;
	struct name n;

	assert_true(name_parse(span_text(file), &n));
	name_object(&n, &out);
	assert_string_equal(out.at, object);
	assert_int_equal(name_saved(&n), saved);
	str_free(&out);
}

static void
a_name_of_ours_has_its_id_and_time(void **state)
{
	(void)state;
	/* Put there by a session: the id's time counts, not the internal date. */
	check("1000000000.01KAYQ5HZ5G8ZB4TW0T7X0PQ9V.host,S=1,W=1,U=3:2,S",
	    "01KAYQ5HZ5G8ZB4TW0T7X0PQ9V", 1764115007);
	check("1764082999.01KAYQ5HZ5G8ZB4TW0T7X0PQ9Vr0a1b2c3d.host,S=1",
	    "01KAYQ5HZ5G8ZB4TW0T7X0PQ9Vr0a1b2c3d", 1764082999);
	check("1000000000.01KAYQ5HZ5G8ZB4TW0T7X0PQ9V.host,S=1,E=h00ff,U=3:2,",
	    "h00ff", 1764115007);
}

static void
a_foreign_name_is_hashed_up_to_its_fields(void **state)
{
	(void)state;
	check("1700000000.a.h", "ha0797ee42515a182", -1);
	check("1700000000.a.h,U=7:2,FS", "ha0797ee42515a182", -1);
	check("1700000000.a.h,E=a.x,E=,E=good", "good", -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_of_ours_has_its_id_and_time),
		cmocka_unit_test(a_foreign_name_is_hashed_up_to_its_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
