/* lib/spool/journal */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "os/dirs.h"
#include "os/file.h"
#include "spool/hold.h"
#include "spool/journal.h"
#include "spool/state.h"
#include "spool_made.h"

#define MAGIC "chainmail-state 1\n"
#define A "01K00000000000000000000000"
#define B "01K00000000000000000000001"

/* A name in new/ is enough: nobody looks into the message. */
static void
message_make(const struct spool *s, const char *id)
{
	int fd = file_create(s->new, id, 0);

	assert_true(fd >= 0);
	close(fd);
}

static const char *
state_of(const struct spool *s, const char *id)
{
	static struct str text = STR_INIT;

	assert_int_equal(state_tail(s, id, 1 << 20, &text), 0);
	return text.at;
}

static void
state_put(const struct spool *s, const char *id, const char *text)
{
	int fd = openat(s->state, id, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write_all(fd, span_text(text)), 0);
	close(fd);
}

static int
root_of(void)
{
	return open(dir_spool(), O_RDONLY | O_DIRECTORY);
}

static const char *
journal_text(void)
{
	static struct str text = STR_INIT;
	int root = root_of(), fd = openat(root, "journal", O_RDONLY);

	str_clear(&text);
	close(root);
	if (fd < 0)
		return NULL;
	assert_int_equal(read_all(fd, 1 << 20, &text), 0);
	close(fd);
	return text.at;
}

static void
journal_put(const char *text)
{
	int root = root_of();
	int fd = openat(root, "journal", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write_all(fd, span_text(text)), 0);
	close(fd);
	close(root);
}

/* What kill -9 leaves: the journal as it is. */
static void
journal_leave(struct journal *j)
{
	close(j->fd);
	close(j->dir);
	str_free(&j->lines);
	str_free(&j->text);
}

static void
add(struct journal *j, const char *id, const char *lines)
{
	assert_int_equal(journal_add(j, id, span_text(lines)), 0);
}

/* Start anew: what is lacking is put back, and the journal is gone. */
static void
restart(const struct spool *s)
{
	struct journal j;

	assert_int_equal(journal_open(&j, s), 0);
	assert_null(journal_text());
	journal_close(&j);
	assert_null(journal_text());
}

static void
lines_are_in_both_files_in_their_order(void **state)
{
	const struct spool *s = *state;
	struct journal j;

	message_make(s, A);
	message_make(s, B);
	assert_int_equal(journal_open(&j, s), 0);
	assert_false(journal_is_open(&j));
	add(&j, A, "1 end=1\n2 end=1\n");
	add(&j, B, "3 end=1\n");
	assert_true(journal_is_open(&j));
	assert_null(journal_text());
	assert_int_equal(journal_sync(&j), 0);
	assert_false(journal_is_open(&j));
	add(&j, A, "4 end=1\n");
	assert_int_equal(journal_sync(&j), 0);
	assert_string_equal(journal_text(),
	    "chainmail-journal 1\n" A " 1 end=1\n" A " 2 end=1\n" B
	    " 3 end=1\n" A " 4 end=1\n");
	assert_string_equal(
	    state_of(s, A), MAGIC "1 end=1\n2 end=1\n4 end=1\n");
	assert_string_equal(state_of(s, B), MAGIC "3 end=1\n");
	journal_close(&j);
	assert_null(journal_text());
	assert_string_equal(state_of(s, B), MAGIC "3 end=1\n");
}

#define FOUR "1 end=1\n2 end=1\n3 end=1\n4 end=1\n"

