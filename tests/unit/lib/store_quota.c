/* lib/store/quota: what is counted, when it is counted anew, and marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "maildir_made.h"
#include "store/append.h"
#include "store/folder.h"
#include "store/quota.h"

enum { QUARTER_S = 15 * 60 };
static const struct timespec never = { 0, 0 };

static void
usage_is_counted_and_added_up(void **state)
{
	struct made *m = *state;
	struct store *s = &m->store;
	struct quota q;
	struct folder f;
	uint32_t first[] = { 0 };

	assert_int_equal(quota_read(s, QUOTA_AS_WRITTEN, &q), 0);
	assert_int_equal(q.limit, 0);
	assert_false(quota_over(&q, UINT64_MAX / 2, 1));
	made_file(m, "new/1.a.h", "12345");
	made_file(m, "cur/2.b.h,S=100:2,S", "x");
	made_file(m, ".Sent/cur/3.c.h,S=20:2,", "x");
	assert_int_equal(quota_read(s, 200, &q), 0);
	assert_int_equal(q.used, 125);
	assert_int_equal(q.count, 3);
	assert_false(quota_over(&q, 75, 1));
	assert_true(quota_over(&q, 76, 1));
	assert_int_equal(quota_add(s, &q, 50, 1), 0);
	assert_int_equal(quota_read(s, 200, &q), 0);
	assert_int_equal(q.used, 175);
	assert_int_equal(q.count, 4);
	assert_int_equal(folder_open(&f, s, SPAN("Sent"), false), 0);
	assert_int_equal(folder_expunge(&f, first, 1, false), 0);
	folder_close(&f);
	assert_int_equal(quota_read(s, QUOTA_AS_WRITTEN, &q), 0);
	assert_int_equal(q.limit, 200);
	assert_int_equal(q.used, 155);
	/* Another limit counts anew. */
	assert_int_equal(quota_read(s, 300, &q), 0);
	assert_int_equal(q.used, 105);
	/* Taken away: nobody refuses by the old one. */
	assert_int_equal(quota_read(s, 0, &q), 0);
	assert_int_equal(quota_read(s, QUOTA_AS_WRITTEN, &q), 0);
	assert_int_equal(q.limit, 0);
}

static void
maildirsize_of_others_is_understood(void **state)
{
	struct made *m = *state;
	struct quota q;

	made_file(m, "maildirsize",
	    "1000S,10C\n         500            2\n        -100           "
	    "-1\n");
	assert_int_equal(quota_read(&m->store, QUOTA_AS_WRITTEN, &q), 0);
	assert_int_equal(q.limit, 1000);
	assert_int_equal(q.messages, 10);
	assert_int_equal(q.used, 400);
	assert_int_equal(q.count, 1);
	assert_true(quota_over(&q, 1, 10));
	made_file(m, "maildirsize", "1000S\nrubbish\n");
	assert_int_equal(quota_read(&m->store, QUOTA_AS_WRITTEN, &q), 0);
	assert_int_equal(q.limit, 1000);
	assert_int_equal(q.used, 0);
}

/* Set back the time of a file of the Maildir. */
static void
set_back(struct made *m, const char *name, int64_t seconds)
{
	struct timespec old[2] = { { time(NULL) - seconds, 0 },
		{ time(NULL) - seconds, 0 } };

	assert_int_equal(utimensat(m->store.root.dir, name, old, 0), 0);
}

