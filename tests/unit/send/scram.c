/* bin/send: the client's side of SCRAM-SHA-256. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/send/scram.h"
#include "base/encode.h"

/* The example of RFC 7677 3. */
#define CLIENT_NONCE "rOprNGfwEbeRWgbNEkqO"
#define NONCE CLIENT_NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SERVER_FIRST "r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

static void
is_base64_of(struct str *s, const char *text)
{
	struct str plain = STR_INIT;

	assert_true(base64_decode(&plain, str_span(s)));
	assert_string_equal(plain.at, text);
	str_free(&plain);
	str_free(s);
}

static void
begin(struct scram *s)
{
	struct str first = STR_INIT;

	scram_begin(s, SPAN("user"), SPAN(CLIENT_NONCE), SCRAM_UNBOUND,
	    SPAN(""), &first);
	is_base64_of(&first, "n,,n=user,r=" CLIENT_NONCE);
}

static bool
answer(struct scram *s, struct span message, struct str *final)
{
	struct str text = STR_INIT;
	bool ok;

	base64_encode(&text, message);
	ok = scram_answer(s, str_span(&text), SPAN("pencil"), final);
	str_free(&text);
	return ok;
}

static bool
verify(struct scram *s, const char *message)
{
	struct str text = STR_INIT;
	bool ok;

	base64_encode(&text, span_text(message));
	ok = scram_verify(s, str_span(&text));
	str_free(&text);
	return ok;
}

static void
the_rfcs_exchange(void **state)
{
	struct str final = STR_INIT;
	struct scram s;

	(void)state;
	begin(&s);
	assert_true(answer(&s, SPAN(SERVER_FIRST), &final));
	is_base64_of(&final,
	    "c=biws,r=" NONCE
	    ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	assert_true(
	    verify(&s, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
	assert_true(
	    verify(&s, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,x=y"));
	scram_free(&s);
}

static void
a_host_that_does_not_know_the_password(void **state)
{
	static const char *const wrong[] = { "", "v=", "v=****",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==",
		"x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
		"e=invalid-proof" };
	struct str final = STR_INIT;
	struct scram s;

	(void)state;
	begin(&s);
	assert_true(answer(&s, SPAN(SERVER_FIRST), &final));
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_false(verify(&s, wrong[i]));
		assert_true(s.why.len > 0);
	}
	assert_string_equal(s.why.at, "the host aborted: invalid-proof");
	assert_false(scram_verify(&s, SPAN("v=")));
	scram_free(&s);
	str_free(&final);
}

static void
challenges_that_are_none(void **state)
{
	static const char *const wrong[] = { "", "r=", "x", "e=other-error",
		"e=a b\r\nc", "m=x," SERVER_FIRST, "r=" NONCE,
		/* its nonce, or ours alone */
		"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"r=" CLIENT_NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		/* the salt */
		"r=" NONCE ",s=,i=4096", "r=" NONCE ",s=*,i=4096",
		/* the rounds */
		"r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==",
		"r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=",
		"r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0",
		"r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1",
		"r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096x",
		"r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1000001",
		"r=" NONCE ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4294967297",
		"r=" NONCE
		",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999999999999999" };
	struct str final = STR_INIT;
	struct scram s;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		begin(&s);
		assert_false(answer(&s, span_text(wrong[i]), &final));
		assert_int_equal(final.len, 0);
		assert_true(s.why.len > 0);
		scram_free(&s);
	}
	begin(&s);
	assert_false(scram_answer(&s, SPAN("r=x\n"), SPAN("pencil"), &final));
	scram_free(&s);
	str_free(&final);
}

static void
names_and_channels(void **state)
{
	static const struct {
		enum scram_binding binding;
		const char *channel, *first, *bound;
	} all[] = {
		{ SCRAM_UNOFFERED, "", "y,,n=a=2Cb=3D,r=" CLIENT_NONCE, "y,," },
		{ SCRAM_BOUND, "\x01\x02",
		    "p=tls-exporter,,n=a=2Cb=3D,r=" CLIENT_NONCE,
		    "p=tls-exporter,,\x01\x02" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct str first = STR_INIT, final = STR_INIT, c = STR_INIT;
		struct span rest, bound;
		struct scram s;

		scram_begin(&s, SPAN("a,b="), SPAN(CLIENT_NONCE),
		    all[i].binding, span_text(all[i].channel), &first);
		is_base64_of(&first, all[i].first);
		assert_true(answer(&s, SPAN(SERVER_FIRST), &final));
		assert_true(base64_decode(&c, str_span(&final)));
		rest = str_span(&c);
		assert_true(span_take_text(&rest, SPAN("c=")));
		assert_true(span_until(&rest, ',', &bound));
		str_clear(&first);
		str_add(&first, bound);
		is_base64_of(&first, all[i].bound);
		str_free(&c);
		str_free(&final);
		scram_free(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rfcs_exchange),
		cmocka_unit_test(a_host_that_does_not_know_the_password),
		cmocka_unit_test(challenges_that_are_none),
		cmocka_unit_test(names_and_channels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
