/* lib/store/folder: what a session sees and does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "folder_look.h"
#include "store/append.h"
#include "store/folder.h"
#include "store/folder_inside.h"
#include "store/mailbox.h"

static void
uids_are_given_in_order_of_arrival(void **state)
{
	struct made *m = *state;
	struct folder f;

	deliver(m, "1000000003.c.h");
	deliver(m, "1000000001.a.h,S=17,W=20");
	deliver(m, "1000000002.b.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("inbox"), false), 0);
	assert_int_equal(f.count, 3);
	assert_int_equal(f.recent, 3);
	assert_int_equal(f.uidnext, 4);
	assert_true(f.uidvalidity > 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(folder_message(&f, i).uid, i + 1);
	assert_string_equal(
	    folder_name(&f, 0).at, "1000000001.a.h,S=17,W=20,U=1:2,");
	assert_string_equal(folder_name(&f, 2).at, "1000000003.c.h,U=3:2,");
	assert_int_equal(made_count(m, "new"), 0);
	assert_int_equal(made_count(m, "cur"), 3);
	folder_close(&f);
}

static void
a_uid_is_never_given_twice(void **state)
{
	struct made *m = *state;
	struct folder f;
	uint32_t validity, all[] = { 0 };

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	validity = f.uidvalidity;
	assert_int_equal(folder_expunge(&f, all, 1, false), 0);
	folder_close(&f);
	deliver(m, "1000000002.b.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_message(&f, 0).uid, 2);
	folder_expunge(&f, all, 1, false);
	folder_close(&f);

	/* Another start of the kernel: what was not synced may be lost. */
	strcpy(m->store.boot, "1111111111111111");
	deliver(m, "1000000003.c.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_true(folder_message(&f, 0).uid > 2);
	assert_int_equal(f.uidvalidity, validity);
	folder_close(&f);
}

static void
a_read_only_session_leaves_recent(void **state)
{
	struct made *m = *state;
	struct folder f;

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), true), 0);
	assert_int_equal(f.recent, 1);
	assert_int_equal(folder_message(&f, 0).uid, 1);
	assert_non_null(made_find(m, "new", "1000000001.a.h,U=1"));
	folder_close(&f);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(f.recent, 1);
	assert_int_equal(folder_message(&f, 0).uid, 1);
	folder_close(&f);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(f.recent, 0);
	assert_int_equal(f.count, 1);
	folder_close(&f);
}

