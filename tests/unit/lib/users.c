/* The compiler and the lookups, over real databases in a folder of their own. */
#include "users_made.h"

#include <sys/stat.h>

#include "users/secrets.h"
#include "users/users.h"

static const char text[] =
    "# everything\n"
    "example.org domain\n"
    "Bob@Example.ORG mailbox quota=5G\n"
    "ann@example.org mailbox home=/home/ann uid=1000 gid=1001 mbox=/m/ann\n"
    "sales@example.org -> bob@example.org, ann@example.org # both\n"
    "deep@example.org -> sales@example.org\n"
    "copy@example.org mailbox\n"
    "copy@example.org -> copy@example.org, x@elsewhere.net\n"
    "a+b@example.org -> bob@example.org\n"
    "robot@example.org | /bin/true a, b\n"
    "all.example domain\n"
    "@all.example -> bob@example.org\n"
    "bücher.example domain\n"
    "leser@bücher.example mailbox\n"
    "jörg@bücher.example mailbox\n"

    "lan@mx.lan mailbox\n";

static void
addresses_are_found_in_the_order_of_the_manual(void **state)
{
	struct place *p = *state;
	struct users u;

	assert_int_equal(compile(p, text), 0);
	users_open(&u, p->etc);
	expect(&u, "bob@example.org", USER_MAILBOX, "bob@example.org");
	expect(&u, "BOB@EXAMPLE.org", USER_MAILBOX, "bob@example.org");
	expect(&u, "bob+x@example.org", USER_MAILBOX, "bob@example.org");
	expect(&u, "a+b@example.org", USER_TARGETS, "a+b@example.org");
	expect(&u, "a@example.org", USER_UNKNOWN, NULL);
	expect(&u, "any@all.example", USER_TARGETS, "@all.example");
	expect(&u, "x@elsewhere.net", USER_NOT_LOCAL, NULL);
	expect(&u, "", USER_UNKNOWN, NULL);
	expect(&u, "@example.org", USER_UNKNOWN, NULL);
	expect(&u, "../../bob@example.org", USER_UNKNOWN, NULL);
	expect(&u, "\"bob\"@example.org", USER_MAILBOX, "bob@example.org");
	users_close(&u);
}

static void
postmaster_and_this_machine_always_exist(void **state)
{
	struct place *p = *state;
	struct users u;

	assert_int_equal(compile(p, text), 0);
	users_open(&u, p->etc);
	expect(&u, "postmaster", USER_MAILBOX, "bob@example.org");
	expect(&u, "PostMaster@example.org", USER_MAILBOX, "bob@example.org");
	expect(&u, "postmaster@all.example", USER_TARGETS, "@all.example");
	expect(&u, "postmaster@elsewhere.net", USER_NOT_LOCAL, NULL);
	expect(&u, "root", USER_MAILBOX, "bob@example.org");
	expect(&u, "Root@mx.lan", USER_MAILBOX, "bob@example.org");
	expect(&u, "Abuse+x@Example.org", USER_MAILBOX, "bob@example.org");
	expect(&u, "mailer-daemon@all.example", USER_TARGETS, "@all.example");
	expect(&u, "noc@example.org", USER_UNKNOWN, NULL);
	expect(&u, "lan@[127.0.0.1]", USER_MAILBOX, "lan@mx.lan");
	expect(&u, "lan@[IPv6:::1]", USER_MAILBOX, "lan@mx.lan");
	expect(&u, "bob@[127.0.0.1]", USER_MAILBOX, "bob@example.org");
	expect(&u, "bob@[192.0.2.77]", USER_NOT_LOCAL, NULL);
	expect(&u, "lan@mx.lan", USER_MAILBOX, "lan@mx.lan");
	expect(&u, "bob@MX.lan", USER_MAILBOX, "bob@example.org");
	assert_int_equal(users_domain(&u, SPAN("MX.lan")), 1);
	assert_int_equal(users_domain(&u, SPAN("elsewhere.net")), 0);
	users_close(&u);
}

