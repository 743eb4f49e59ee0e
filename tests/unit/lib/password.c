#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "users/password.h"
#include "users/scram.h"

static void
a_new_hash_is_yescrypt_and_fits_its_password_alone(void **state)
{
	struct str a = STR_INIT, b = STR_INIT;

	(void)state;
	assert_int_equal(password_hash(SPAN("s3cret \xc3\xa9"), &a), 0);
	assert_int_equal(password_hash(SPAN("s3cret \xc3\xa9"), &b), 0);
	assert_true(span_starts(str_span(&a), SPAN("$y$")));
	assert_string_not_equal(a.at, b.at);
	assert_true(password_check(SPAN("s3cret \xc3\xa9"), a.at));
	assert_false(password_check(SPAN("s3cret"), a.at));
	assert_false(password_check(SPAN(""), a.at));
	assert_false(password_check(SPAN("s3cret \xc3\xa9\0x"), a.at));
	str_free(&a);
	str_free(&b);
}

static void
hashes_brought_from_elsewhere_fit(void **state)
{
	(void)state;
	/* "Hello world!" of the SHA-crypt specification; "U*U" of bcrypt's. */
	assert_true(password_check(SPAN("Hello world!"),
	    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/"
	    "O817G3uBnIFNjnQJuesI"
	    "68u4OTLiBFdcbYEdFCoEOfaS35inz1"));
	assert_true(password_check(SPAN("U*U"),
	    "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
	assert_false(password_check(SPAN("u*u"),
	    "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"));
}

static void
weak_and_broken_hashes_fit_nothing(void **state)
{
	static const char *const bad[] = { "", "*", "!", "x", "$1$abc$def",
		"abJnggxhB/yWI", "$y$", "$6$", "$y$j9T$$" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(password_check(SPAN(""), bad[i]));
		assert_false(password_check(SPAN("a"), bad[i]));
	}
}

static void
a_password_over_the_limit_is_not_hashed(void **state)
{
	char text[PASSWORD_MAX];
	struct str hash = STR_INIT;
	struct span s = { text, sizeof text };

	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(password_hash(s, &hash), -1);
	assert_int_equal(password_scram(s, SCRAM_ITERATIONS, &hash), -1);
	assert_int_equal(hash.len, 0);
	assert_true(password_acceptable(span_head(s, sizeof text - 1)));
}

static void
control_characters_and_broken_utf8_are_not_accepted(void **state)
{
	(void)state;
	assert_false(password_acceptable(SPAN("")));
	assert_false(password_acceptable(SPAN("a\nb")));
	assert_false(password_acceptable(SPAN("a\0b")));
	assert_false(password_acceptable(SPAN("\xff")));
	assert_true(password_acceptable(SPAN("correct horse")));
}

static void
scram_keys_belong_to_their_password(void **state)
{
	struct str text = STR_INIT;
	struct scram_keys k;

	(void)state;
	assert_int_equal(password_scram(SPAN("x"), 100, &text), -1);
	assert_int_equal(
	    password_scram(SPAN("pencil"), SCRAM_ITERATIONS, &text), 0);
	assert_true(scram_parse(str_span(&text), &k));
	assert_int_equal(k.iterations, SCRAM_ITERATIONS);
	assert_true(scram_check(SPAN("pencil"), &k));
	assert_false(scram_check(SPAN("pen"), &k));
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_new_hash_is_yescrypt_and_fits_its_password_alone),
		cmocka_unit_test(hashes_brought_from_elsewhere_fit),
		cmocka_unit_test(weak_and_broken_hashes_fit_nothing),
		cmocka_unit_test(a_password_over_the_limit_is_not_hashed),
		cmocka_unit_test(
		    control_characters_and_broken_utf8_are_not_accepted),
		cmocka_unit_test(scram_keys_belong_to_their_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