static void
foreign_uids_are_replaced(void **state)
{
	struct made *m = *state;
	struct folder f;

	deliver(m, "1000000002.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	/* Copied by hand: of the same UID, and of one never given, below which
	 * none is given any more. */
	made_file(m, "cur/1000000001.b.h,U=1:2,S", "x");
	made_file(m, "cur/1000000003.c.h,U=4000:2,", "x");
	assert_string_equal(look_at(&f, true), "exists 3 recent 1 ");
	assert_non_null(made_find(m, "cur", "1000000002.a.h,U=1:"));
	assert_int_equal(folder_message(&f, 1).uid, 4001);
	assert_int_equal(folder_message(&f, 2).uid, 4002);
	assert_int_equal(made_count(m, "cur"), 3);
	folder_close(&f);
}

static void
who_was_there_first_keeps_its_uid(void **state)
{
	struct made *m = *state;
	struct folder f;

	for (int before = 0; before < 2; before++) {
		const char *resident = "1000000002.a.h";
		const char *other = before ? "1000000001.b.h,U=1:2,S"
					   : "1000000003.c.h,U=1:2,S";

		deliver(m, resident);
		assert_int_equal(
		    folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
		assert_int_equal(folder_message(&f, 0).uid, 1);
		folder_close(&f);
		poll(NULL, 0, 30); /* another tick of the file system's clock */
		made_file(m, "tmp/x", "x");
		assert_int_equal(
		    renameat(m->store.root.tmp, "x", m->store.root.cur, other),
		    0);
		assert_int_equal(
		    folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
		assert_int_equal(f.count, 2);
		assert_true(
		    span_starts(folder_name(&f, 0), span_text(resident)));
		assert_int_equal(folder_message(&f, 0).uid, 1);
		assert_int_equal(folder_message(&f, 1).uid, 2);
		folder_close(&f);
		made_teardown(state);
		made_setup(state);
		m = *state;
	}
}

static void
two_of_one_uid_that_nobody_can_tell_apart_both_get_others(void **state)
{
	struct made *m = *state;
	struct folder f;

	deliver(m, "1000000002.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	folder_close(&f);
	/* Two names of one file have one time, and who knew it is gone. */
	assert_int_equal(linkat(m->store.root.cur, "1000000002.a.h,U=1:2,",
			     m->store.root.cur, "1000000003.b.h,U=1:2,", 0),
	    0);
	assert_int_equal(unlinkat(m->store.root.dir, "index", 0), 0);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(f.count, 2);
	assert_int_equal(folder_message(&f, 0).uid, 2);
	assert_int_equal(folder_message(&f, 1).uid, 3);
	folder_close(&f);
}

static void
a_reappeared_message_gets_a_new_uid(void **state)
{
	struct made *m = *state;
	struct folder f;
	uint32_t first[] = { 0 };

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_expunge(&f, first, 1, false), 0);
	made_file(m, "cur/1000000001.a.h,U=1:2,", "x");
	assert_string_equal(
	    look_at(&f, true), "expunged 1(1) exists 1 recent 0 ");
	assert_int_equal(folder_message(&f, 0).uid, 2);
	folder_close(&f);
}

static const struct place_how moving = { .move = true, .all = true };

static void
a_conditional_change_leaves_what_was_modified(void **state)
{
	struct made *m = *state;
	struct folder f, other;
	uint32_t all[] = { 0, 1 };
	bool modified[2];
	struct flag_change change = { .how = FLAGS_ADD,
		.flags = FLAG_SEEN,
		.conditional = true,
		.modified_r = modified };

	deliver(m, "1000000001.a.h");
	deliver(m, "1000000002.b.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(
	    folder_open(&other, &m->store, SPAN("INBOX"), false), 0);
	change.unchanged_since = folder_modseq(&f);
	assert_int_equal(folder_flags(&other, all, 1,
			     &(struct flag_change){
				 .how = FLAGS_ADD, .flags = FLAG_FLAGGED }),
	    0);
	assert_int_equal(folder_flags(&f, all, 2, &change), 0);
	assert_true(modified[0] && !modified[1]);
	assert_int_equal(folder_message(&f, 0).flags, FLAG_FLAGGED);
	assert_int_equal(folder_message(&f, 1).flags, FLAG_SEEN);
	/* Another program has renamed it. */
	change.unchanged_since = folder_modseq(&f);
	assert_int_equal(renameat(m->store.root.cur, "1000000002.b.h,U=2:2,S",
			     m->store.root.cur, "1000000002.b.h,U=2:2,RS"),
	    0);
	change.flags = FLAG_DELETED;
	assert_int_equal(folder_flags(&f, all, 2, &change), 0);
	assert_true(!modified[0] && modified[1]);
	assert_int_equal(
	    folder_message(&f, 1).flags, FLAG_SEEN | FLAG_ANSWERED);
	folder_close(&other);
	folder_close(&f);
}

static void
an_index_that_another_session_made_is_followed(void **state)
{
	struct made *m = *state;
	struct folder f, other;
	uint32_t all[] = { 0 };
	int lock;

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(
	    folder_open(&other, &m->store, SPAN("INBOX"), false), 0);
	lock = folder_begin(&other);
	assert_int_equal(
	    index_compact(&other.index, other.dirs.dir, m->store.boot), 0);
	folder_unlock(&other, lock);
	assert_int_equal(folder_flags(&other, all, 1,
			     &(struct flag_change){
				 .how = FLAGS_ADD, .flags = FLAG_FLAGGED }),
	    0);
	assert_int_equal(folder_message(&f, 0).flags, 0);
	folder_follow(&f);
	assert_int_equal(folder_message(&f, 0).flags, FLAG_FLAGGED);
	assert_true(
	    folder_message(&f, 0).modseq == folder_message(&other, 0).modseq);
	folder_close(&other);
	folder_close(&f);
}

static void
range_note(void *arg, uint32_t low, uint32_t high)
{
	str_addf(arg, "%u:%u ", low, high);
}

static void
assert_vanished(struct folder *f, uint64_t since, const char *expected)
{
	struct str out = STR_INIT;

	folder_vanished(f, since, range_note, &out);
	assert_string_equal(out.at, expected);
	str_free(&out);
}

static void
what_was_expunged_since_is_known(void **state)
{
	struct made *m = *state;
	struct folder f;
	uint32_t some[] = { 1, 2, 4 };
	uint64_t first, second;

	for (int i = 1; i <= 6; i++) {
		char name[] = "1000000000.a.h";

		name[9] = (char)('0' + i);
		deliver(m, name);
	}
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	first = folder_modseq(&f);
	assert_int_equal(folder_expunge(&f, some, 2, false), 0);
	second = folder_modseq(&f);
	assert_true(second > first);
	/* Its EXPUNGE is to come. */
	assert_vanished(&f, first, "");
	assert_int_equal(folder_modseq_reported(&f), first);
	folder_report(&f, true, NULL);
	assert_int_equal(folder_modseq_reported(&f), second);
	assert_vanished(&f, first, "2:3 ");
	assert_vanished(&f, second, "");
	some[0] = 3; /* UID 6 */
	assert_int_equal(folder_expunge(&f, some, 1, false), 0);
	folder_report(&f, true, NULL);
	assert_vanished(&f, first, "2:3 6:6 ");
	assert_vanished(&f, second, "6:6 ");
	folder_close(&f);
	/* Another index knows nothing of them. */
	assert_int_equal(unlinkat(m->store.root.dir, "index", 0), 0);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_true(folder_modseq(&f) > second);
	assert_vanished(&f, second, "2:3 6:6 ");
	assert_vanished(&f, folder_modseq(&f), "");
	folder_close(&f);
}

static void
only_files_are_messages(void **state)
{
	struct made *m = *state;
	struct folder f;

	deliver(m, "1000000001.a.h");
	assert_int_equal(mkdirat(m->store.root.dir, "cur/2.b.h", 0700), 0);
	assert_int_equal(mkdirat(m->store.root.dir, "new/3.c.h", 0700), 0);
	assert_int_equal(symlinkat("x", m->store.root.dir, "cur/4.d.h"), 0);
	assert_int_equal(mkfifoat(m->store.root.dir, "new/5.e.h", 0600), 0);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.uidnext, 2);
	folder_close(&f);
}

static void
a_moved_message_is_in_the_other_folder_alone(void **state)
{
	struct made *m = *state;
	struct folder f;
	struct folder_placed placed;
	uint32_t at[] = { 0, 2 };
	int64_t date;

	deliver(m, "1000000001.a.h");
	deliver(m, "1000000002.b.h");
	deliver(m, "1000000003.c.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(
	    folder_place(&f, at, 2, SPAN("Trash"), &moving, &placed), 0);
	assert_int_equal(placed.uid[0], 1);
	assert_int_equal(placed.uid[1], 2);
	folder_placed_free(&placed);
	assert_string_equal(look_at(&f, true), "expunged 3(3) expunged 1(1) ");
	assert_int_equal(f.count, 1);
	/* Onto itself: a new UID. */
	at[0] = 0;
	assert_int_equal(
	    folder_place(&f, at, 1, SPAN("INBOX"), &moving, &placed), 0);
	assert_int_equal(placed.uid[0], 4);
	folder_placed_free(&placed);
	assert_string_equal(
	    look_at(&f, true), "expunged 1(2) exists 1 recent 1 ");
	folder_close(&f);
	assert_int_equal(folder_open(&f, &m->store, SPAN("Trash"), false), 0);
	assert_int_equal(f.count, 2);
	assert_int_equal(folder_date(&f, 0, &date), 0);
	assert_true(date > 1700000000); /* the file's own */
	folder_close(&f);
}

static void
sizes_of_foreign_names_are_measured(void **state)
{
	struct made *m = *state;
	struct folder f;
	uint64_t size, wire;

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_size(&f, 0, &size), 0);
	assert_int_equal(folder_wire(&f, 0, &wire), 0);
	assert_int_equal(size, 17);
	assert_int_equal(wire, 20);
	assert_string_equal(
	    made_find(m, "cur", ""), "1000000001.a.h,S=17,W=20,U=1:2,");
	assert_string_equal(look_at(&f, true), "");
	folder_close(&f);
}

static void
a_watched_folder_wakes_its_session(void **state)
{
	struct made *m = *state;
	struct folder f;
	struct pollfd p = { .events = POLLIN };

	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	p.fd = folder_watch(&f);
	assert_true(p.fd >= 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	deliver(m, "1000000001.a.h");
	assert_int_equal(poll(&p, 1, 5000), 1);
	folder_watch_clear(&f);
	assert_string_equal(look_at(&f, true), "exists 1 recent 1 ");
	folder_watch_clear(&f);
	assert_int_equal(poll(&p, 1, 0), 0);
	folder_close(&f);
}

static void
a_deleted_folder_is_noticed(void **state)
{
	struct made *m = *state;
	struct folder f;

	assert_int_equal(mailbox_create(&m->store, SPAN("a")), 0);
	assert_int_equal(folder_open(&f, &m->store, SPAN("a"), false), 0);
	assert_int_equal(mailbox_delete(&m->store, SPAN("a")), 0);
	assert_int_equal(folder_refresh(&f), -1);
	assert_int_equal(errno, ENOENT);
	assert_true(f.removed);
	folder_close(&f);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, made_setup, made_teardown)

static void
mail_that_comes_during_a_change_is_seen_at_once(void **state)
{
	struct made *m = *state;
	struct folder f;
	bool current;

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	look_at(&f, true);
	current = folder_is_current(&f);
	deliver(m, "1000000002.b.h");
	folder_touched(&f, current);
	assert_string_equal(look_at(&f, true), "exists 2 recent 2 ");
	folder_close(&f);
}

static void
a_reading_settles_when_the_tick_is_over(void **state)
{
	struct made *m = *state;
	struct folder f;

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_false(folder_is_settled(&f));
	poll(NULL, 0, 50);
	look_at(&f, true);
	assert_true(folder_is_settled(&f));
	folder_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(uids_are_given_in_order_of_arrival),
		TEST(a_uid_is_never_given_twice),
		TEST(a_read_only_session_leaves_recent),
		TEST(foreign_uids_are_replaced),
		TEST(who_was_there_first_keeps_its_uid),
		TEST(two_of_one_uid_that_nobody_can_tell_apart_both_get_others),
		TEST(a_reappeared_message_gets_a_new_uid),
		TEST(a_conditional_change_leaves_what_was_modified),
		TEST(an_index_that_another_session_made_is_followed),
		TEST(what_was_expunged_since_is_known),
		TEST(only_files_are_messages),
		TEST(a_moved_message_is_in_the_other_folder_alone),
		TEST(sizes_of_foreign_names_are_measured),
		TEST(a_watched_folder_wakes_its_session),
		TEST(a_deleted_folder_is_noticed),
		TEST(mail_that_comes_during_a_change_is_seen_at_once),
		TEST(a_reading_settles_when_the_tick_is_over),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&said);
	return r;
}
