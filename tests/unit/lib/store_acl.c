/* lib/store: rights, their file, lists of readers, a reader's own \Seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "maildir_made.h"
#include "store/acl.h"
#include "store/mailbox.h"
#include "store/own_seen.h"
#include "store/shared.h"

#define BOB SPAN("bob@example.org")

static void
letters_are_rights(void **state)
{
	struct str text = STR_INIT;
	unsigned rights;

	(void)state;
	assert_true(rights_parse(SPAN("lrswipkxtea"), &rights));
	assert_int_equal(rights, RIGHTS_ALL);
	rights_add(&text, rights);
	assert_string_equal(text.at, "lrswipkxteacd");
	assert_true(rights_parse(SPAN("d"), &rights));
	assert_int_equal(rights, RIGHT_DELETED | RIGHT_EXPUNGE);
	assert_true(rights_parse(SPAN("c"), &rights));
	assert_int_equal(rights, RIGHT_CREATE | RIGHT_DELETE);
	assert_true(rights_parse(SPAN(""), &rights));
	assert_int_equal(rights, 0);
	assert_false(rights_parse(SPAN("lR"), &rights));
	assert_false(rights_parse(SPAN("l0"), &rights));
	str_free(&text);
}

static void
an_identifier_is_an_address_or_anyone(void **state)
{
	static const char *const bad[] = { "", "bob", "-bob@example.org",
		"-anyone", "$group", "b\x01@example.org",
		"b\xc3\xb6@example.org", "bob@example.org\n" };
	struct str id = STR_INIT;

	(void)state;
	assert_true(acl_id(SPAN("Bob@Example.ORG"), &id));
	assert_string_equal(id.at, "bob@example.org");
	assert_true(acl_id(SPAN("ANYONE"), &id));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(acl_id(span_text(bad[i]), &id));
	str_free(&id);
}

static void
lines_that_are_not_understood_give_nothing(void **state)
{
	struct acl a;

	(void)state;
	assert_false(acl_parse(SPAN(""), &a));
	assert_false(acl_parse(SPAN("chainmail-acl 2\n"), &a));
	assert_true(acl_parse(SPAN("chainmail-acl 1\n"
				   "right id=bob@example.org rights=lrsa\n"
				   "right id=bob@example.org rights=l\n"
				   "right id=eve@example.org rights=lrQ\n"
				   "right id=-bob@example.org rights=l\n"
				   "right id=kay@example.org rights=kxa\n"
				   "other id=sue@example.org rights=l\n"
				   "right id=anyone rights=l"),
	    &a));
	assert_int_equal(a.count, 2);
	/* What no one can be given is not had, whoever wrote it. */
	assert_int_equal(
	    acl_rights(&a, BOB), RIGHT_LOOKUP | RIGHT_READ | RIGHT_SEEN);
	assert_int_equal(acl_rights(&a, SPAN("kay@example.org")), RIGHT_LOOKUP);
	acl_free(&a);
}

static unsigned
rights_of(struct made *m, const char *mailbox, struct span id)
{
	struct acl a;
	unsigned rights;

	assert_int_equal(acl_of(&m->store, span_text(mailbox), &a), 0);
	rights = acl_rights(&a, id);
	acl_free(&a);
	return rights;
}

