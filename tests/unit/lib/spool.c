/* lib/spool: what is written is read back; what is not whole is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/spool.h"

static char folder[] = "/tmp/chainmail-spool-XXXXXX";

static int
setup(void **state)
{
	static struct spool s;

	umask(077);
	*state = &s;
	strcpy(folder + sizeof folder - 7, "XXXXXX");
	return mkdtemp(folder) == NULL ||
	    setenv("CHAINMAIL_SPOOL", folder, 1) < 0 || spool_open(&s) < 0;
}

static int
drop(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int
teardown(void **state)
{
	spool_close(*state);
	return nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void
envelope_fill(struct envelope *e)
{
	envelope_init(e);
	e->from = SPAN("ann@example.net");
	e->ret = SPAN("HDRS");
	e->envid = SPAN("a b=%c\n");
	e->smtputf8 = true;
	e->client = SPAN("192.0.2.7");
	e->helo = SPAN("mx example");
	e->service = SPAN("smtp");
	envelope_to(e,
	    &(struct recipient){ .address = SPAN("bob@example.org"),
		.notify = SPAN("NEVER"),
		.orcpt = SPAN("rfc822;b b@example.org") });
	envelope_to(e, &(struct recipient){ .address = SPAN("\"c d\"@x.y") });
}

static struct id
message_put(struct spool *s, size_t size)
{
	struct envelope e;
	struct spool_file f;
	struct id id = id_new();

	envelope_fill(&e);
	assert_int_equal(spool_create(&f, s, &id, &e), 0);
	for (size_t i = 0; i < size; i += 10)
		assert_int_equal(spool_write(&f, SPAN("123456789\n")), 0);
	assert_int_equal(spool_commit(&f), 0);
	assert_int_equal(f.fd, -1);
	envelope_free(&e);
	return id;
}

static void
same(struct span a, struct span b)
{
	assert_true(span_equal(a, b));
}

static void
a_message_is_read_as_it_was_written(void **state)
{
	static const size_t sizes[] = { 0, 10, 65000, 300000 };
	struct spool *s = *state;
	struct spool_message m;
	struct envelope e, wanted;
	char last[10];

	envelope_init(&e);
	envelope_fill(&wanted);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct id id = message_put(s, sizes[i]);

		assert_int_equal(
		    spool_read(s, id.text, &m, &e, NULL), SPOOL_WHOLE);
		assert_int_equal(m.size, sizes[i]);
		if (sizes[i] > 0) {
			assert_int_equal(pread(m.fd, last, 10,
					     (off_t)(m.header + m.size - 10)),
			    10);
			assert_memory_equal(last, "123456789\n", 10);
		}
		close(m.fd);
		same(e.from, wanted.from);
		same(e.ret, wanted.ret);
		same(e.envid, wanted.envid);
		same(e.helo, wanted.helo);
		same(e.auth, SPAN(""));
		assert_true(e.smtputf8);
		assert_int_equal(e.count, 2);
		same(e.recipients[0].address, wanted.recipients[0].address);
		same(e.recipients[0].notify, wanted.recipients[0].notify);
		same(e.recipients[0].orcpt, wanted.recipients[0].orcpt);
		same(e.recipients[1].address, wanted.recipients[1].address);
		same(e.recipients[1].notify, SPAN(""));
	}
	envelope_free(&e);
	envelope_free(&wanted);
}

static void
the_group_may_read_it(void **state)
{
	struct spool *s = *state;
	struct id id = message_put(s, 10);
	struct stat st;

	assert_int_equal(fstatat(s->new, id.text, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(fstat(s->new, &st), 0);
	assert_int_equal(st.st_mode & 07777, 02770);
}

static void
nothing_has_its_name_before_the_commit(void **state)
{
	struct spool *s = *state;
	struct spool_file f;
	struct envelope e;
	struct id id = id_new();

	envelope_fill(&e);
	assert_int_equal(spool_create(&f, s, &id, &e), 0);
	assert_int_equal(spool_write(&f, SPAN("x\n")), 0);
	assert_int_equal(faccessat(s->new, id.text, F_OK, 0), -1);
	spool_abort(&f);
	spool_abort(&f);
	assert_int_equal(faccessat(s->tmp, id.text, F_OK, 0), -1);
	assert_int_equal(faccessat(s->new, id.text, F_OK, 0), -1);
	envelope_free(&e);
}

static void
a_name_is_never_replaced(void **state)
{
	struct spool *s = *state;
	struct id id = message_put(s, 50);
	struct spool_file f;
	struct spool_message m;
	struct envelope e;

	envelope_fill(&e);
	assert_int_equal(spool_create(&f, s, &id, &e), 0);
	assert_int_equal(spool_commit(&f), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(faccessat(s->tmp, id.text, F_OK, 0), -1);
	assert_int_equal(spool_read(s, id.text, &m, NULL, NULL), SPOOL_WHOLE);
	assert_int_equal(m.size, 50);
	close(m.fd);
	envelope_free(&e);
}

static void
a_derived_id_outlives_a_killed_writer(void **state)
{
	struct spool *s = *state;
	struct id id = id_new();
	struct spool_file killed, f;
	struct envelope e;

	envelope_fill(&e);
	assert_int_equal(spool_create(&killed, s, &id, &e), 0);
	assert_int_equal(spool_create(&f, s, &id, &e), 0);
	assert_int_equal(spool_commit(&f), 0);
	assert_int_equal(faccessat(s->new, id.text, F_OK, 0), 0);
	spool_abort(&killed);
	envelope_free(&e);
}

static void
a_filter_may_write_the_message(void **state)
{
	struct spool *s = *state;
	struct spool_file f;
	struct spool_message m;
	struct envelope e;
	struct id id = id_new();

	envelope_fill(&e);
	assert_int_equal(spool_create(&f, s, &id, &e), 0);
	assert_int_equal(spool_write(&f, SPAN("ours\n")), 0);
	assert_int_equal(write(spool_share(&f), "theirs\n", 7), 7);
	assert_int_equal(spool_commit(&f), 0);
	assert_int_equal(spool_read(s, id.text, &m, NULL, NULL), SPOOL_WHOLE);
	assert_int_equal(m.size, 12);
	close(m.fd);
	envelope_free(&e);
}

static void
an_error_is_remembered(void **state)
{
	struct spool *s = *state;
	struct spool_file f;
	struct envelope e;
	struct id id = id_new();
	int full = open("/dev/full", O_WRONLY);

	envelope_fill(&e);
	assert_int_equal(spool_create(&f, s, &id, &e), 0);
	assert_true(dup2(full, f.fd) >= 0);
	close(full);
	for (int i = 0; i < 20000; i++)
		spool_write(&f, SPAN("123456789\n"));
	assert_int_equal(spool_commit(&f), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(faccessat(s->tmp, id.text, F_OK, 0), -1);
	assert_int_equal(faccessat(s->new, id.text, F_OK, 0), -1);
	envelope_free(&e);
}

/* Change len bytes at offset of a whole file and look at it again. */
static enum spool_found
damaged(struct spool *s, off_t offset, const char *bytes, off_t size)
{
	struct id id = message_put(s, 50);
	struct spool_message m = { .fd = -1 };
	struct envelope e;
	enum spool_found r;
	const char *why = NULL;
	int fd = openat(s->new, id.text, O_WRONLY);

	envelope_init(&e);
	assert_int_equal(
	    pwrite(fd, bytes, strlen(bytes), offset), (ssize_t)strlen(bytes));
	if (size >= 0)
		assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
	r = spool_read(s, id.text, &m, &e, &why);
	assert_int_equal(m.fd >= 0, r == SPOOL_WHOLE);
	assert_int_equal(why != NULL, r == SPOOL_BROKEN);
	if (m.fd >= 0)
		close(m.fd);
	envelope_free(&e);
	return r;
}

