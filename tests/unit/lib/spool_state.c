/* lib/spool/state */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/state.h"

enum { COUNT_OF = 3 };

static struct result
read_one(const char *text, size_t index)
{
	struct arena a = ARENA_INIT;
	struct result r[COUNT_OF];

	state_parse(span_text(text), &a, r, COUNT_OF);
	r[index].text = r[index].status = SPAN("");
	arena_free(&a);
	return r[index];
}

static void
the_last_line_of_a_recipient_counts(void **state)
{
	static const char text[] =
	    "chainmail-state 1\n"
	    "at=1 index=1 verdict=75 status=4.4.1 next=9 text=a\n"
	    "at=2 index=2 verdict=75 status=4.4.1 next=9 text=b\n"
	    "at=3 index=1 verdict=67 status=5.1.1 next=0 reported=1 text=\n";
	struct result r = read_one(text, 1);

	(void)state;
	assert_int_equal(r.at, 3);
	assert_int_equal(r.verdict, 67);
	assert_int_equal(r.attempts, 2);
	assert_true(r.reported);
	assert_int_equal(read_one(text, 2).attempts, 1);
	assert_false(read_one(text, 2).reported);
	assert_int_equal(read_one(text, 0).attempts, 0);
}

static void
what_makes_no_sense_is_skipped(void **state)
{
	(void)state;
	assert_int_equal(
	    read_one("at=1 index=0 verdict=0 status=2 next=0\n", 0).attempts,
	    0);
	assert_int_equal(
	    read_one("chainmail-state 1\n\nat=1 index=99 verdict=0\nnonsense\n"
		     "at=1 index=0 verdict=0 status=2.0.0 next=0 text=\n",
		0)
		.attempts,
	    1);
	/* Cut by a crash. */
	assert_int_equal(read_one("chainmail-state 1\n"
				  "at=1 index=0 verdict=0 status=2.0.0 next=0",
			     0)
			     .attempts,
	    0);
	/* Cut by a crash before reported=1, and gone on from. */
	assert_int_equal(
	    read_one("chainmail-state 1\n"
		     "at=1 index=0 verdict=67 status=5.1.1 next=0 repo\n"
		     "at=1 index=1 verdict=0 status=2.0.0 next=0 text=\n",
		0)
		.attempts,
	    0);
}

static struct spool
spool_make(char *folder)
{
	struct spool s;

	assert_non_null(mkdtemp(folder));
	setenv("CHAINMAIL_SPOOL", folder, 1);
	assert_int_equal(spool_open(&s), 0);
	return s;
}

static void
spool_drop(struct spool *s, const char *name, const char *folder)
{
	static const char *const parts[] = { "/tmp", "/new", "/state", "/bad",
		"/blank" };
	struct str path = STR_INIT;

	unlinkat(s->state, name, 0);
	for (size_t i = 0; i < COUNT(parts); i++) {
		str_setf(&path, "%s%s", folder, parts[i]);
		rmdir(path.at);
	}
	rmdir(folder);
	str_free(&path);
	spool_close(s);
}

static void
results_are_kept_through_a_torn_write(void **state)
{
	char folder[] = "/tmp/chainmail-state-XXXXXX";
	struct spool s = spool_make(folder);
	struct arena a = ARENA_INIT;
	struct result got[COUNT_OF];
	struct result r = { .at = 5,
		.index = 2,
		.verdict = 75,
		.next = 77,
		.status = SPAN("4.2.0"),
		.text = SPAN("a text\nof two lines") };
	int fd;

	(void)state;
	/* The very first write was cut, and later another one. */
	fd = openat(s.state, "X", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "chainm", 6), 6);
	assert_int_equal(state_add(&s, "X", &r, 1), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END) > 6, 1);
	assert_int_equal(write(fd, "at=6 index=1 verd", 17), 17);
	close(fd);
	r.at = 7;
	assert_int_equal(state_add(&s, "X", &r, 1), 0);
	assert_int_equal(state_read(&s, "X", &a, got, COUNT_OF), 0);
	assert_int_equal(got[2].at, 7);
	assert_int_equal(got[2].attempts, 2);
	assert_int_equal(got[2].next, 77);
	assert_true(span_equal(got[2].text, r.text));
	assert_int_equal(got[1].attempts, 0);
	assert_int_equal(state_read(&s, "none", &a, got, COUNT_OF), 0);
	assert_int_equal(got[2].attempts, 0);
	arena_free(&a);
	spool_drop(&s, "X", folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_of_a_recipient_counts),
		cmocka_unit_test(what_makes_no_sense_is_skipped),
		cmocka_unit_test(results_are_kept_through_a_torn_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