/* What is left of a state file, and what it must be made of that. */
static void
a_state_file_gets_back_what_a_power_cut_took(void **state)
{
	static const struct {
		const char *left, *restored;
	} cases[] = {
		{ NULL, MAGIC FOUR },
		{ "", MAGIC FOUR },
		{ MAGIC, MAGIC FOUR },
		{ MAGIC FOUR, MAGIC FOUR },
		{ MAGIC "1 end=1\n2 end=1\n", MAGIC FOUR },
		{ MAGIC "1 end=1\n2 end=1",
		    MAGIC "1 end=1\n2 end=1\n2 end=1\n"
			  "3 end=1\n4 end=1\n" },
		{ MAGIC "1 end=1\n2 e",
		    MAGIC "1 end=1\n2 e\n2 end=1\n"
			  "3 end=1\n4 end=1\n" },
		/* All but the LF of the last one is there. */
		{ MAGIC "1 end=1\n2 end=1\n3 end=1\n4 end=1",
		    MAGIC "1 end=1\n2 end=1\n3 end=1\n4 end=1\n4 end=1\n" },
		{ "chainm", "chainm\n" MAGIC FOUR },
		/* Longer lines and later parts are others. */
		{ MAGIC "11 end=1\n", MAGIC "11 end=1\n" FOUR },
		{ MAGIC "0 1 end=1\n", MAGIC "0 1 end=1\n" FOUR },
		/* A page of it is lost: order counts, so all is put back. */
		{ MAGIC "1 end=1\n3 end=1\n4 end=1\n",
		    MAGIC "1 end=1\n3 end=1\n4 end=1\n" FOUR },
		/* One that stood there before is not this one. */
		{ MAGIC "2 end=1\n0 end=1\n", MAGIC "2 end=1\n0 end=1\n" FOUR },
		{ MAGIC "4 end=1\n1 end=1\n", MAGIC "4 end=1\n" FOUR },
	};
	const struct spool *s = *state;

	message_make(s, A);
	for (size_t i = 0; i < COUNT(cases); i++) {
		unlinkat(s->state, A, 0);
		if (cases[i].left != NULL)
			state_put(s, A, cases[i].left);
		journal_put("chainmail-journal 1\n" A " 1 end=1\n" A
			    " 2 end=1\n" A " 3 end=1\n" A " 4 end=1\n");
		restart(s);
		assert_string_equal(state_of(s, A), cases[i].restored);
	}
}

static void
messages_have_their_own_lines_back(void **state)
{
	const struct spool *s = *state;

	message_make(s, A);
	message_make(s, B);
	state_put(s, B, MAGIC "0 end=1\n2 end=1\n");
	journal_put("chainmail-journal 1\n" A " 1 end=1\n" B " 2 end=1\n" A
		    " 3 end=1\n" B " 4 end=1\n" A " 5 end=1\n");
	restart(s);
	assert_string_equal(
	    state_of(s, A), MAGIC "1 end=1\n3 end=1\n5 end=1\n");
	assert_string_equal(
	    state_of(s, B), MAGIC "0 end=1\n2 end=1\n4 end=1\n");
}

static void
who_is_gone_gets_no_state_who_is_held_does(void **state)
{
	const struct spool *s = *state;

	message_make(s, B);
	assert_int_equal(hold_put(s, B), 0);
	journal_put("chainmail-journal 1\n" A " 1 end=1\n" B " 2 end=1\n");
	restart(s);
	assert_string_equal(state_of(s, A), "");
	assert_string_equal(state_of(s, B), MAGIC "2 end=1\n");
}

static void
a_torn_journal_is_read_up_to_there(void **state)
{
	static const struct {
		const char *journal, *restored;
	} cases[] = {
		{ "chainmail-journal 1\n" A " 1 end=1\n" A " 2 end",
		    MAGIC "1 end=1\n" },
		{ "chainmail-journal 1\n" A " 1 end=1\n" A, MAGIC "1 end=1\n" },
		{ "chainmail-journal 1\nx\n\n\0 1\n" A " 1 end=1\n", "" },
		{ "chainmail-journal 1\nx\n../../a 1 end=1\n" A " 1 end=1\n",
		    MAGIC "1 end=1\n" },
		{ "chainmail-journal 1\n", "" },
		{ "chainmail-journal 1", "" },
		{ "chainm", "" },
		{ "", "" },
		{ A " 1 end=1\n", "" },
		{ "chainmail-journal 2\n" A " 1 end=1\n", "" },
	};
	const struct spool *s = *state;

	message_make(s, A);
	for (size_t i = 0; i < COUNT(cases); i++) {
		unlinkat(s->state, A, 0);
		journal_put(cases[i].journal);
		restart(s);
		assert_string_equal(state_of(s, A), cases[i].restored);
	}
}

