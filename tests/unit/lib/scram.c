#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "base/encode.h"
#include "users/scram.h"

/* The example of RFC 7677 3. */
static const char auth_message[] =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";

static struct scram_keys
example(const char *password)
{
	struct scram_keys k = { .iterations = 4096 };
	struct str salt = STR_INIT;

	assert_true(base64_decode(&salt, SPAN("W22ZaJ0SNY7soEsUEjb6gQ==")));
	memcpy(k.salt, salt.at, salt.len);
	k.salt_len = salt.len;
	str_free(&salt);
	scram_derive(span_text(password), &k);
	return k;
}

static void
the_rfcs_proof_fits(void **state)
{
	struct scram_keys k = example("pencil");
	struct str proof = STR_INIT;

	(void)state;
	assert_true(base64_decode(
	    &proof, SPAN("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")));
	assert_true(
	    scram_proof_fits(&k, span_text(auth_message), str_span(&proof)));
	proof.at[31] ^= 1;
	assert_false(
	    scram_proof_fits(&k, span_text(auth_message), str_span(&proof)));
	assert_false(scram_proof_fits(
	    &k, span_text(auth_message), span_head(str_span(&proof), 31)));
	str_free(&proof);
}

static void
a_proof_for_another_password_does_not_fit(void **state)
{
	struct scram_keys k = example("pencils");
	struct str proof = STR_INIT;

	(void)state;
	base64_decode(
	    &proof, SPAN("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
	assert_false(
	    scram_proof_fits(&k, span_text(auth_message), str_span(&proof)));
	str_free(&proof);
}

static void
the_server_signs_as_in_the_rfc(void **state)
{
	struct scram_keys k = example("pencil");
	unsigned char signature[SCRAM_KEY];
	struct str text = STR_INIT;

	(void)state;
	scram_signature(&k, span_text(auth_message), signature);
	base64_encode(&text, (struct span){ (char *)signature, SCRAM_KEY });
	assert_string_equal(
	    text.at, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
	str_free(&text);
}

static void
keys_survive_their_text_form(void **state)
{
	struct scram_keys k = example("pencil"), again = { 0 };
	struct str text = STR_INIT;

	(void)state;
	scram_write(&k, &text);
	assert_true(scram_parse(str_span(&text), &again));
	assert_memory_equal(k.stored, again.stored, SCRAM_KEY);
	assert_memory_equal(k.server, again.server, SCRAM_KEY);
	assert_int_equal(again.salt_len, 16);
	assert_true(scram_check(SPAN("pencil"), &again));
	assert_false(scram_check(SPAN("Pencil"), &again));
	str_free(&text);
}

static void
broken_keys_are_not_keys(void **state)
{
	static const char *const bad[] = { "", "4096", "4096,,,",
		"0,AA==,AA==,AA==", "x,AA==,AA==,AA==", "4096,AA==,AA==,AA==",
		"99999999999,AA==,AA==,AA==",
		"4096,W22ZaJ0SNY7soEsUEjb6gQ==,"
		"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
		"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=," };
	struct scram_keys k;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(scram_parse(span_text(bad[i]), &k));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rfcs_proof_fits),
		cmocka_unit_test(a_proof_for_another_password_does_not_fit),
		cmocka_unit_test(the_server_signs_as_in_the_rfc),
		cmocka_unit_test(keys_survive_their_text_form),
		cmocka_unit_test(broken_keys_are_not_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