static void
a_host_that_is_a_domain_has_its_own_users(void **state)
{
	struct place *p = *state;
	struct users u;

	assert_int_equal(compile(p,
			     "example.org domain\nmx.lan domain\n"
			     "bob@example.org mailbox\n"
			     "lan@mx.lan mailbox\n"),
	    0);
	users_open(&u, p->etc);
	expect(&u, "lan@mx.lan", USER_MAILBOX, "lan@mx.lan");
	expect(&u, "bob@mx.lan", USER_UNKNOWN, NULL);
	users_close(&u);
}

static void
without_a_database_the_host_serves_its_name(void **state)
{
	struct place *p = *state;
	struct users u;

	place_write(p, "me", SPAN("mx.lan\n"));
	users_open(&u, p->etc);
	expect(&u, "postmaster@mx.lan", USER_MAILBOX, "postmaster@mx.lan");
	expect(&u, "bob@mx.lan", USER_UNKNOWN, NULL);
	expect(&u, "bob@example.org", USER_NOT_LOCAL, NULL);
	users_close(&u);
}

static void
fields_of_an_account_come_through(void **state)
{
	struct place *p = *state;
	struct users u;
	struct user r;
	struct str path = STR_INIT;

	assert_int_equal(compile(p, text), 0);
	users_open(&u, p->etc);
	user_init(&r);
	users_lookup(&u, SPAN("bob+Inbox@example.org"), &r);
	assert_int_equal(r.quota, 5ULL << 30);
	assert_string_equal(r.extension.at, "inbox");
	assert_string_equal(r.wanted.at, "bob+inbox@example.org");
	user_maildir(&r, &path);
	assert_string_equal(path.at, "/mail/example.org/bob/Maildir");
	users_lookup(&u, SPAN("ann@example.org"), &r);
	assert_true(r.own_uid && r.uid == 1000 && r.gid == 1001);
	assert_string_equal(r.mbox.at, "/m/ann");
	user_maildir(&r, &path);
	assert_string_equal(path.at, "/home/ann/Maildir");
	users_lookup(&u, SPAN("jörg@bücher.example"), &r);
	user_home(&r, &path);
	assert_string_equal(path.at, "/mail/xn--bcher-kva.example/j%C3%B6rg");
	users_places(&u, &path);
	assert_string_equal(path.at, "/home/\n/m/\n");
	assert_true(users_have(&u, "uids"));
	str_free(&path);
	user_free(&r);
	users_close(&u);
}

static void
a_mailbox_path_can_not_climb(void **state)
{
	struct user r;
	struct str path = STR_INIT;

	(void)state;
	user_init(&r);
	str_set(&r.address, SPAN("../a/..b@..%.org"));
	user_home(&r, &path);
	assert_string_equal(path.at, "/mail/%2E.%25.org/%2E.%2Fa%2F..b");
	str_set(&r.address, SPAN(".@example.org"));
	user_home(&r, &path);
	assert_string_equal(path.at, "/mail/example.org/%2E");
	str_free(&path);
	user_free(&r);
}

static void
a_login_is_an_account_and_nothing_else(void **state)
{
	struct place *p = *state;
	static const struct {
		const char *login;
		enum user_kind kind;
	} cases[] = { { "bob@example.org", USER_MAILBOX },
		{ "bob", USER_MAILBOX }, { "lan", USER_MAILBOX },
		{ "copy@example.org", USER_MAILBOX },
		{ "bob+x@example.org", USER_UNKNOWN },
		{ "sales@example.org", USER_UNKNOWN },
		{ "any@all.example", USER_UNKNOWN },
		{ "x@elsewhere.net", USER_UNKNOWN }, { "", USER_UNKNOWN } };
	struct users u;
	struct user r;

	assert_int_equal(compile(p, text), 0);
	users_open(&u, p->etc);
	user_init(&r);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (users_account(&u, span_text(cases[i].login), &r) !=
		    cases[i].kind)
			fail_msg("login %s", cases[i].login);
	user_free(&r);
	users_close(&u);
}