static void
what_could_not_be_synced_is_safe_in_the_state_files_or_not_at_all(void **state)
{
	const struct spool *s = *state;
	struct journal j;
	int closed, dir;

	message_make(s, A);
	assert_int_equal(journal_open(&j, s), 0);
	add(&j, A, "1 end=1\n");
	assert_int_equal(journal_sync(&j), 0);
	/* A descriptor that can't be written to, as on a broken disk. */
	closed = open("/dev/null", O_RDONLY);
	dup3(closed, j.fd, O_CLOEXEC);
	close(closed);
	add(&j, A, "2 end=1\n");
	assert_int_equal(journal_sync(&j), -1);
	assert_true(j.failed);
	assert_true(journal_is_open(&j));
	add(&j, A, "3 end=1\n");
	/* And nothing can be made safe in another way. */
	dir = j.dir;
	j.dir = -1;
	assert_int_equal(journal_sync(&j), -1);
	assert_int_equal(journal_sync(&j), -1);
	assert_true(j.failed && journal_is_open(&j));
	j.dir = dir;
	assert_int_equal(journal_sync(&j), 0);
	assert_false(j.failed || journal_is_open(&j));
	assert_string_equal(journal_text(), "chainmail-journal 1\n");
	add(&j, A, "4 end=1\n");
	assert_int_equal(journal_sync(&j), 0);
	journal_leave(&j);
	restart(s);
	assert_string_equal(state_of(s, A), MAGIC FOUR);
}

static void
a_large_journal_begins_anew(void **state)
{
	const struct spool *s = *state;
	struct journal j;
	int dir;

	message_make(s, A);
	assert_int_equal(journal_open(&j, s), 0);
	assert_true(j.limit > 1 << 20);
	j.limit = 60;
	add(&j, A, "1 end=1\n");
	assert_int_equal(journal_sync(&j), 0);
	assert_non_null(strstr(journal_text(), "1 end=1"));
	add(&j, A, "2 end=1\n");
	assert_int_equal(journal_sync(&j), 0);
	assert_string_equal(journal_text(), "chainmail-journal 1\n");
	add(&j, A, "3 end=1\n");
	assert_int_equal(journal_sync(&j), 0);
	assert_string_equal(
	    journal_text(), "chainmail-journal 1\n" A " 3 end=1\n");
	/* When it can't, that is told, and nothing is built upon it. */
	add(&j, A, "4 end=1\n");
	j.limit = 0;
	dir = j.dir;
	j.dir = -1;
	assert_int_equal(journal_sync(&j), -1);
	assert_true(j.failed);
	j.dir = dir;
	assert_int_equal(journal_sync(&j), 0);
	journal_leave(&j);
	restart(s);
	assert_string_equal(state_of(s, A), MAGIC FOUR);
}

static void
what_is_in_no_state_file_is_in_no_journal(void **state)
{
	const struct spool *s = *state;
	struct spool broken = *s;
	struct journal j;

	message_make(s, A);
	assert_int_equal(journal_open(&j, &broken), 0);
	broken.state = -1;
	assert_int_equal(journal_add(&j, A, SPAN("1 end=1\n")), -1);
	assert_false(journal_is_open(&j));
	assert_int_equal(journal_sync(&j), 0);
	journal_close(&j);
	/* What can't be put back is not forgotten either. */
	journal_put("chainmail-journal 1\n" A " 1 end=1\n");
	assert_int_equal(journal_open(&j, &broken), -1);
	assert_non_null(journal_text());
	close(j.dir);
	restart(s);
	assert_string_equal(state_of(s, A), MAGIC "1 end=1\n");
}

int
main(void)
{
#define T(test)                                                                \
	cmocka_unit_test_setup_teardown(                                       \
	    test, spool_made_open, spool_made_remove)
	const struct CMUnitTest tests[] = {
		T(lines_are_in_both_files_in_their_order),
		T(a_state_file_gets_back_what_a_power_cut_took),
		T(messages_have_their_own_lines_back),
		T(who_is_gone_gets_no_state_who_is_held_does),
		T(a_torn_journal_is_read_up_to_there),
		T(what_could_not_be_synced_is_safe_in_the_state_files_or_not_at_all),
		T(a_large_journal_begins_anew),
		T(what_is_in_no_state_file_is_in_no_journal),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
