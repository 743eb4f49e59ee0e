/* lib/spool/state */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/state.h"

enum { COUNT_OF = 3 };

static struct result
read_one(const char *text, size_t index)
{
	struct envelope e;
	struct state st;
	struct result r;

	envelope_init(&e);
	state_init(&st);
	for (size_t i = 0; i < COUNT_OF; i++)
		envelope_to(&e, &(struct recipient){ .address = SPAN("a@b") });
	state_parse(span_text(text), &e, &st);
	r = st.results[index];
	r.text = r.status = SPAN("");
	state_free(&st);
	envelope_free(&e);
	return r;
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
	struct str line = STR_INIT;
	struct envelope e;
	struct state st;
	struct result *got;
	struct result r = { .at = 5,
		.index = 2,
		.verdict = 75,
		.next = 77,
		.status = SPAN("4.2.0"),
		.text = SPAN("a text\nof two lines") };
	int fd;

	(void)state;
	envelope_init(&e);
	state_init(&st);
	for (size_t i = 0; i < COUNT_OF; i++)
		envelope_to(&e, &(struct recipient){ .address = SPAN("a@b") });
	state_write_result(&line, &r);
	/* The very first write was cut, and later another one. */
	fd = openat(s.state, "X", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "chainm", 6), 6);
	assert_int_equal(state_append(&s, "X", str_span(&line), true), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END) > 6, 1);
	assert_int_equal(write(fd, "at=6 index=1 verd", 17), 17);
	close(fd);
	r.at = 7;
	str_clear(&line);
	state_write_result(&line, &r);
	assert_int_equal(state_append(&s, "X", str_span(&line), true), 0);
	assert_int_equal(state_read(&s, "X", &e, &st), 0);
	got = st.results;
	assert_int_equal(got[2].at, 7);
	assert_int_equal(got[2].attempts, 2);
	assert_int_equal(got[2].next, 77);
	assert_true(span_equal(got[2].text, r.text));
	assert_int_equal(got[1].attempts, 0);
	assert_int_equal(state_read(&s, "none", &e, &st), 0);
	assert_int_equal(st.results[2].attempts, 0);
	state_free(&st);
	envelope_free(&e);
	str_free(&line);
	spool_drop(&s, "X", folder);
}

/* Days of a long list, and a line that nobody has written. */
static void
a_file_may_be_of_any_length(void **state)
{
	char folder[] = "/tmp/chainmail-state-XXXXXX", text[700];
	struct spool s = spool_make(folder);
	struct envelope e;
	struct state st;
	struct str lines = STR_INIT, tail = STR_INIT;
	struct result r = { .verdict = 75, .status = SPAN("4.2.0") };
	int fd;

	(void)state;
	envelope_init(&e);
	state_init(&st);
	for (size_t i = 0; i < COUNT_OF; i++)
		envelope_to(&e, &(struct recipient){ .address = SPAN("a@b") });
	fd = openat(s.state, "X", O_WRONLY | O_CREAT, 0600);
	str_add_text(&lines, "chainmail-state 1\n");
	memset(text, 'x', sizeof text);
	for (unsigned n = 0; n < 1000; n++) {
		r.text = (struct span){ text, sizeof text - n % 3 };
		r.at = n + 1;
		state_write_result(&lines, &r);
	}
	assert_int_equal(write(fd, lines.at, lines.len), (ssize_t)lines.len);
	str_clear(&lines);
	for (size_t i = 0; i < 1 << 20; i++)
		str_add_byte(&lines, i % 65536 == 65535 ? '\n' : 'y');
	for (size_t i = 0; i < 70; i++)
		assert_int_equal(
		    write(fd, lines.at, lines.len), (ssize_t)lines.len);
	str_clear(&lines);
	for (size_t i = 0; i < 3 << 20; i++)
		str_add_byte(&lines, 'y');
	str_add_text(&lines, "\n");
	r.index = 1;
	r.text = SPAN("the last");
	state_write_result(&lines, &r);
	str_cut(&lines, lines.len - 1);
	assert_int_equal(write(fd, lines.at, lines.len), (ssize_t)lines.len);
	close(fd);
	assert_int_equal(state_read(&s, "X", &e, &st), 0);
	assert_int_equal(st.results[0].attempts, r.at);
	assert_int_equal(st.results[0].at, r.at);
	assert_int_equal(
	    st.results[0].text.len, sizeof text - (size_t)(r.at - 1) % 3);
	assert_int_equal(st.results[1].attempts, 1);
	assert_true(span_equal(st.results[1].text, SPAN("the last")));
	assert_int_equal(st.results[2].attempts, 0);
	assert_int_equal(state_known(&s, "X", &e.text, &st), 0);
	assert_int_equal(st.count, 2);
	assert_int_equal(st.results[0].attempts, r.at);
	assert_int_equal(state_tail(&s, "X", 13, &tail), 0);
	assert_string_equal(tail.at, "xt=the%20last");
	state_free(&st);
	envelope_free(&e);
	str_free(&lines);
	str_free(&tail);
	spool_drop(&s, "X", folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_of_a_recipient_counts),
		cmocka_unit_test(what_makes_no_sense_is_skipped),
		cmocka_unit_test(results_are_kept_through_a_torn_write),
		cmocka_unit_test(a_file_may_be_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