static void
a_sender_belongs_to_the_account(void **state)
{
	struct place *p = *state;
	struct span bob = SPAN("bob@example.org");
	struct users u;

	assert_int_equal(compile(p, text), 0);
	users_open(&u, p->etc);
	assert_int_equal(users_may_send(&u, bob, bob), 1);
	assert_int_equal(users_may_send(&u, bob, SPAN("bob+x@example.org")), 1);
	assert_int_equal(users_may_send(&u, bob, SPAN("sales@example.org")), 1);
	assert_int_equal(users_may_send(&u, bob, SPAN("deep@example.org")), 1);
	assert_int_equal(users_may_send(&u, bob, SPAN("any@all.example")), 1);
	assert_int_equal(users_may_send(&u, bob, SPAN("copy@example.org")), 0);
	assert_int_equal(users_may_send(&u, bob, SPAN("robot@example.org")), 0);
	assert_int_equal(users_may_send(&u, bob, SPAN("x@elsewhere.net")), 0);
	assert_int_equal(users_may_send(&u, bob, SPAN("")), 0);
	users_close(&u);
}

static void
a_replaced_database_is_seen(void **state)
{
	struct place *p = *state;
	struct users u;

	assert_int_equal(compile(p, text), 0);
	users_open(&u, p->etc);
	expect(&u, "new@example.org", USER_UNKNOWN, NULL);
	assert_int_equal(
	    compile(p, "example.org domain\nnew@example.org mailbox\n"), 0);
	users_refresh(&u);
	expect(&u, "new@example.org", USER_MAILBOX, NULL);
	expect(&u, "bob@example.org", USER_UNKNOWN, NULL);
	assert_int_equal(unlinkat(p->etc, "users.cdb", 0), 0);
	users_refresh(&u);
	expect(&u, "new@example.org", USER_NOT_LOCAL, NULL);
	users_close(&u);
}

/* Whatever byte of it is damaged: an error, never "no such user". */
static void
a_damaged_database_is_an_error_for_everybody(void **state)
{
	struct place *p = *state;
	struct str whole = STR_INIT;
	struct users u;
	int fd;

	assert_int_equal(compile(p, text), 0);
	fd = openat(p->etc, "users.cdb", O_RDONLY);
	assert_int_equal(read_all(fd, 1 << 20, &whole), 0);
	close(fd);
	fd = dup(2);
	assert_true(freopen("/dev/null", "w", stderr) != NULL);
	for (size_t at = 0; at < whole.len; at += at < 2000 ? 97 : 13) {
		whole.at[at] ^= 1;
		place_write(p, "other", str_span(&whole));
		assert_int_equal(
		    renameat(p->etc, "other", p->etc, "users.cdb"), 0);
		whole.at[at] ^= 1;
		users_open(&u, p->etc);
		expect(&u, "bob@example.org", USER_ERROR, NULL);
		expect(&u, "nobody@example.org", USER_ERROR, NULL);
		assert_int_equal(users_domain(&u, SPAN("example.org")), -1);
		users_close(&u);
	}
	for (size_t len = 0; len < whole.len; len += 101) {
		place_write(p, "other", span_head(str_span(&whole), len));
		assert_int_equal(
		    renameat(p->etc, "other", p->etc, "users.cdb"), 0);
		users_open(&u, p->etc);
		expect(&u, "bob@example.org", USER_ERROR, NULL);
		users_close(&u);
	}
	dup2(fd, 2);
	close(fd);
	str_free(&whole);
}

