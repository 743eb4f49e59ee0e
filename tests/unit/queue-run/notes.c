/* bin/queue-run: files of notes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../../bin/queue-run/notes.h"
#include "../lib/spool_made.h"
#include "base/io.h"
#include "os/dirs.h"
#include "os/file.h"

#define A "01K00000000000000000000000"
#define B "01K00000000000000000000001"

enum { HANDS = 4096, LARGE = 4 << 20 };

static int
root_of(void)
{
	return open(dir_spool(), O_RDONLY | O_DIRECTORY);
}

static size_t
files_count(const struct notes *n)
{
	DIR *d = fdopendir(dir_open(n->dir, "."));
	struct dirent *e;
	size_t count = 0;

	while ((e = readdir(d)) != NULL)
		count += e->d_name[0] != '.';
	closedir(d);
	return count;
}

/* What a worker notes in this file. */
static void
note(const struct notes *n, int fd, const char *id, uint64_t index)
{
	const struct result r = { .index = index, .status = SPAN("2.0.0") };
	struct note_token token = note_token(&n->key, span_text(id), index);
	struct str line = STR_INIT;

	note_write(&line, span_text(id), span_text(token.text), &r);
	assert_int_equal(note_add(fd, str_span(&line)), 0);
	str_free(&line);
}