static void
what_is_not_whole_is_broken(void **state)
{
	struct spool *s = *state;

	assert_int_equal(damaged(s, 0, "c", -1), SPOOL_WHOLE);
	assert_int_equal(damaged(s, 0, "C", -1), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 16, "2", -1), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 0, "c", 0), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 0, "c", 17), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 0, "c", 100), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 1000, "c", -1), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 25, "0000000000", -1), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 25, "9999999999", -1), SPOOL_BROKEN);
	assert_int_equal(
	    damaged(s, 41, "99999999999999999999", -1), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 62, "FROM", -1), SPOOL_BROKEN);
	assert_int_equal(damaged(s, 67, "%zz", -1), SPOOL_BROKEN);
}

static void
what_is_no_file_or_not_ours_is_broken(void **state)
{
	struct spool *s = *state;
	struct spool_message m;
	struct id id = message_put(s, 50), link = id_new(), fifo = id_new(),
		  none = id_new();

	assert_int_equal(symlinkat(id.text, s->new, link.text), 0);
	assert_int_equal(mkfifoat(s->new, fifo.text, 0640), 0);
	assert_int_equal(fchmodat(s->new, id.text, 0666, 0), 0);
	assert_int_equal(spool_read(s, id.text, &m, NULL, NULL), SPOOL_BROKEN);
	assert_int_equal(
	    spool_read(s, link.text, &m, NULL, NULL), SPOOL_BROKEN);
	assert_int_equal(
	    spool_read(s, fifo.text, &m, NULL, NULL), SPOOL_BROKEN);
	assert_int_equal(spool_read(s, none.text, &m, NULL, NULL), SPOOL_GONE);
}

static void
room_is_asked_of_the_file_system(void **state)
{
	struct spool *s = *state;

	assert_int_equal(spool_room(s, 1000, 1000), 0);
	assert_int_equal(spool_room(s, UINT64_MAX - 1, 0), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(spool_room(s, (uint64_t)1 << 60, 0), -1);
	assert_int_equal(spool_reply(ENOSPC), 452);
	assert_int_equal(spool_reply(EDQUOT), 452);
	assert_int_equal(spool_reply(EFBIG), 452);
	assert_int_equal(spool_reply(EIO), 451);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_message_is_read_as_it_was_written),
		T(the_group_may_read_it),
		T(nothing_has_its_name_before_the_commit),
		T(a_name_is_never_replaced),
		T(a_derived_id_outlives_a_killed_writer),
		T(a_filter_may_write_the_message),
		T(an_error_is_remembered),
		T(what_is_not_whole_is_broken),
		T(what_is_no_file_or_not_ours_is_broken),
		T(room_is_asked_of_the_file_system),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