static void
rights_are_set_added_and_removed(void **state)
{
	struct made *m = *state;
	struct store *s = &m->store;
	const struct span team = SPAN("Team");

	assert_int_equal(mailbox_create(s, team), 0);
	assert_int_equal(acl_change(s, team, BOB, ACL_SET, RIGHT_LOOKUP), 0);
	assert_int_equal(acl_change(s, team, BOB, ACL_ADD, RIGHT_READ), 0);
	assert_int_equal(rights_of(m, "Team", BOB), RIGHT_LOOKUP | RIGHT_READ);
	assert_int_equal(acl_change(s, team, BOB, ACL_REMOVE, RIGHT_LOOKUP), 0);
	assert_int_equal(rights_of(m, "Team", BOB), RIGHT_READ);
	/* A new folder below it has them too. */
	assert_int_equal(mailbox_create(s, SPAN("Team/a/b")), 0);
	assert_int_equal(acl_inherit(s, SPAN("Team/a/b")), 0);
	assert_int_equal(rights_of(m, "Team/a/b", BOB), RIGHT_READ);
	/* They go with the folder, and the file with the last of them. */
	assert_int_equal(mailbox_rename(s, team, SPAN("Crew")), 0);
	assert_int_equal(rights_of(m, "Crew", BOB), RIGHT_READ);
	assert_int_equal(acl_change(s, SPAN("Crew"), BOB, ACL_SET, 0), 0);
	assert_int_equal(faccessat(s->root.dir, ".Crew/acl", F_OK, 0), -1);
	assert_int_equal(
	    acl_change(s, SPAN("INBOX"), BOB, ACL_SET, RIGHT_READ), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(
	    acl_change(s, SPAN("None"), BOB, ACL_SET, RIGHT_READ), -1);
	assert_int_equal(errno, ENOENT);
}

static void
there_is_room_for_so_many_identifiers(void **state)
{
	struct made *m = *state;
	struct store *s = &m->store;
	struct str id = STR_INIT;

	for (int i = 0; i < ACL_COUNT_MAX; i++) {
		str_setf(&id, "u%d@example.org", i);
		assert_int_equal(acl_change(s, SPAN("Sent"), str_span(&id),
				     ACL_SET, RIGHT_READ),
		    0);
	}
	assert_int_equal(
	    acl_change(s, SPAN("Sent"), BOB, ACL_SET, RIGHT_READ), -1);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(rights_of(m, "Sent", str_span(&id)), RIGHT_READ);
	str_free(&id);
}

static void
a_list_of_readers_only_grows(void **state)
{
	struct made *m = *state;
	int list = openat(
	    m->store.root.dir, "list", O_RDWR | O_CREAT | O_EXCL, 0600);
	struct str text = STR_INIT;

	assert_int_equal(shared_list_add(-1, BOB), -1);
	assert_int_equal(shared_list_add(list, BOB), 0);
	assert_int_equal(shared_list_add(list, BOB), 0);
	/* A crash has cut a line. */
	assert_int_equal(write(list, "reader id=su", 12), 12);
	assert_int_equal(shared_list_add(list, SPAN("eve@example.org")), 0);
	assert_int_equal(lseek(list, 0, SEEK_SET), 0);
	assert_int_equal(read_all(list, 4096, &text), 0);
	assert_string_equal(text.at,
	    "reader id=bob@example.org\nreader id=su\n"
	    "reader id=eve@example.org\n");
	assert_true(shared_list_has(str_span(&text), BOB));
	assert_false(shared_list_has(str_span(&text), SPAN("sue@example.org")));
	assert_int_equal(shared_list_add(list, SPAN("anyone")), 0);
	assert_int_equal(lseek(list, 0, SEEK_SET), 0);
	str_clear(&text);
	assert_int_equal(read_all(list, 4096, &text), 0);
	assert_true(shared_list_has(str_span(&text), SPAN("sue@example.org")));
	assert_int_equal(ftruncate(list, 0), 0);
	assert_int_equal(ftruncate(list, SHARED_LIST_MAX - 10), 0);
	assert_int_equal(shared_list_add(list, SPAN("kay@example.org")), -1);
	assert_int_equal(errno, EFBIG);
	close(list);
	str_free(&text);
}

static void
what_a_session_is_told_is_read_again(void **state)
{
	static const char *const bad[] = { "x", "folder owner=a@b rights=l\n",
		"folder owner=a@b path=relative rights=l\n",
		"folder owner=a@b path=/x/.T rights=Z\n" };
	const char *good =
	    "folder owner=ann@example.org path=/mail/ann/Maildir/.T&APY- "
	    "rights=lrs\n";
	struct str text = STR_INIT;
	struct shared s;

	(void)state;
	assert_true(shared_parse(span_text(good), BOB, &s));
	assert_int_equal(s.count, 1);
	assert_non_null(
	    shared_by_name(&s, SPAN("Other Users/ann@example.org/T\xc3\xb6")));
	shared_format(&s, &text);
	shared_free(&s);
	assert_true(shared_parse(str_span(&text), BOB, &s));
	assert_int_equal(s.count, 1);
	assert_string_equal(s.at[0].path.at, "/mail/ann/Maildir/.T&APY-");
	shared_free(&s);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(shared_parse(span_text(bad[i]), BOB, &s));
		shared_free(&s);
	}
	assert_true(shared_is_name(SPAN("Other Users")));
	assert_true(shared_is_name(SPAN("Other Users/x")));
	assert_false(shared_is_name(SPAN("Other Usersx")));
	str_free(&text);
}

static void
seen_is_told_to_other_sessions(void **state)
{
	struct made *m = *state;
	struct own_seen a = OWN_SEEN_INIT, b = OWN_SEEN_INIT;

	own_seen_open(&a, &m->store, SPAN("ann@example.org"), 7);
	own_seen_open(&b, &m->store, SPAN("ann@example.org"), 7);
	assert_false(own_seen_has(&a, 1));
	assert_false(own_seen_is_changed(&a));
	assert_int_equal(own_seen_begin(&a), 0);
	assert_int_equal(own_seen_mark(&a, 1, true), 0);
	assert_int_equal(own_seen_mark(&a, 4000000000, true), 0);
	assert_int_equal(own_seen_mark(&a, 2, true), 0);
	assert_int_equal(own_seen_mark(&a, 2, false), 0);
	own_seen_end(&a, true);
	assert_false(own_seen_is_changed(&a));
	assert_true(own_seen_is_changed(&b));
	own_seen_open(&b, &m->store, SPAN("ann@example.org"), 7);
	assert_false(own_seen_is_changed(&b));
	assert_true(own_seen_has(&b, 1));
	assert_false(own_seen_has(&b, 2));
	assert_false(own_seen_has(&b, 100000));
	assert_true(own_seen_has(&b, 4000000000));
	assert_true(own_seen_has(&b, 1));
	/* Another folder's is another. */
	own_seen_open(&b, &m->store, SPAN("ann@example.org"), 8);
	assert_false(own_seen_has(&b, 1));
	own_seen_close(&a);
	own_seen_close(&b);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, made_setup, made_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_are_rights),
		cmocka_unit_test(an_identifier_is_an_address_or_anyone),
		cmocka_unit_test(lines_that_are_not_understood_give_nothing),
		TEST(rights_are_set_added_and_removed),
		TEST(there_is_room_for_so_many_identifiers),
		TEST(a_list_of_readers_only_grows),
		cmocka_unit_test(what_a_session_is_told_is_read_again),
		TEST(seen_is_told_to_other_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
