#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "users/sasl.h"

static void
plain_has_exactly_three_parts(void **state)
{
	static const struct span bad[] = { SPAN_INIT(""), SPAN_INIT("a"),
		SPAN_INIT("\0"), SPAN_INIT("\0a"), SPAN_INIT("\0\0"),
		SPAN_INIT("\0\0b"), SPAN_INIT("\0a\0b\0"),
		SPAN_INIT("\0a\0b\0c") };
	struct sasl_plain p;

	(void)state;
	assert_true(sasl_plain_parse(SPAN("z\0a\0b c"), &p));
	assert_true(span_equal(p.authzid, SPAN("z")));
	assert_true(span_equal(p.authcid, SPAN("a")));
	assert_true(span_equal(p.password, SPAN("b c")));
	assert_true(sasl_plain_parse(SPAN("\0a\0"), &p));
	assert_int_equal(p.password.len, 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(sasl_plain_parse(bad[i], &p));
}

static void
a_first_message_is_taken_apart(void **state)
{
	struct sasl_first f;

	(void)state;
	sasl_first_init(&f);
	assert_true(sasl_first_parse(
	    SPAN("p=tls-server-end-point,a=x=2Cy=3D,n=b=3Do,r=n0nce,e=1"), &f));
	assert_int_equal(f.binding, 'p');
	assert_true(span_equal(f.channel, SPAN("tls-server-end-point")));
	assert_true(
	    span_equal(f.gs2, SPAN("p=tls-server-end-point,a=x=2Cy=3D,")));
	assert_true(span_equal(f.bare, SPAN("n=b=3Do,r=n0nce,e=1")));
	assert_string_equal(f.authzid.at, "x,y=");
	assert_string_equal(f.user.at, "b=o");
	assert_true(span_equal(f.nonce, SPAN("n0nce")));
	sasl_first_free(&f);
}

static void
a_malformed_first_message_is_not(void **state)
{
	static const struct span bad[] = { SPAN_INIT(""), SPAN_INIT("n"),
		SPAN_INIT("n,"), SPAN_INIT("n,,"), SPAN_INIT("n,,n=a"),
		SPAN_INIT("n,,n=,r=x"), SPAN_INIT("n,,n=a,r="),
		SPAN_INIT("n,,n=a,r=\x7f"), SPAN_INIT("x,,n=a,r=x"),
		SPAN_INIT("p,,n=a,r=x"), SPAN_INIT("p=,,n=a,r=x"),
		SPAN_INIT("nn,,n=a,r=x"), SPAN_INIT("n,b=c,n=a,r=x"),
		SPAN_INIT("n,a=,n=a,r=x"), SPAN_INIT("n,,n=a=41,r=x"),
		SPAN_INIT("n,,n=a\0b,r=x"), SPAN_INIT("n,,m=1,n=a,r=x"),
		SPAN_INIT("n,,r=x,n=a") };
	struct sasl_first f;

	(void)state;
	sasl_first_init(&f);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(sasl_first_parse(bad[i], &f));
	sasl_first_free(&f);
}

static void
the_proof_is_the_last_part(void **state)
{
	struct sasl_final f;

	(void)state;
	assert_true(sasl_final_parse(SPAN("c=biws,r=ab,x=1,p=cd=="), &f));
	assert_true(span_equal(f.binding, SPAN("biws")));
	assert_true(span_equal(f.nonce, SPAN("ab")));
	assert_true(span_equal(f.without_proof, SPAN("c=biws,r=ab,x=1")));
	assert_true(span_equal(f.proof, SPAN("cd==")));
	assert_false(sasl_final_parse(SPAN("c=biws,r=ab"), &f));
	assert_false(sasl_final_parse(SPAN("c=biws,r=ab,p=x,y=1"), &f));
	assert_false(sasl_final_parse(SPAN("r=ab,c=biws,p=x"), &f));
	assert_false(sasl_final_parse(SPAN(""), &f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_has_exactly_three_parts),
		cmocka_unit_test(a_first_message_is_taken_apart),
		cmocka_unit_test(a_malformed_first_message_is_not),
		cmocka_unit_test(the_proof_is_the_last_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
