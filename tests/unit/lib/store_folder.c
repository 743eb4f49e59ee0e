/* lib/store/folder: what a session sees and does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <poll.h>

#include "maildir_made.h"
#include "store/append.h"
#include "store/folder.h"
#include "store/folder_inside.h"
#include "store/mailbox.h"

/* What folder_report() said, as text. */
static struct str said = STR_INIT;

static void
on_expunged(void *arg, uint32_t seq, uint32_t uid)
{
	(void)arg;
	str_addf(&said, "expunged %u(%u) ", seq, uid);
}
static void
on_flags(void *arg, uint32_t seq)
{
	const struct folder *f = arg;

	str_addf(&said, "flags %u=%x ", seq, f->messages[seq - 1].flags);
}
static void
on_exists(void *arg, uint32_t count, uint32_t recent)
{
	(void)arg;
	str_addf(&said, "exists %u recent %u ", count, recent);
}

static const char *
look_at(struct folder *f, bool expunges)
{
	struct folder_events e = { on_expunged, on_flags, on_exists, f };

	str_clear(&said);
	assert_int_equal(folder_refresh(f), 0);
	folder_report(f, expunges, &e);
	return said.at;
}

static void
deliver(struct made *m, const char *name)
{
	char path[300];

	snprintf(path, sizeof path, "new/%s", name);
	made_file(m, path, "Subject: x\n\nbody\n");
}

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
		assert_int_equal(f.messages[i].uid, i + 1);
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
	assert_int_equal(folder_expunge(&f, all, 1), 0);
	folder_close(&f);
	deliver(m, "1000000002.b.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(f.messages[0].uid, 2);
	folder_expunge(&f, all, 1);
	folder_close(&f);

	/* Another start of the kernel: what was not synced may be lost. */
	strcpy(m->store.boot, "1111111111111111");
	deliver(m, "1000000003.c.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_true(f.messages[0].uid > 2);
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
	assert_int_equal(f.messages[0].uid, 1);
	assert_non_null(made_find(m, "new", "1000000001.a.h,U=1"));
	folder_close(&f);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(f.recent, 1);
	assert_int_equal(f.messages[0].uid, 1);
	folder_close(&f);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(f.recent, 0);
	assert_int_equal(f.count, 1);
	folder_close(&f);
}

static void
two_sessions_see_each_other(void **state)
{
	struct made *m = *state;
	struct folder a, b;
	uint32_t first[] = { 0 }, second[] = { 1 };
	struct flag_change seen = { FLAGS_ADD, FLAG_SEEN, 0, true };

	deliver(m, "1000000001.a.h");
	deliver(m, "1000000002.b.h");
	assert_int_equal(folder_open(&a, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_open(&b, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_flags(&a, second, 1, &seen), 0);
	assert_string_equal(look_at(&a, true), "");
	assert_string_equal(look_at(&b, true), "flags 2=40000 ");
	assert_int_equal(folder_expunge(&b, first, 1), 0);
	deliver(m, "1000000003.c.h");
	assert_string_equal(look_at(&a, false), "exists 3 recent 3 ");
	assert_true(a.messages[0].gone);
	assert_int_equal(folder_message_open(&a, 0), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(look_at(&a, true), "expunged 1(1) ");
	assert_int_equal(a.count, 2);
	assert_int_equal(a.messages[0].uid, 2);
	assert_string_equal(
	    look_at(&b, true), "expunged 1(1) exists 2 recent 0 ");
	folder_close(&a);
	folder_close(&b);
}

static void
a_change_after_anothers_rename_is_made_to_what_is_there(void **state)
{
	struct made *m = *state;
	struct folder a, b;
	uint32_t first[] = { 0 };
	struct flag_change seen = { FLAGS_ADD, FLAG_SEEN, 0, true };
	struct flag_change flagged = { FLAGS_ADD, FLAG_FLAGGED, 0, true };

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&a, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_open(&b, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_flags(&a, first, 1, &seen), 0);
	assert_int_equal(folder_flags(&b, first, 1, &flagged), 0);
	assert_non_null(made_find(m, "cur", "1000000001.a.h,U=1:2,FS"));
	assert_int_equal(b.messages[0].flags, FLAG_SEEN | FLAG_FLAGGED);
	assert_int_equal(folder_expunge(&a, first, 1), 0);
	assert_true(a.messages[0].gone);
	assert_int_equal(made_count(m, "cur"), 0);
	assert_int_equal(folder_flags(&b, first, 1, &seen), 0);
	folder_close(&a);
	folder_close(&b);
}

static void
foreign_uids_are_replaced(void **state)
{
	struct made *m = *state;
	struct folder f;

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	/* Copied by hand: of the same UID, and of one never given. */
	made_file(m, "cur/1000000002.b.h,U=1:2,S", "x");
	made_file(m, "cur/1000000003.c.h,U=4000:2,", "x");
	assert_string_equal(look_at(&f, true), "exists 3 recent 1 ");
	assert_int_equal(f.messages[1].uid, 2);
	assert_int_equal(f.messages[2].uid, 3);
	assert_int_equal(made_count(m, "cur"), 3);
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
	assert_int_equal(folder_expunge(&f, first, 1), 0);
	made_file(m, "cur/1000000001.a.h,U=1:2,", "x");
	assert_string_equal(
	    look_at(&f, true), "expunged 1(1) exists 1 recent 0 ");
	assert_int_equal(f.messages[0].uid, 2);
	folder_close(&f);
}

static void
keywords_travel_with_a_copy(void **state)
{
	struct made *m = *state;
	struct folder f;
	struct folder_placed placed;
	uint32_t first[] = { 0 }, bit, other;
	struct flag_change c = { FLAGS_ADD, FLAG_FLAGGED, 0, true };

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("Archive"), false), 0);
	other = folder_keyword(&f, SPAN("$Other"), true);
	assert_int_equal(other, 1);
	folder_close(&f);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	bit = folder_keyword(&f, SPAN("$Forwarded"), true);
	assert_int_equal(bit, 1);
	assert_int_equal(folder_keyword(&f, SPAN("$FORWARDED"), true), 1);
	assert_int_equal(folder_keyword(&f, SPAN("a b"), true), 0);
	c.keywords = bit;
	assert_int_equal(folder_flags(&f, first, 1, &c), 0);
	assert_int_equal(
	    folder_copy(&f, first, 1, SPAN("Archive"), &placed), 0);
	assert_int_equal(placed.uid[0], 1);
	folder_placed_free(&placed);
	assert_int_equal(
	    folder_copy(&f, first, 1, SPAN("Nowhere"), &placed), -1);
	assert_int_equal(errno, ENOENT);
	folder_close(&f);
	assert_int_equal(folder_open(&f, &m->store, SPAN("Archive"), false), 0);
	assert_int_equal(f.messages[0].keywords, 2);
	assert_int_equal(f.messages[0].flags, FLAG_FLAGGED);
	assert_string_equal(keywords_name(&f.keywords, 1).at, "$Forwarded");
	folder_close(&f);
}

static void
the_27th_keyword_is_refused(void **state)
{
	struct made *m = *state;
	struct folder f;
	char name[8];

	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	for (int i = 0; i < 26; i++) {
		snprintf(name, sizeof name, "k%d", i);
		assert_int_equal(
		    folder_keyword(&f, span_text(name), true), 1U << i);
	}
	assert_int_equal(folder_keyword(&f, SPAN("more"), true), 0);
	assert_int_equal(errno, ENOSPC);
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
	assert_int_equal(folder_move(&f, at, 2, SPAN("Trash"), &placed), 0);
	assert_int_equal(placed.uid[0], 1);
	assert_int_equal(placed.uid[1], 2);
	folder_placed_free(&placed);
	assert_string_equal(look_at(&f, true), "expunged 3(3) expunged 1(1) ");
	assert_int_equal(f.count, 1);
	/* Onto itself: a new UID. */
	at[0] = 0;
	assert_int_equal(folder_move(&f, at, 1, SPAN("INBOX"), &placed), 0);
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
status_counts_without_a_session(void **state)
{
	struct made *m = *state;
	struct mailbox_status s;

	deliver(m, "1000000001.a.h");
	made_file(m, "cur/1000000002.b.h:2,ST", "x\n");
	assert_int_equal(mailbox_status(&m->store, SPAN("INBOX"), true, &s), 0);
	assert_int_equal(s.messages, 2);
	assert_int_equal(s.recent, 1);
	assert_int_equal(s.unseen, 1);
	assert_int_equal(s.deleted, 1);
	assert_int_equal(s.uidnext, 3);
	assert_int_equal(s.size, 23);
	assert_int_equal(made_count(m, "new"), 1);
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
		TEST(two_sessions_see_each_other),
		TEST(a_change_after_anothers_rename_is_made_to_what_is_there),
		TEST(foreign_uids_are_replaced),
		TEST(a_reappeared_message_gets_a_new_uid),
		TEST(keywords_travel_with_a_copy),
		TEST(the_27th_keyword_is_refused),
		TEST(a_moved_message_is_in_the_other_folder_alone),
		TEST(sizes_of_foreign_names_are_measured),
		TEST(a_watched_folder_wakes_its_session),
		TEST(status_counts_without_a_session),
		TEST(a_deleted_folder_is_noticed),
		TEST(mail_that_comes_during_a_change_is_seen_at_once),
		TEST(a_reading_settles_when_the_tick_is_over),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&said);
	return r;
}
