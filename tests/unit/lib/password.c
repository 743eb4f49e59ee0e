#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "users/password.h"
#include "users/password_scheme.h"
#include "users/password_weak.h"
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

/* Of "secret" with the salt "saltsalt", but for Argon2. */
#define SHA_1 "1G904nLkTkGWjKNnQuB/hpWXC/hzYWx0c2FsdA=="
#define SHA_256 "oBmrdHcA6OZEkkCLeXh71YAerbvhXz1qqwjrPsXmEtNzYWx0c2FsdA=="
#define SHA_512                                                                \
	"aCu7JRc+kLsuEmFs1zTY+AiP7DSGnjjG+dH28Dp+E5usqoAixeTPihKqZmkWal4mUfp6" \
	"3tqvCAkFV1LKTDFH6XNhbHRzYWx0"
#define MD5_CRYPT "$1$saltsalt$9xy1btjgzLYfb7hivXtC//"
#define ARGON2ID                                                               \
	"$argon2id$v=19$m=65536,t=3,p=1$D51kLHaXNs6VQ8iHW3WQ4w$"               \
	"c1zSlraijvCs/aQAtnBWyoxPHAP025jS+1Zl6MdAoTI"
#define ARGON2I                                                                \
	"$argon2i$v=19$m=32768,t=4,p=1$wAA6FROtOXm6nlT4NFJuIg$"                \
	"SxBSY4EKiB+nKPP4Ua7t3hbIi9cDwOo11cQV0jTRUkQ"

static void
schemes_of_dovecot_are_taken_over(void **state)
{
	static const struct {
		const char *value, *kept;
	} cases[] = {
		{ "{SSHA}" SHA_1, "{SSHA}" SHA_1 },
		{ "{ssha256}" SHA_256, "{SSHA256}" SHA_256 },
		{ "{SSHA512.b64}" SHA_512, "{SSHA512}" SHA_512 },
		{ "{SSHA.hex}"
		  "D46F74E272E44E41968ca36742e07f8695970bf873616c7473616c74",
		    "{SSHA}" SHA_1 },
		{ "{MD5-CRYPT}" MD5_CRYPT, MD5_CRYPT },
		{ "{MD5}" MD5_CRYPT, MD5_CRYPT },
		{ "{CRYPT}" MD5_CRYPT, MD5_CRYPT },
		{ "{MD5-CRYPT.B64}"
		  "JDEkc2FsdHNhbHQkOXh5MWJ0amd6TFlmYjdoaXZYdEMvLw==",
		    MD5_CRYPT },
		{ "{ARGON2ID}" ARGON2ID, ARGON2ID },
		{ "{Argon2i}" ARGON2I, ARGON2I },
		{ ARGON2I, ARGON2I },
	};
	struct str kept = STR_INIT;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (scheme_read(span_text(cases[i].value), &kept, &why) !=
		    SCHEME_HASH)
			fail_msg("%s: %s", cases[i].value, why);
		assert_string_equal(kept.at, cases[i].kept);
		assert_true(password_check(SPAN("secret"), kept.at));
		assert_false(password_check(SPAN("Secret"), kept.at));
		assert_false(password_check(SPAN(""), kept.at));
	}
	assert_int_equal(
	    scheme_read(SPAN("!{SSHA}" SHA_1), &kept, &why), SCHEME_HASH);
	assert_string_equal(kept.at, "!{SSHA}" SHA_1);
	assert_false(password_check(SPAN("secret"), kept.at));
	assert_int_equal(
	    scheme_read(SPAN("{SCRAM-SHA-256}4096,a,b,c"), &kept, &why),
	    SCHEME_SCRAM);
	assert_string_equal(kept.at, "4096,a,b,c");
	/* Of the reference implementation: four lanes, a short digest. */
	assert_true(password_check(SPAN("password"),
	    "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$"
	    "RdescudvJCsgt3ub+b+dWRWJTmaaJObG"));
	str_free(&kept);
}

static void
other_schemes_are_refused_with_what_to_do(void **state)
{
	static const struct {
		const char *value, *why;
	} cases[] = {
		{ "{PLAIN}secret", "clear-text" },
		{ "{CLEARTEXT}secret", "clear-text" },
		{ "{plain.b64}c2VjcmV0", "clear-text" },
		{ "secret", "not a hash" },
		{ "", "not a hash" },
		{ "{", "{SCHEME}" },
		{ "{}x", "{SCHEME}" },
		{ "{CRAM-MD5}x", "{SCHEME}" },
		{ "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "{SCHEME}" },
		{ "{DES-CRYPT}abJnggxhB/yWI", "{SCHEME}" },
		{ "{CRYPT}abJnggxhB/yWI", "not a hash" },
		{ "{SHA512-CRYPT}" MD5_CRYPT, "not a hash" },
		{ "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "not a hash" },
		{ "{SSHA.rot13}" SHA_1, "not a hash" },
		{ "{SSHA.HEX}" SHA_1, "not a hash" },
		{ "{SSHA}", "not a hash" },
		{ "{SSHA", "not a hash" },
		{ "!!" MD5_CRYPT, "not a hash" },
		{ "!{MD5-CRYPT}!" MD5_CRYPT, "not a hash" },
		{ "{ARGON2ID}" ARGON2I, "not a hash" },
		{ "$argon2d$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$AAAA", "" },
		{ "$argon2id$v=16$m=65536,t=3,p=1$c29tZXNhbHQ$AAAA", "" },
		{ "$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHQ$AAAA", "" },
		{ "$argon2id$v=19$m=65536,t=99,p=1$c29tZXNhbHQ$AAAA", "" },
		{ "$argon2id$v=19$m=65536,t=3,p=0$c29tZXNhbHQ$AAAA", "" },
	};
	struct str kept = STR_INIT;
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (scheme_read(span_text(cases[i].value), &kept, &why) !=
			SCHEME_WRONG ||
		    strstr(why, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].value, why);
		assert_false(password_check(SPAN("secret"), kept.at));
	}
	str_free(&kept);
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
passwords_that_guessers_try_are_weak(void **state)
{
	static const struct {
		const char *password, *why;
	} cases[] = {
		{ "short", "10 characters" },
		{ "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "10 characters" },
		{ "123456789012345", "digits" },
		{ "2015-06-07-31", "digits" },
		{ "Password2024!!", "common" },
		{ "P@ssw0rd12", "common" },
		{ "$ecret!!!!!!", "common" },
		{ "!!!!QWERTZ!!!!", "common" },
		{ "i-am-Robert-the-1st", "name" },
		{ "my-MailHost-pass", "name" },
		{ "49381726504938172650", NULL },
		{ "correct horse", NULL },
		{ "x7-tr!Kob(e2", NULL },
		{ "de-Rob-erta1", NULL },
		{ "orgorgorgxyz", NULL },
	};
	const char *why;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		why = password_weakness(span_text(cases[i].password),
		    SPAN("robert@de.mailhost.org"));
		if (cases[i].why == NULL
			? why != NULL
			: why == NULL || strstr(why, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].password,
			    why == NULL ? "good" : why);
	}
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
		cmocka_unit_test(schemes_of_dovecot_are_taken_over),
		cmocka_unit_test(other_schemes_are_refused_with_what_to_do),
		cmocka_unit_test(weak_and_broken_hashes_fit_nothing),
		cmocka_unit_test(a_password_over_the_limit_is_not_hashed),
		cmocka_unit_test(
		    control_characters_and_broken_utf8_are_not_accepted),
		cmocka_unit_test(passwords_that_guessers_try_are_weak),
		cmocka_unit_test(scram_keys_belong_to_their_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