/* A worker's copy of the file that it is to have. */
static int
hand(struct notes *n, uint64_t *has)
{
	int fd = notes_hand(n, *has, has);

	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* What is taken in: "A0 B7 "; refused is not. */
struct taken {
	struct str text;
	const char *refused;
};

static int
take(void *arg, const struct id *id, struct result *r)
{
	struct taken *t = arg;

	if (t->refused != NULL && strcmp(id->text, t->refused) == 0)
		return -1;
	str_addf(&t->text, "%s%llu ", strcmp(id->text, A) == 0 ? "A" : "B",
	    (unsigned long long)r->index);
	return 0;
}

static void
reads(struct notes *n, struct taken *t, const char *wanted)
{
	str_clear(&t->text);
	notes_read(n, take, t);
	assert_string_equal(t->text.at, wanted);
}

static void
the_key_is_made_once(void **state)
{
	struct notes one, two;
	int root = root_of(), fd;
	char path[80];

	(void)state;
	notes_open(&one);
	notes_open(&two);
	assert_memory_equal(&one.key, &two.key, sizeof one.key);
	notes_close(&two, true);
	/* One that was cut is made anew. */
	fd = openat(root, "key", O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	notes_open(&two);
	assert_memory_not_equal(&one.key, &two.key, sizeof one.key);
	notes_close(&one, true);
	notes_open(&one);
	assert_memory_equal(&one.key, &two.key, sizeof one.key);
	notes_close(&two, true);
	notes_close(&one, true);
	/* One that can't be read is none that anybody could guess. */
	snprintf(path, sizeof path, "%s/key", dir_spool());
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	notes_open(&one);
	notes_open(&two);
	assert_memory_not_equal(&one.key, &two.key, sizeof one.key);
	notes_close(&two, true);
	notes_close(&one, true);
	close(root);
}

static void
an_earlier_process_is_read_until_nobody_can_write(void **state)
{
	struct taken t = { .text = STR_INIT };
	struct notes old, now;
	uint64_t has = 0, none = 0;
	int worker;

	(void)state;
	notes_open(&old);
	worker = hand(&old, &has);
	assert_true(worker >= 0);
	assert_int_equal(hand(&old, &has), -1); /* it has it */
	note(&old, worker, A, 0);
	notes_close(&old, false); /* killed */
	notes_open(&now);
	assert_false(notes_are_open(&now));
	reads(&now, &t, "A0 ");
	assert_true(notes_are_open(&now));
	reads(&now, &t, "");
	notes_taken(&now);
	assert_int_equal(files_count(&now), 1);
	/* An unfinished line is waited for. */
	note(&old, worker, B, 7);
	assert_int_equal(write(worker, "note id=", 8), 8);
	reads(&now, &t, "B7 ");
	assert_int_equal(write(worker, "x\n", 2), 2);
	note(&old, worker, A, 1);
	close(worker);
	reads(&now, &t, "A1 ");
	assert_true(notes_are_open(&now));
	notes_taken(&now);
	assert_false(notes_are_open(&now));
	assert_int_equal(files_count(&now), 0);
	/* Its own are no earlier one's. */
	worker = hand(&now, &none);
	note(&now, worker, A, 5);
	reads(&now, &t, "");
	assert_false(notes_are_open(&now));
	close(worker);
	notes_close(&now, true);
	str_free(&t.text);
}

static void
what_can_not_be_taken_in_is_kept_and_holds_up_nothing(void **state)
{
	struct taken t = { .text = STR_INIT, .refused = A };
	struct notes old, now;
	uint64_t has = 0;
	int worker;

	(void)state;
	notes_open(&old);
	worker = hand(&old, &has);
	note(&old, worker, B, 0);
	note(&old, worker, A, 1);
	note(&old, worker, B, 2);
	close(worker);
	notes_close(&old, false);
	notes_open(&now);
	reads(&now, &t, "B0 B2 ");
	notes_taken(&now);
	assert_true(notes_are_open(&now));
	reads(&now, &t, "B2 ");
	t.refused = NULL;
	reads(&now, &t, "A1 B2 ");
	notes_taken(&now);
	assert_int_equal(files_count(&now), 0);
	notes_close(&now, true);
	str_free(&t.text);
}

static void
a_large_file_is_followed_by_another(void **state)
{
	static char zeros[LARGE + 1];
	struct notes n;
	uint64_t first = 0, has;
	int worker, other;

	(void)state;
	notes_open(&n);
	worker = hand(&n, &first);
	assert_int_equal(
	    write_all(worker, (struct span){ zeros, sizeof zeros }), 0);
	assert_false(notes_are_left(&n));
	has = first;
	for (size_t i = 0; i < HANDS && has == first; i++)
		if ((other = hand(&n, &has)) >= 0)
			close(other);
	assert_true(has > first);
	assert_true(notes_are_left(&n));
	assert_int_equal(files_count(&n), 2);
	/* A job may be outstanding that came with the old one. */
	notes_drop(&n, first);
	assert_int_equal(files_count(&n), 2);
	notes_drop(&n, has);
	assert_int_equal(files_count(&n), 1);
	assert_false(notes_are_left(&n));
	close(worker);
	notes_close(&n, true);
}

static void
what_a_worker_noted_before_it_died_is_found(void **state)
{
	struct arena a = ARENA_INIT;
	struct result r;
	struct notes n;
	uint64_t has = 0;
	int worker, other;

	(void)state;
	notes_open(&n);
	notes_load(&n);
	assert_false(notes_find(&n, A, 0, &a, &r));
	worker = hand(&n, &has);
	note(&n, worker, A, 1);
	/* Cut by a full disk; the next is another's. */
	assert_int_equal(write(worker, "note id=" A " index=2 to", 45), 45);
	note(&n, worker, B, 12);
	notes_load(&n);
	assert_true(notes_find(&n, A, 1, &a, &r));
	assert_int_equal(r.verdict, 0);
	assert_true(notes_find(&n, B, 12, &a, &r));
	assert_false(notes_find(&n, A, 2, &a, &r));
	assert_false(notes_find(&n, B, 1, &a, &r));
	assert_false(notes_find(&n, A, 12, &a, &r));
	/* A file that ends in the middle of a line is followed by others. */
	assert_int_equal(write(worker, "note id=", 8), 8);
	n.current->after = n.old;
	n.old = n.current;
	n.current = NULL;
	other = hand(&n, &has);
	note(&n, other, A, 3);
	notes_load(&n);
	assert_true(notes_find(&n, A, 3, &a, &r));
	assert_true(notes_find(&n, A, 1, &a, &r));
	close(other);
	close(worker);
	arena_free(&a);
	notes_close(&n, true);
	notes_open(&n);
	assert_int_equal(files_count(&n), 0);
	notes_close(&n, true);
}

static void
no_folder_no_notes(void **state)
{
	struct taken t = { .text = STR_INIT };
	struct notes n;
	uint64_t has = 0;
	int root = root_of(), fd;

	(void)state;
	fd = openat(root, "notes", O_WRONLY | O_CREAT, 0600);
	close(fd);
	close(root);
	notes_open(&n);
	assert_int_equal(n.dir, -1);
	assert_int_equal(hand(&n, &has), -1);
	assert_int_equal(has, 0);
	reads(&n, &t, "");
	notes_close(&n, false);
	str_free(&t.text);
}

int
main(void)
{
#define T(test)                                                                \
	cmocka_unit_test_setup_teardown(                                       \
	    test, spool_made_open, spool_made_remove)
	const struct CMUnitTest tests[] = {
		T(the_key_is_made_once),
		T(an_earlier_process_is_read_until_nobody_can_write),
		T(what_can_not_be_taken_in_is_kept_and_holds_up_nothing),
		T(a_large_file_is_followed_by_another),
		T(what_a_worker_noted_before_it_died_is_found),
		T(no_folder_no_notes),
	};

	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