static void
secrets_are_apart(void **state)
{
	struct place *p = *state;
	struct database d;
	struct secret s;
	struct stat st;

	assert_int_equal(
	    compile(p,
		"example.org domain\n"
		"bob@example.org mailbox checkpassword=1 cert=CN%3Dbob\n"
		"ann@example.org mailbox\n"),
	    0);
	secrets_open(&d, p->etc);
	secret_init(&s);
	assert_int_equal(
	    secrets_lookup(&d, SPAN("bob@example.org"), &s), DATABASE_FOUND);
	assert_true(s.checkpassword);
	assert_string_equal(s.cert.at, "CN=bob");
	assert_int_equal(
	    secrets_lookup(&d, SPAN("ann@example.org"), &s), DATABASE_FOUND);
	assert_false(s.checkpassword);
	assert_int_equal(s.cert.len, 0);
	assert_int_equal(
	    secrets_lookup(&d, SPAN("nix@example.org"), &s), DATABASE_ABSENT);
	assert_int_equal(secrets_lookup(&d, SPAN(""), &s), DATABASE_ABSENT);
	assert_int_equal(fstatat(p->etc, "secrets.cdb", &st, 0), 0);
	assert_int_equal(st.st_mode & 077, 0);
	secret_free(&s);
	database_close(&d);
}

static void
all_faults_are_told_with_their_lines(void **state)
{
	struct place *p = *state;
	struct users u;

	assert_int_equal(compile(p, text), 0);
	assert_int_equal(compile(p,
			     "example.org domain\n"
			     "nothing\n"
			     "a@example.org mailbox quota=5X\n"
			     "b@example.org mailbox password=plain\n"
			     "c@example.org mailbox colour=red\n"
			     "d@other.org mailbox\n"
			     "e@example.org mailbox\n"
			     "e@example.org mailbox\n"
			     "f@example.org -> g@example.org\n"
			     "h@example.org -> i@example.org\n"
			     "i@example.org -> h@example.org\n"
			     "j@example.org -> j@example.org\n"
			     "k@example.org |\n"
			     "l@example.org -> :include:/etc/passwd\n"
			     "m@example.org mailbox uid=0 gid=0\n"
			     "n@example.org mailbox quota=1G quota=2G\n"
			     "o@example.org mailbox uid=4000000 gid=4000000\n"
			     "p@example.org mailbox gid=4000000\n"),
	    1);
	for (unsigned line = 2; line <= 18; line++) {
		char number[8];

		if (line == 7 || line == 10)
			continue;
		snprintf(number, sizeof number, "%u: ", line);
		if (strstr(p->faults.at, number) == NULL)
			fail_msg(
			    "no fault on line %u:\n%s", line, p->faults.at);
	}
	users_open(&u, p->etc); /* the old one is in force */
	expect(&u, "bob@example.org", USER_MAILBOX, NULL);
	users_close(&u);
}

static void
a_long_chain_of_aliases_is_a_fault(void **state)
{
	struct place *p = *state;
	struct str s = STR_INIT;

	str_add_text(&s, "example.org domain\nend@example.org mailbox\n");
	for (int i = 0; i < 30; i++)
		str_addf(&s, "a%d@example.org -> a%d@example.org\n", i, i + 1);
	str_add_text(&s, "a30@example.org -> end@example.org\n");
	assert_int_equal(compile(p, s.at), 1);
	assert_non_null(strstr(p->faults.at, "more than 20"));
	str_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_are_found_in_the_order_of_the_manual),
		TEST(postmaster_and_this_machine_always_exist),
		TEST(a_host_that_is_a_domain_has_its_own_users),
		TEST(without_a_database_the_host_serves_its_name),
		TEST(fields_of_an_account_come_through),
		TEST(a_mailbox_path_can_not_climb),
		TEST(a_login_is_an_account_and_nothing_else),
		TEST(a_sender_belongs_to_the_account),
		TEST(a_replaced_database_is_seen),
		TEST(a_damaged_database_is_an_error_for_everybody),
		TEST(secrets_are_apart),
		TEST(all_faults_are_told_with_their_lines),
		TEST(a_long_chain_of_aliases_is_a_fault),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
