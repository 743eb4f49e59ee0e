/* lib/spool/blank: which files are written again, and which never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/blank.h"
#include "spool_made.h"

/* Write a message; its file's inode. */
static ino_t
message_put(struct spool *s, const char *text, bool shared, struct id *id_r)
{
	struct envelope e;
	struct spool_file f;
	struct stat st;

	*id_r = id_new();
	envelope_init(&e);
	envelope_to(
	    &e, &(struct recipient){ .address = SPAN("bob@x.example") });
	assert_int_equal(spool_create(&f, s, id_r, &e), 0);
	assert_int_equal(spool_write(&f, span_text(text)), 0);
	if (shared)
		assert_true(spool_share(&f) >= 0);
	assert_int_equal(spool_commit(&f), 0);
	envelope_free(&e);
	assert_int_equal(fstatat(s->new, id_r->text, &st, 0), 0);
	return st.st_ino;
}

/* As many messages as it takes to meet one of 128 slots in four tries. */
enum { MANY = 2000 };

static bool
is_used_again(struct spool *s, ino_t file)
{
	for (int i = 0; i < MANY; i++) {
		struct id id;
		ino_t it = message_put(s, "short", false, &id);

		assert_int_equal(unlinkat(s->new, id.text, 0), 0);
		if (it == file)
			return true;
	}
	return false;
}

static int
blanks(struct spool *s)
{
	int n = 0;

	for (unsigned i = 0; i < 128; i++) {
		char name[3];

		snprintf(name, sizeof name, "%02x", i);
		n += faccessat(s->blank, name, F_OK, 0) == 0;
	}
	return n;
}

static void
test_a_blank_holds_the_new_message_alone(void **state)
{
	struct spool *s = *state;
	struct id id;
	ino_t file = message_put(s, "a long secret of somebody", false, &id);

	assert_true(blank_give(s, id.text));
	assert_int_equal(faccessat(s->new, id.text, F_OK, 0), -1);
	for (int i = 0; i < MANY; i++) {
		struct spool_message m;
		char text[64] = "";
		ino_t it = message_put(s, "new", false, &id);

		assert_int_equal(
		    spool_read(s, id.text, &m, NULL, NULL), SPOOL_WHOLE);
		assert_int_equal(m.size, 3);
		assert_int_equal(
		    pread(m.fd, text, sizeof text - 1, (off_t)m.header), 3);
		assert_string_equal(text, "new");
		close(m.fd);
		unlinkat(s->new, id.text, 0);
		if (it == file)
			return;
	}
	fail_msg("the blank was never taken");
}

static void
test_a_file_with_two_names_is_left_alone(void **state)
{
	struct spool *s = *state;
	struct id id;
	ino_t file = message_put(s, "kept by a backup", false, &id);
	char text[256] = "";
	int fd;

	assert_int_equal(linkat(s->new, id.text, s->bad, "copy", 0), 0);
	assert_true(blank_give(s, id.text));
	assert_false(is_used_again(s, file));
	fd = openat(s->bad, "copy", O_RDONLY);
	assert_true(read(fd, text, sizeof text - 1) > 0);
	close(fd);
	assert_non_null(strstr(text, "kept by a backup"));
}

/* Who wrote the last message may hold it open still, and go on writing. */
static void
test_what_somebody_has_open_is_never_written_again(void **state)
{
	struct spool *s = *state;
	struct id id;
	ino_t file = message_put(s, "held open", false, &id);
	int held = openat(s->new, id.text, O_WRONLY);

	assert_true(held >= 0);
	assert_true(blank_give(s, id.text));
	assert_false(is_used_again(s, file));
	close(held);
}

static void
test_what_a_filter_wrote_is_never_written_again(void **state)
{
	struct spool *s = *state;
	struct id id;
	ino_t file = message_put(s, "by a filter", true, &id);
	int held = openat(s->new, id.text, O_RDONLY); /* keeps the inode */

	assert_true(blank_give(s, id.text));
	assert_false(is_used_again(s, file));
	close(held);
}

static void
test_purging_leaves_none(void **state)
{
	struct spool *s = *state;
	struct id id[20];

	for (size_t i = 0; i < COUNT(id); i++)
		message_put(s, "x", false, &id[i]);
	for (size_t i = 0; i < COUNT(id); i++)
		if (!blank_give(s, id[i].text))
			unlinkat(s->new, id[i].text, 0);
	assert_true(blanks(s) > 0);
	assert_true(blank_purge(s) > 0);
	assert_int_equal(blanks(s), 0);
	assert_int_equal(blank_take(s, "none"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_a_blank_holds_the_new_message_alone, spool_made_open,
		    spool_made_remove),
		cmocka_unit_test_setup_teardown(
		    test_a_file_with_two_names_is_left_alone, spool_made_open,
		    spool_made_remove),
		cmocka_unit_test_setup_teardown(
		    test_what_somebody_has_open_is_never_written_again,
		    spool_made_open, spool_made_remove),
		cmocka_unit_test_setup_teardown(
		    test_what_a_filter_wrote_is_never_written_again,
		    spool_made_open, spool_made_remove),
		cmocka_unit_test_setup_teardown(test_purging_leaves_none,
		    spool_made_open, spool_made_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
