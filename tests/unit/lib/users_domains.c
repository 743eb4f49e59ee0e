/* Domains that are other names, and the names that all domains have. */
#include "users_made.h"

static void
names_that_all_domains_have_go_to_their_taker(void **state)
{
	static const char roles[] =
	    "example.org domain\n"
	    "other.example domain\n"
	    "bob@example.org mailbox\n"
	    "ann@example.org mailbox\n"
	    "eve@other.example mailbox\n"
	    "postmaster@other.example -> eve@other.example\n"
	    "postmaster@mx.lan -> ann@example.org\n"
	    "abuse@mx.lan -> eve@other.example\n"
	    "webmaster@other.example -> bob@example.org\n"
	    "desk@example.org -> hostmaster@example.org, root@mx.lan\n";
	static const char *const own[] = { "root", "mailer-daemon", "abuse" };
	struct place *p = *state;
	struct users u;
	struct str name = STR_INIT;

	assert_int_equal(compile(p, roles), 0);
	users_open(&u, p->etc);
	expect(&u, "root", USER_TARGETS, "postmaster@mx.lan");
	expect(&u, "bob", USER_MAILBOX, "bob@example.org");
	expect(&u, "hostmaster@example.org", USER_TARGETS, "postmaster@mx.lan");
	expect(&u, "abuse@example.org", USER_TARGETS, "abuse@mx.lan");
	expect(&u, "webmaster@other.example", USER_TARGETS,
	    "webmaster@other.example");
	for (size_t i = 0; i < COUNT(own); i++) {
		str_setf(&name, "%s@other.example", own[i]);
		expect(&u, name.at, USER_TARGETS, "postmaster@other.example");
	}
	assert_int_equal(
	    users_may_send(&u, SPAN("ann@example.org"), SPAN("root@mx.lan")),
	    1);
	assert_int_equal(
	    users_may_send(&u, SPAN("bob@example.org"), SPAN("root@mx.lan")),
	    0);
	users_close(&u);
	/* Only back to itself. */
	assert_int_equal(compile(p,
			     "example.org domain\nbob@example.org mailbox\n"
			     "postmaster@mx.lan -> abuse@example.org\n"),
	    1);
	assert_string_equal(p->faults.at,
	    "3: abuse@example.org: leads back to itself; break the alias "
	    "loop\n");
	str_free(&name);
}

static void
a_domain_may_be_another_name_of_one(void **state)
{
	static const char aliases[] =
	    "new.example domain\n"
	    "bob@new.example mailbox\n"
	    "sales@new.example -> bob@Old.example, x@elsewhere.net\n"
	    "@old.example -> @New.Example\n"
	    "@büro.example -> @new.example # as written\n"
	    "büro.example domain\n"
	    "@mx.lan -> @new.example\n";
	struct place *p = *state;
	struct span bob = SPAN("bob@new.example");
	struct str name = STR_INIT;
	struct users u;
	struct user r;

	assert_int_equal(compile(p, aliases), 0);
	users_open(&u, p->etc);
	expect(&u, "Bob@OLD.example", USER_MAILBOX, "bob@new.example");
	expect(&u, "bob@xn--bro-hoa.example", USER_MAILBOX, "bob@new.example");
	expect(&u, "sales@old.example", USER_TARGETS, "sales@new.example");
	expect(&u, "nobody@old.example", USER_UNKNOWN, NULL);
	expect(&u, "postmaster@old.example", USER_MAILBOX, "bob@new.example");
	expect(&u, "bob@mx.lan", USER_MAILBOX, "bob@new.example");
	expect(&u, "bob@[127.0.0.1]", USER_MAILBOX, "bob@new.example");
	expect(&u, "bob", USER_MAILBOX, "bob@new.example");
	expect(&u, "bob@older.example", USER_NOT_LOCAL, NULL);
	assert_int_equal(users_domain(&u, SPAN("OLD.example.")), 1);
	assert_int_equal(users_may_send(&u, bob, SPAN("bob+x@old.example")), 1);
	assert_int_equal(users_may_send(&u, bob, SPAN("sales@old.example")), 1);
	assert_int_equal(users_may_send(&u, bob, SPAN("eve@old.example")), 0);
	user_init(&r);
	assert_int_equal(
	    users_account(&u, SPAN("bob@old.example"), &r), USER_MAILBOX);
	assert_string_equal(r.address.at, "bob@new.example");
	users_lookup(&u, SPAN("Bob+Box@old.example"), &r);
	assert_string_equal(r.extension.at, "box");
	assert_true(user_rename(&r, SPAN("Bob+Box@old.example"), &name));
	assert_string_equal(name.at, "Bob+Box@new.example");
	users_lookup(&u, bob, &r);
	assert_false(user_rename(&r, bob, &name));
	str_free(&name);
	user_free(&r);
	users_close(&u);
}

static void
faults_of_domain_aliases_are_told(void **state)
{
	struct place *p = *state;

	assert_int_equal(compile(p,
			     "new.example domain\n"
			     "@a.example -> @b.example\n"
			     "@b.example -> @a.example\n"
			     "@c.example -> @b.example\n"
			     "@d.example -> @d.example\n"
			     "@e.example -> @elsewhere.net\n"
			     "@f.example -> @new.example\n"
			     "@f.example -> x@elsewhere.net\n"
			     "bob@f.example mailbox\n"
			     "@new.example -> @, x@y.net\n"
			     "x@new.example -> nobody@f.example\n"
			     "y@new.example -> z@f.example\n"
			     "z@new.example -> y@f.example\n"),
	    1);
	assert_string_equal(p->faults.at,
	    "8: @f.example: is already on line 7; remove one of the two\n"
	    "10: , x@y.net: not a domain; write @old.example -> @new.example\n"
	    "2: b.example: is an alias itself; name the domain that it "
	    "stands for\n"
	    "3: a.example: is an alias itself; name the domain that it "
	    "stands for\n"
	    "4: b.example: is an alias itself; name the domain that it "
	    "stands for\n"
	    "5: d.example: is an alias itself; name the domain that it "
	    "stands for\n"
	    "6: elsewhere.net: is not a domain here; add a line for it, or "
	    "send "
	    "this domain's mail there with routes\n"
	    "9: bob@f.example: its domain is an alias of new.example (line "
	    "7); make the entry there\n"
	    "11: nobody@f.example: no such address here; add it, or "
	    "correct the target\n"
	    "13: y@f.example: leads back to itself; break the alias "
	    "loop\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_that_all_domains_have_go_to_their_taker),
		TEST(a_domain_may_be_another_name_of_one),
		TEST(faults_of_domain_aliases_are_told),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
