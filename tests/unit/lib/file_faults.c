/* Files on file systems that take a byte at a time, are interrupted, or lose
 * replies: the calls of libc are ours here. */
#undef _FORTIFY_SOURCE /* it has inline functions of their names */
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
#include <sys/syscall.h>
#include <unistd.h>

#include "base/io.h"
#include "os/file.h"
#include "spool/spool.h"
#include "spool_made.h"

static bool slow;       /* a byte at a time, every other call EINTR */
static int rename_lies; /* errno after a rename that was done */
static unsigned long calls;

ssize_t
write(int fd, const void *bytes, size_t len)
{
	if (slow && ++calls % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return syscall(SYS_write, fd, bytes, slow && len > 1 ? 1 : len);
}

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	if (slow && ++calls % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, slow && len > 1 ? 1 : len, at);
}

ssize_t
pread(int fd, void *bytes, size_t len, off_t at)
{
	if (slow && ++calls % 2 == 0) {
		errno = EINTR;
		return -1;
	}
	return syscall(SYS_pread64, fd, bytes, slow && len > 1 ? 1 : len, at);
}

int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	int r = (int)syscall(SYS_renameat2, from, old, to, new, flags);

	if (r == 0 && rename_lies != 0) {
		errno = rename_lies;
		return -1;
	}
	return r;
}

static int
setup(void **state)
{
	slow = false;
	rename_lies = 0;
	return spool_made_open(state);
}

static int
teardown(void **state)
{
	slow = false;
	return spool_made_remove(state);
}

/* Spool a text of this many bytes; what spool_commit() says. */
static int
put(const struct spool *s, const struct id *id, size_t size)
{
	struct envelope e;
	struct spool_file f;
	struct str text = STR_INIT;
	int r;

	envelope_init(&e);
	envelope_to(&e, &(struct recipient){ .address = SPAN("a@b.example") });
	memset(str_reserve(&text, size), 'x', size);
	text.len = size;
	assert_int_equal(spool_create(&f, s, id, &e), 0);
	assert_int_equal(spool_write(&f, str_span(&text)), 0);
	r = spool_commit(&f);
	str_free(&text);
	envelope_free(&e);
	return r;
}

static void
short_writes_and_interruptions_are_gone_on_from(void **state)
{
	const struct spool *s = *state;
	static const size_t sizes[] = { 0, 10, 70000 }; /* one write, two */

	slow = true;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct id id = id_new();
		struct spool_message m;

		assert_int_equal(put(s, &id, sizes[i]), 0);
		assert_int_equal(
		    spool_read(s, id.text, &m, NULL, NULL), SPOOL_WHOLE);
		assert_int_equal(m.size, sizes[i]);
		close(m.fd);
	}
	assert_true(calls > 140000);
}

/* SPOOL_WHOLE, or what else is of that id. */
static int
found(const struct spool *s, const struct id *id)
{
	struct spool_message m;
	int r = spool_read(s, id->text, &m, NULL, NULL);

	if (r == SPOOL_WHOLE)
		close(m.fd);
	return r;
}

static void
a_rename_that_was_done_is_done_whatever_was_said(void **state)
{
	const struct spool *s = *state;
	static const int errors[] = { EIO, EEXIST, ENOENT, ESTALE };

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		struct id id = id_new();

		rename_lies = errors[i];
		assert_int_equal(put(s, &id, 10), 0);
		assert_int_equal(found(s, &id), SPOOL_WHOLE);
	}
}

static void
a_name_that_is_there_is_never_replaced(void **state)
{
	const struct spool *s = *state;
	struct id id = id_new();
	struct spool_message m;

	assert_int_equal(put(s, &id, 10), 0);
	assert_int_equal(put(s, &id, 20), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(spool_read(s, id.text, &m, NULL, NULL), SPOOL_WHOLE);
	assert_int_equal(m.size, 10);
	close(m.fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(short_writes_and_interruptions_are_gone_on_from),
		TEST(a_rename_that_was_done_is_done_whatever_was_said),
		TEST(a_name_that_is_there_is_never_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
