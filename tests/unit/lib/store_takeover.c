/* lib/store/takeover and uids: what is kept over changes of server, boots and
 * damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "maildir_made.h"
#include "store/folder.h"
#include "store/takeover.h"
#include "store/uids.h"

static void
expect(struct made *m, uint32_t validity, uint32_t next, const uint32_t *uids,
    uint32_t count)
{
	struct folder f;

	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	if (validity != 0)
		assert_int_equal(f.uidvalidity, validity);
	assert_int_equal(f.count, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(folder_message(&f, i).uid, uids[i]);
	assert_int_equal(f.uidnext, next);
	folder_close(&f);
}

static void
dovecots_uids_are_kept(void **state)
{
	struct made *m = *state;

	made_file(m, "dovecot-uidlist",
	    "3 V1275660208 N25022 G3085f01b7f11094c501100008c4a11c1\n"
	    "25006 :1276528487.M364837P9451.kurkku,S=1355,W=1394\n"
	    "25017 W2481 :1276533073.M242911P3632.kurkku\n"
	    "rubbish\n25018 no colon\n");
	made_file(m, "cur/1276533073.M242911P3632.kurkku:2,F", "x");
	made_file(m, "new/1276528487.M364837P9451.kurkku,S=1355,W=1394", "x");
	made_file(m, "new/1276600000.M1P1.kurkku", "x");
	expect(
	    m, 1275660208, 25023, (const uint32_t[]){ 25006, 25017, 25022 }, 3);
	assert_non_null(
	    made_find(m, "cur", "1276533073.M242911P3632.kurkku,U=25017:2,F"));
}

static void
old_dovecot_and_courier_uids_are_kept(void **state)
{
	struct made *m = *state;

	made_file(m, "courierimapuiddb",
	    "1 1000000000 7\n5 1276528487.M1.h,S=5\n6 1276528488.M2.h\n");
	made_file(m, "cur/1276528487.M1.h,S=5:2,S", "x");
	made_file(m, "cur/1276528488.M2.h:2,", "x");
	expect(m, 1000000000, 7, (const uint32_t[]){ 5, 6 }, 2);
}

static void
mbsyncs_uids_are_kept(void **state)
{
	struct made *m = *state;

	made_file(m, ".uidvalidity", "1000000001\n41\n");
	made_file(m, "cur/1276528487.1_1.h,U=40:2,S", "x");
	made_file(m, "new/1276528488.1_2.h", "x");
	expect(m, 1000000001, 43, (const uint32_t[]){ 40, 42 }, 2);
}

static void
uidlists_of_no_kind_are_refused(void **state)
{
	static const char *const bad[] = { "", "\n", "2 1 1\n", "3\n", "3 N5\n",
		"3 V0 N5\n", "1 5\n", "1 0 5\n", "x", "4 V1 N1\n" };
	struct takeover t;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(takeover_uidlist(&t, span_text(bad[i])));
	assert_false(takeover_mbsync(&t, SPAN("0\n1\n")));
	assert_false(takeover_mbsync(&t, SPAN("5\n")));
	assert_true(takeover_uidlist(&t, SPAN("1 5 3\n9 a\n")));
	assert_int_equal(t.next, 10);
	takeover_free(&t);
}

/* `uids` is gone, and what another server left lies there still. */
static void
uids_of_another_server_are_taken_once(void **state)
{
	static const char *const files[][2] = {
		{ "dovecot-uidlist", "3 V1000000000 N7\n5 :1.a.h\n6 :2.b.h\n" },
		{ "courierimapuiddb", "1 1000000000 7\n5 1.a.h\n6 2.b.h\n" },
		{ ".uidvalidity", "1000000000\n6\n" }
	};
	struct made *m = *state;

	for (size_t i = 0; i < COUNT(files); i++) {
		struct folder f;
		uint32_t all[] = { 0, 1, 2 };

		made_file(m, files[i][0], files[i][1]);
		made_file(m, i < 2 ? "cur/1.a.h:2," : "cur/1.a.h,U=5:2,", "x");
		made_file(m, i < 2 ? "cur/2.b.h:2," : "cur/2.b.h,U=6:2,", "x");
		made_file(m, "new/3.c.h", "x");
		expect(m, 1000000000, 8, (const uint32_t[]){ 5, 6, 7 }, 3);
		/* UID 7 was given and is gone. */
		assert_int_equal(
		    folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
		assert_int_equal(folder_expunge(&f, all + 2, 1, false), 0);
		folder_close(&f);
		assert_int_equal(unlinkat(m->store.root.dir, "uids", 0), 0);
		made_file(m, "new/4.d.h", "x");
		assert_int_equal(
		    folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
		assert_true(f.uidvalidity > 1000000000);
		assert_int_equal(f.count, 3);
		assert_int_equal(folder_expunge(&f, all, 3, false), 0);
		folder_close(&f);
		assert_int_equal(unlinkat(m->store.root.dir, "takeover", 0), 0);
		assert_int_equal(unlinkat(m->store.root.dir, "uids", 0), 0);
		assert_int_equal(
		    unlinkat(m->store.root.dir, files[i][0], 0), 0);
	}
}

/* Even what says so may be gone: then names do. */
static void
a_uid_that_a_list_does_not_know_was_given_since(void **state)
{
	struct made *m = *state;
	struct folder f;

	made_file(m, "dovecot-uidlist", "3 V1000000000 N7\n5 :1.a.h\n");
	made_file(m, "cur/1.a.h,U=5:2,", "x");
	made_file(m, "cur/9.z.h,U=9:2,", "x");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_true(f.uidvalidity > 1000000000);
	assert_int_equal(folder_message(&f, 0).uid, 5);
	assert_int_equal(folder_message(&f, 1).uid, 9);
	folder_close(&f);
}

/* mbsync's UIDs in names of a Maildir that Dovecot has served. */
static void
a_list_counts_more_than_the_names(void **state)
{
	struct made *m = *state;

	made_file(m, ".uidvalidity", "5\n12\n");
	made_file(m, "dovecot-uidlist", "3 V1000000000 N7\n5 :1.a.h,U=12\n");
	made_file(m, "cur/1.a.h,U=12:2,", "x");
	made_file(m, "cur/2.b.h,U=3:2,", "x");
	expect(m, 1000000000, 8, (const uint32_t[]){ 5, 7 }, 2);
}

static void
a_lost_uids_file_gives_a_new_validity_and_higher_uids(void **state)
{
	struct made *m = *state;
	struct folder f;
	uint32_t before;

	made_file(m, "new/1.a.h", "x");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	before = f.uidvalidity;
	folder_close(&f);
	made_file(m, "uids", "chainmail-uids 1 validity=0000");
	made_file(m, "new/2.b.h", "x");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_true(f.uidvalidity > before);
	assert_int_equal(folder_message(&f, 0).uid, 1);
	assert_int_equal(folder_message(&f, 1).uid, 2);
	folder_close(&f);
}

#define BOOT "0123456789abcdef"

static void
another_boot_goes_on_at_the_reservation(void **state)
{
	static const char text[] =
	    "chainmail-uids 1 validity=0000000007 reserved=0000000300 "
	    "next=0000000017 boot=" BOOT "\n";
	struct uids u;

	(void)state;
	assert_true(uids_parse(span_text(text), BOOT, &u));
	assert_int_equal(u.validity, 7);
	assert_int_equal(u.next, 17);
	assert_true(uids_parse(span_text(text), "ffffffffffffffff", &u));
	assert_int_equal(u.next, 300);
	assert_false(
	    uids_parse((struct span){ text, sizeof text - 2 }, BOOT, &u));
	assert_false(uids_parse(
	    SPAN("chainmail-uids 1 validity=0 reserved=1\n"), BOOT, &u));
	assert_false(uids_parse(
	    SPAN("chainmail-uids 2 validity=1 reserved=1\n"), BOOT, &u));
	/* next above reserved can't be ours */
	assert_true(uids_parse(SPAN("chainmail-uids 1 validity=1 reserved=5 "
				    "next=6 boot=" BOOT "\n"),
	    BOOT, &u));
	assert_int_equal(u.next, 5);
}

static void
a_block_is_on_the_disk_before_it_is_used(void **state)
{
	struct made *m = *state;
	struct uids u = { 9, 1, 1, 1 }, after;
	int dir = m->store.root.dir;

	assert_int_equal(uids_create(&m->store.root, &u, NULL), 0);
	for (uint32_t i = 1; i < 1000; i++) {
		assert_int_equal(uids_take(dir, BOOT, 1, false, &u), i);
		assert_int_equal(uids_read(dir, "ffffffffffffffff", &after), 0);
		assert_true(after.next > i);
	}
	assert_int_equal(uids_take(dir, BOOT, 5000, false, &u), 1000);
	assert_int_equal(uids_take(dir, BOOT, 1, false, &u), 6000);
	u = (struct uids){ 9, UINT32_MAX - 3, UINT32_MAX - 3, 1 };
	assert_int_equal(uids_create(&m->store.root, &u, NULL), 0);
	assert_int_equal(uids_take(dir, BOOT, 1, false, &u), 0);
	assert_int_equal(errno, EOVERFLOW);
}

static void
what_a_session_was_told_is_not_recent(void **state)
{
	struct made *m = *state;
	struct uids u = { 9, 1, 1, 1 };
	int dir = m->store.root.dir;

	assert_int_equal(uids_create(&m->store.root, &u, NULL), 0);
	assert_int_equal(uids_take(dir, BOOT, 3, false, &u), 1);
	assert_int_equal(uids_read(dir, BOOT, &u), 0);
	assert_int_equal(u.recent, 1);
	uids_told(dir, BOOT, &u);
	assert_int_equal(uids_read(dir, BOOT, &u), 0);
	assert_int_equal(u.recent, 4);
	assert_int_equal(u.next, 4);
	/* Unsure after a power cut: \Recent once more. */
	assert_int_equal(uids_read(dir, "ffffffffffffffff", &u), 0);
	assert_int_equal(u.recent, 4);
	assert_true(u.next > 4);
	assert_int_equal(uids_take(dir, BOOT, 2, true, &u), 4);
	assert_int_equal(uids_read(dir, BOOT, &u), 0);
	assert_int_equal(u.recent, 6);
	/* Written before there was `recent`, or beyond what was given. */
	assert_true(uids_parse(SPAN("chainmail-uids 1 validity=1 reserved=5 "
				    "next=3 boot=" BOOT "\n"),
	    BOOT, &u));
	assert_int_equal(u.recent, 3);
	assert_true(uids_parse(SPAN("chainmail-uids 1 validity=1 reserved=5 "
				    "next=3 recent=4 boot=" BOOT "\n"),
	    BOOT, &u));
	assert_int_equal(u.recent, 3);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, made_setup, made_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dovecots_uids_are_kept),
		TEST(old_dovecot_and_courier_uids_are_kept),
		TEST(mbsyncs_uids_are_kept),
		cmocka_unit_test(uidlists_of_no_kind_are_refused),
		TEST(uids_of_another_server_are_taken_once),
		TEST(a_uid_that_a_list_does_not_know_was_given_since),
		TEST(a_list_counts_more_than_the_names),
		TEST(a_lost_uids_file_gives_a_new_validity_and_higher_uids),
		cmocka_unit_test(another_boot_goes_on_at_the_reservation),
		TEST(what_a_session_was_told_is_not_recent),
		TEST(a_block_is_on_the_disk_before_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
