/* lib/store/delivery and the sweep of tmp/ */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/clock.h"
#include "maildir_made.h"
#include "store/delivery.h"
#include "store/folder.h"

#define BASE "1764000000.01JDABCDEFGHJKMNPQRSTVWXYZr3f9c01a2.host"

static int
setup(void **state)
{
	struct made *m;

	made_setup(state);
	m = *state;
	setenv("CHAINMAIL_MAIL", m->path, 1);
	return 0;
}

static int
deliver(const struct maildir *to, struct span base, const char *text)
{
	struct delivery d, *all[] = { &d };
	int error;

	assert_int_equal(delivery_start(&d, to, base), 0);
	assert_int_equal(delivery_write(&d, span_text(text)), 0);
	delivery_commit(all, 1);
	error = d.error;
	delivery_end(&d);
	return error;
}

static void
sizes_are_counted_across_writes(void **state)
{
	struct made *m = *state;
	struct delivery d, *all[] = { &d };

	assert_int_equal(delivery_start(&d, &m->store.root, SPAN(BASE)), 0);
	assert_int_equal(delivery_write(&d, SPAN("a\nb\r")), 0);
	assert_int_equal(delivery_write(&d, SPAN("\n\n")), 0);
	assert_int_equal(delivery_write(&d, SPAN("c")), 0);
	assert_non_null(made_find(m, "tmp", BASE));
	assert_int_equal(delivery_commit(all, 1), 0);
	delivery_end(&d);
	assert_string_equal(made_find(m, "new", ""), BASE ",S=7,W=9");
	assert_int_equal(made_count(m, "tmp"), 0);
}

static void
a_repeated_delivery_is_one(void **state)
{
	struct made *m = *state;
	struct folder f;

	assert_int_equal(deliver(&m->store.root, SPAN(BASE), "x\n"), 0);
	assert_int_equal(deliver(&m->store.root, SPAN(BASE), "x\n"), EEXIST);
	assert_int_equal(made_count(m, "new"), 1);
	assert_int_equal(made_count(m, "tmp"), 0);
	assert_int_equal(delivery_exists(&m->store.root, SPAN(BASE), false), 1);
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	folder_close(&f);
	assert_int_equal(delivery_exists(&m->store.root, SPAN(BASE), false), 0);
	assert_int_equal(delivery_exists(&m->store.root, SPAN(BASE), true), 1);
	assert_int_equal(
	    delivery_exists(&m->store.root, SPAN("1764000000.01JD"), true), 0);
}

/* A worker that outlived its queue-run, and the one after it. */
static void
two_workers_on_one_message_leave_it_whole_and_once(void **state)
{
	struct made *m = *state;

	for (int first = 0; first < 2; first++) {
		struct delivery d[2], *all[] = { &d[0], &d[1] };

		for (int i = 0; i < 2; i++) {
			assert_int_equal(
			    delivery_start(&d[i], &m->store.root, SPAN(BASE)),
			    0);
			assert_int_equal(delivery_write(&d[i], SPAN("ha")), 0);
		}
		assert_int_equal(delivery_write(&d[first], SPAN("lf\n")), 0);
		assert_int_equal(delivery_commit(&all[first], 1), 0);
		assert_string_equal(made_find(m, "new", ""), BASE ",S=5,W=6");
		assert_int_equal(delivery_write(&d[!first], SPAN("lf\n")), 0);
		assert_int_equal(delivery_commit(&all[!first], 1), 0);
		delivery_end(&d[0]);
		delivery_end(&d[1]);
		assert_int_equal(made_count(m, "new"), 1);
		assert_int_equal(made_count(m, "tmp"), 0);
		assert_int_equal(
		    unlinkat(m->store.root.new, BASE ",S=5,W=6", 0), 0);
	}
}

static void
one_bad_file_does_not_spoil_the_batch(void **state)
{
	struct made *m = *state;
	struct maildir junk;
	struct delivery a, b, c, *all[] = { &a, &b, &c };

	assert_int_equal(delivery_folder(&m->store, SPAN("junk"), &junk), 0);
	delivery_start(&a, &m->store.root, SPAN("1.a.h"));
	delivery_start(&b, &m->store.root, SPAN("1.b.h"));
	delivery_start(&c, &junk, SPAN("1.c.h"));
	delivery_write(&a, SPAN("a"));
	delivery_write(&b, SPAN("b"));
	delivery_write(&c, SPAN("c"));
	unlinkat(m->store.root.tmp, "1.b.h", 0);
	assert_int_equal(delivery_commit(all, 3), -1);
	assert_int_equal(a.error, 0);
	assert_int_equal(b.error, ENOENT);
	assert_int_equal(c.error, 0);
	for (int i = 0; i < 3; i++)
		delivery_end(all[i]);
	assert_int_equal(made_count(m, "new"), 1);
	assert_int_equal(made_count(m, ".Junk/new"), 1);
	maildir_close(&junk);
	assert_int_equal(delivery_folder(&m->store, SPAN("None"), &junk), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(delivery_folder(&m->store, SPAN("../x"), &junk), -1);
	assert_int_equal(errno, ENOENT);
}

static void
only_old_files_that_nobody_uses_are_swept(void **state)
{
	struct made *m = *state;
	struct timespec old[2] = { { 0, 0 }, { 0, 0 } };
	int used;

	old[0].tv_sec = old[1].tv_sec = clock_wall_s() - 40 * 3600;
	made_file(m, "tmp/fresh", "x");
	made_file(m, "tmp/aged", "x");
	made_file(m, "tmp/used", "x");
	assert_int_equal(utimensat(m->store.root.tmp, "aged", old, 0), 0);
	assert_int_equal(utimensat(m->store.root.tmp, "used", old, 0), 0);
	used = openat(m->store.root.tmp, "used", O_WRONLY);
	maildir_sweep(&m->store.root);
	assert_int_equal(made_count(m, "tmp"), 2);
	assert_null(made_find(m, "tmp", "aged"));
	close(used);
	maildir_sweep(&m->store.root);
	assert_string_equal(made_find(m, "tmp", ""), "fresh");
	/* A folder whose deletion a crash cut short. */
	assert_int_equal(mkdirat(m->store.root.tmp, "dir", 0700), 0);
	made_file(m, "tmp/dir/x", "x");
	assert_int_equal(utimensat(m->store.root.tmp, "dir", old, 0), 0);
	maildir_sweep(&m->store.root);
	assert_int_equal(made_count(m, "tmp"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, made_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sizes_are_counted_across_writes),
		TEST(a_repeated_delivery_is_one),
		TEST(two_workers_on_one_message_leave_it_whole_and_once),
		TEST(one_bad_file_does_not_spoil_the_batch),
		TEST(only_old_files_that_nobody_uses_are_swept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
