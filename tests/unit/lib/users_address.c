/* One address, however it is written. */
#include "users_made.h"

static const char text[] = "example.org domain\n"
			   "bob@example.org mailbox\n"
			   "\"o,dd\"@example.org mailbox\n"
			   "bücher.example domain\n"
			   "leser@bücher.example mailbox\n"
			   "jörg@bücher.example mailbox\n";

static void
both_forms_of_a_domain_are_one(void **state)
{
	struct place *p = *state;
	struct users u;

	assert_int_equal(compile(p, text), 0);
	users_open(&u, p->etc);
	expect(&u, "leser@bücher.example", USER_MAILBOX,
	    "leser@xn--bcher-kva.example");
	expect(&u, "leser@XN--bcher-KVA.example", USER_MAILBOX,
	    "leser@xn--bcher-kva.example");
	expect(&u, "jörg@bücher.example", USER_MAILBOX,
	    "jörg@xn--bcher-kva.example");
	/* However it is written (UTS 46). */
	expect(&u, "leser@BÜCHER.Example", USER_MAILBOX,
	    "leser@xn--bcher-kva.example");
	expect(&u,
	    "leser@bu\xcc\x88"
	    "cher.example",
	    USER_MAILBOX, "leser@xn--bcher-kva.example");
	expect(&u,
	    "Leser+x@BU\xcc\x88"
	    "CHER\xe3\x80\x82"
	    "EXAMPLE.",
	    USER_MAILBOX, "leser@xn--bcher-kva.example");
	expect(&u,
	    "bob@EXAMPLE\xef\xbc\x8e"
	    "org",
	    USER_MAILBOX, "bob@example.org");
	expect(&u,
	    "leser@büch\xc2\xad"
	    "er.example",
	    USER_MAILBOX, "leser@xn--bcher-kva.example");
	expect(&u, "leser@büche.example", USER_NOT_LOCAL, NULL);
	assert_int_equal(users_domain(&u,
			     SPAN("B\xc3\x9c"
				  "cher.example.")),
	    1);
	users_close(&u);
}

static void
an_extension_may_need_quotes(void **state)
{
	static const struct {
		const char *address, *entry, *extension, *wanted;
	} cases[] = {
		{ "\"bob+a b\"@example.org", "bob@example.org", "a b",
		    "\"bob+a b\"@example.org" },
		{ "\"bob+x\"@example.org", "bob@example.org", "x",
		    "bob+x@example.org" },
		{ "bob+x.@example.org", "bob@example.org", "x.",
		    "\"bob+x.\"@example.org" },
		{ "bob+a..b@example.org", "bob@example.org", "a..b",
		    "\"bob+a..b\"@example.org" },
		{ "\"bob+\\\"\"@example.org", "bob@example.org", "\"",
		    "\"bob+\\\"\"@example.org" },
		{ "\"o,dd+x\"@example.org", "\"o,dd\"@example.org", "x",
		    "\"o,dd+x\"@example.org" },
		{ "bob+@example.org", "bob@example.org", "",
		    "bob+@example.org" },
		{ "\"postmaster+a b\"@example.org", "bob@example.org", "",
		    "\"postmaster+a b\"@example.org" },
	};
	struct place *p = *state;
	struct users u;
	struct user r;

	assert_int_equal(compile(p, text), 0);
	users_open(&u, p->etc);
	user_init(&r);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    users_lookup(&u, span_text(cases[i].address), &r),
		    USER_MAILBOX);
		assert_string_equal(r.address.at, cases[i].entry);
		assert_string_equal(r.extension.at, cases[i].extension);
		assert_string_equal(r.wanted.at, cases[i].wanted);
	}
	expect(&u, "\"+x\"@example.org", USER_UNKNOWN, NULL);
	expect(&u, "\"al+x\"@example.org", USER_UNKNOWN, NULL);
	user_free(&r);
	users_close(&u);
}

static void
a_last_dot_is_no_part_of_a_domain(void **state)
{
	struct place *p = *state;
	struct users u;

	assert_int_equal(compile(p,
			     "example.org. domain\n"
			     "bob@example.org. mailbox\n"),
	    0);
	users_open(&u, p->etc);
	expect(&u, "bob@example.org.", USER_MAILBOX, "bob@example.org");
	expect(&u, "bob@EXAMPLE.org", USER_MAILBOX, "bob@example.org");
	expect(&u, "bob@example.org..", USER_UNKNOWN, NULL);
	assert_int_equal(users_domain(&u, SPAN("example.org.")), 1);
	users_close(&u);
}

static void
an_asterisk_is_no_catch_all(void **state)
{
	struct place *p = *state;

	assert_int_not_equal(compile(p,
				 "example.org domain\nbob@example.org mailbox\n"
				 "*@example.org -> bob@example.org\n"),
	    0);
	assert_non_null(strstr(p->faults.at, "write @domain for a catch-all"));
	/* One among other letters is a letter. */
	assert_int_equal(
	    compile(p, "example.org domain\nb*b@example.org mailbox\n"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_forms_of_a_domain_are_one),
		TEST(an_extension_may_need_quotes),
		TEST(a_last_dot_is_no_part_of_a_domain),
		TEST(an_asterisk_is_no_catch_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