static void
a_no_is_looked_at_once_more(void **state)
{
	struct made *m = *state;
	struct store *s = &m->store;
	struct quota q;

	made_file(m, "cur/1.a.h,S=100:2,", "x");
	made_file(m, "cur/2.b.h,S=50:2,", "x");
	assert_int_equal(quota_room(s, 200, 50, 1, &q), 1);
	assert_int_equal(quota_room(s, 200, 51, 1, &q), 0);
	/* Removed by hand, before the time of the file or after it. */
	assert_int_equal(unlinkat(m->store.root.cur, "1.a.h,S=100:2,", 0), 0);
	set_back(m, "cur", 60);
	set_back(m, "new", 60);
	assert_int_equal(quota_room(s, 200, 51, 1, &q), 0);
	set_back(m, "maildirsize", QUARTER_S + 1);
	assert_int_equal(quota_room(s, 200, 51, 1, &q), 1);
	made_file(m, ".Sent/cur/3.c.h,S=100:2,", "x");
	assert_int_equal(quota_count(s, &q), 0);
	assert_int_equal(quota_room(s, 200, 51, 1, &q), 0);
	assert_int_equal(
	    unlinkat(m->store.root.dir, ".Sent/cur/3.c.h,S=100:2,", 0), 0);
	assert_int_equal(quota_room(s, 200, 51, 1, &q), 1);
	assert_int_equal(q.used, 50);
	/* Removed by hand, and something was added since it was counted. */
	assert_int_equal(quota_add(s, NULL, 100, 1), 0);
	assert_int_equal(quota_room(s, 200, 51, 1, &q), 1);
	assert_int_equal(q.used, 50);
	/* A session asks likewise. */
	assert_int_equal(quota_add(s, NULL, 100, 1), 0);
	assert_int_equal(quota_room(s, QUOTA_AS_WRITTEN, 51, 1, &q), 1);
}

static void
a_long_file_is_written_anew(void **state)
{
	struct made *m = *state;
	struct quota q;
	struct stat st;

	made_file(m, "cur/1.a.h,S=100:2,", "x");
	assert_int_equal(quota_read(&m->store, 1000, &q), 0);
	for (int i = 0; i < 2000; i++)
		quota_add(&m->store, NULL, 1, 0);
	assert_int_equal(quota_read(&m->store, 1000, &q), 0);
	assert_int_equal(q.used, 100);
	assert_int_equal(fstatat(m->store.root.dir, "maildirsize", &st, 0), 0);
	assert_true(st.st_size < 30);
}

static void
what_is_no_file_of_ours_stops_no_counting(void **state)
{
	struct made *m = *state;
	struct quota q;

	made_file(m, "cur/1.a.h,S=100:2,", "x");
	assert_int_equal(
	    mkdirat(m->store.root.dir, "cur/2.b.h,S=7:2,", 0700), 0);
	assert_int_equal(symlinkat("x", m->store.root.dir, ".Linked"), 0);
	made_file(m, ".file", "x");
	assert_int_equal(mkdirat(m->store.root.dir, ".Dark", 0700), 0);
	assert_int_equal(mkdirat(m->store.root.dir, ".Dark/cur", 0), 0);
	assert_int_equal(quota_read(&m->store, 1000, &q), 0);
	assert_int_equal(q.used, 100);
	assert_int_equal(q.count, 1);
}

static void
what_was_done_is_counted(void **state)
{
	struct made *m = *state;
	struct store *s = &m->store;
	const struct place_how copying = { .move = false };
	struct folder a, b;
	struct folder_placed placed;
	struct quota q;
	uint32_t both[] = { 0, 1 }, first[] = { 0 };

	made_file(m, "new/1000000001.a.h", "12345");
	made_file(m, "new/1000000002.b.h", "123");
	assert_int_equal(quota_read(s, 1000, &q), 0);
	assert_int_equal(folder_open(&a, s, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_open(&b, s, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_expunge(&b, first, 1, false), 0);
	/* One of the two is gone, and the session does not know. */
	assert_int_equal(
	    folder_place(&a, both, 2, SPAN("Sent"), &copying, &placed), 0);
	folder_placed_free(&placed);
	assert_int_equal(quota_read(s, QUOTA_AS_WRITTEN, &q), 0);
	assert_int_equal(q.used, 6);
	assert_int_equal(q.count, 2);
	/* A copy that is taken back, a message that another removed. */
	assert_int_equal(folder_place(&a, both, 2, SPAN("Sent"),
			     &(struct place_how){ .all = true }, &placed),
	    -1);
	assert_int_equal(folder_expunge(&a, both, 2, false), 0);
	assert_int_equal(quota_read(s, QUOTA_AS_WRITTEN, &q), 0);
	assert_int_equal(q.used, 3);
	assert_int_equal(q.count, 1);
	folder_close(&a);
	folder_close(&b);
}

static void
a_quota_that_comes_during_a_change_counts_it(void **state)
{
	struct made *m = *state;
	struct quota_change c = { .bytes = 5, .count = 1 };
	struct quota q;

	quota_hold(&m->store, &c);
	assert_int_equal(quota_read(&m->store, 1000, &q), 0);
	made_file(m, "cur/1.a.h,S=5:2,", "12345");
	quota_release(&m->store, &c);
	assert_int_equal(quota_read(&m->store, 1000, &q), 0);
	assert_int_equal(q.used, 5);
	assert_int_equal(q.count, 1);
}

static void
a_full_mailbox_is_marked(void **state)
{
	struct span bob = SPAN("bob@example.org"), odd = SPAN("../../x@a");

	(void)state;
	assert_false(quota_marked(bob, never));
	quota_mark(SPAN("Bob@example.org"), true);
	assert_true(quota_marked(bob, never));
	quota_mark(odd, true);
	assert_true(quota_marked(odd, never));
	quota_mark(bob, false);
	assert_false(quota_marked(bob, never));
}

static void
an_old_mark_is_not_believed(void **state)
{
	struct made *m = *state;
	struct span bob = SPAN("bob@example.org");
	struct timespec before = { time(NULL) - 60, 0 },
			later = { time(NULL) + 60, 0 };

	quota_mark(bob, true);
	assert_true(quota_marked(bob, before));
	/* The account was changed later. */
	assert_false(quota_marked(bob, later));
	set_back(m, "../.full/bob@example.org", QUARTER_S + 1);
	assert_false(quota_marked(bob, never));
	/* Found full again. */
	quota_mark(bob, true);
	assert_true(quota_marked(bob, never));
}

/* A session holds its account's mark open and can reach no other. */
static void
a_session_takes_its_own_mark_back(void **state)
{
	struct made *m = *state;
	struct span bob = SPAN("bob@example.org");
	int mark, again;

	/* No quota, no mark. */
	assert_int_equal(quota_mark_open(&m->store, bob), -1);
	made_file(m, "maildirsize", "100S\n0 0\n");
	assert_int_equal(quota_mark_open(&m->store, SPAN("")), -1);
	mark = quota_mark_open(&m->store, bob);
	assert_true(mark >= 0);
	assert_false(quota_marked(bob, never));
	again = quota_mark_open(&m->store, bob);
	assert_true(again >= 0);
	close(again);
	for (int i = 0; i < 2; i++) {
		quota_mark(bob, true);
		assert_true(quota_marked(bob, never));
		quota_mark_clear(mark);
		assert_false(quota_marked(bob, never));
		/* deliver's word that there is room: the mark remains this
		 * session's all the same. */
		quota_mark(bob, true);
		quota_mark(bob, false);
		assert_false(quota_marked(bob, never));
	}
	close(mark);
	quota_mark(bob, false);
	assert_int_equal(
	    faccessat(m->store.root.dir, "../.full/bob@example.org", F_OK, 0),
	    -1);
	quota_mark_clear(-1);
}

/* CHAINMAIL_MAIL is the directory that the Maildir is in. */
static int
setup(void **state)
{
	struct made *m;
	char dir[64];

	made_setup(state);
	m = *state;
	snprintf(dir, sizeof dir, "%s", m->path);
	*strrchr(dir, '/') = '\0';
	return setenv("CHAINMAIL_MAIL", dir, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, made_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(usage_is_counted_and_added_up),
		TEST(maildirsize_of_others_is_understood),
		TEST(a_no_is_looked_at_once_more),
		TEST(a_long_file_is_written_anew),
		TEST(what_is_no_file_of_ours_stops_no_counting),
		TEST(what_was_done_is_counted),
		TEST(a_quota_that_comes_during_a_change_counts_it),
		TEST(a_full_mailbox_is_marked),
		TEST(an_old_mark_is_not_believed),
		TEST(a_session_takes_its_own_mark_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
