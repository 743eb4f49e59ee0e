/* A folder's index of texts by itself: what is read of it is what was written,
 * whatever was done to the file. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "maildir_made.h"
#include "store/index_text.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)
#define NAME "index.text"

enum { MADE = 50, VALIDITY = 7 };

static struct trigrams fields, body;

static void
texts_make(uint32_t uid)
{
	struct str text = STR_INIT;

	trigrams_clear(&fields);
	trigrams_clear(&body);
	str_setf(&text, "FIELD %u AND SUCH", uid);
	trigrams_add(&fields, str_span(&text));
	for (uint32_t i = 0; i < uid % 9; i++) {
		str_setf(&text, "BODY %u LINE %u", uid, i);
		trigrams_add(&body, str_span(&text));
	}
	str_free(&text);
}

static void
add(struct index_text *x, uint32_t uid)
{
	texts_make(uid);
	index_text_add(x, uid, uid * 3, &fields, &body);
}

/* The entry is the one that add() made of that UID. */
static void
assert_is(const struct text_entry *e)
{
	struct str set = STR_INIT;

	texts_make(e->uid);
	assert_int_equal(e->name, e->uid * 3);
	assert_false(e->any_field || e->any_body);
	trigrams_put(&fields, &set);
	assert_true(span_equal(str_span(&set), e->fields));
	str_clear(&set);
	trigrams_put(&body, &set);
	assert_true(span_equal(str_span(&set), e->body));
	str_free(&set);
}

static void
opened(struct index_text *x, struct made *m)
{
	assert_int_equal(index_text_open(x, m->store.root.dir, VALIDITY), 0);
}

/* UIDs first to last, from the front on; how many more there are. */
static uint32_t
assert_has(struct index_text *x, uint32_t first, uint32_t last)
{
	struct text_entry e;
	uint32_t more = 0;

	for (uint32_t uid = first; uid <= last; uid++) {
		assert_true(index_text_next(x, &e));
		assert_int_equal(e.uid, uid);
		assert_is(&e);
	}
	while (index_text_next(x, &e)) {
		assert_is(&e);
		more++;
	}
	return more;
}

static void
make(struct made *m)
{
	struct index_text x;

	opened(&x, m);
	for (uint32_t uid = 1; uid <= MADE; uid++)
		add(&x, uid);
	index_text_close(&x);
}

static void
entries_are_read_as_they_were_added(void **state)
{
	struct made *m = *state;
	struct index_text x;

	make(m);
	opened(&x, m);
	assert_int_equal(assert_has(&x, 1, MADE), 0);
	add(&x, MADE + 1);
	index_text_rewind(&x);
	assert_int_equal(assert_has(&x, 1, MADE), 0); /* not written yet */
	index_text_close(&x);
	opened(&x, m);
	assert_int_equal(assert_has(&x, 1, MADE + 1), 0);
	index_text_close(&x);
}

static void
more_than_its_buffers_hold_is_read(void **state)
{
	struct made *m = *state;
	struct index_text x;
	struct stat st;

	opened(&x, m);
	for (uint32_t uid = 1; uid <= 20000; uid++)
		add(&x, uid);
	index_text_close(&x);
	assert_int_equal(fstatat(m->store.root.dir, NAME, &st, 0), 0);
	assert_true(st.st_size > 512 * 1024);
	opened(&x, m);
	assert_int_equal(assert_has(&x, 1, 20000), 0);
	index_text_close(&x);
}

static void
texts_that_may_have_anything_say_so(void **state)
{
	struct made *m = *state;
	struct index_text x;
	struct text_entry e;

	opened(&x, m);
	texts_make(1);
	body.any = true;
	index_text_add(&x, 1, 3, &fields, &body);
	index_text_close(&x);
	body.any = false;
	opened(&x, m);
	assert_true(index_text_next(&x, &e));
	assert_true(e.any_body && !e.any_field);
	assert_int_equal(e.body.len, 0);
	assert_false(index_text_next(&x, &e));
	index_text_close(&x);
}

static void
another_uidvalidity_has_nothing(void **state)
{
	struct made *m = *state;
	struct index_text x;
	struct text_entry e;

	make(m);
	assert_int_equal(
	    index_text_open(&x, m->store.root.dir, VALIDITY + 1), 0);
	assert_false(index_text_next(&x, &e));
	index_text_close(&x);
	/* That one is now the folder's. */
	opened(&x, m);
	assert_false(index_text_next(&x, &e));
	index_text_close(&x);
}

/* What a writer that was killed leaves. */
static void
an_entry_in_part_ends_it_and_is_written_over(void **state)
{
	struct made *m = *state;
	struct index_text x;
	struct stat st;

	make(m);
	assert_int_equal(fstatat(m->store.root.dir, NAME, &st, 0), 0);
	for (off_t cut = 1; cut < 120; cut += 7) {
		int fd = openat(m->store.root.dir, NAME, O_RDWR);
		uint32_t left;

		assert_int_equal(ftruncate(fd, st.st_size - cut), 0);
		close(fd);
		opened(&x, m);
		left = assert_has(&x, 1, 40);
		assert_true(left < 10);
		for (uint32_t uid = 41 + left; uid <= MADE; uid++)
			add(&x, uid);
		index_text_close(&x);
		opened(&x, m);
		assert_int_equal(assert_has(&x, 1, MADE), 0);
		index_text_close(&x);
	}
}

static void
a_damaged_byte_ends_it_there(void **state)
{
	struct made *m = *state;
	struct index_text x;
	struct stat st;
	int fd;

	make(m);
	fd = openat(m->store.root.dir, NAME, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = st.st_size - 1; at >= 0; at -= 5) {
		struct text_entry e;
		char c;

		assert_int_equal(pread(fd, &c, 1, at), 1);
		c ^= 0x10;
		assert_int_equal(pwrite(fd, &c, 1, at), 1);
		opened(&x, m);
		while (index_text_next(&x, &e)) {
			assert_is(&e);
			assert_true(x.end <= (uint64_t)at);
		}
		index_text_close(&x);
	}
	close(fd);
	/* The header too, by now. */
	opened(&x, m);
	add(&x, 1);
	index_text_close(&x);
	opened(&x, m);
	assert_int_equal(assert_has(&x, 1, 1), 0);
	index_text_close(&x);
}

static void
two_writers_lose_nothing(void **state)
{
	struct made *m = *state;
	struct index_text a, b;

	opened(&a, m);
	opened(&b, m);
	for (uint32_t uid = 1; uid <= MADE; uid++)
		add(uid % 2 ? &a : &b, uid);
	index_text_close(&a);
	index_text_close(&b);
	opened(&a, m);
	assert_int_equal(assert_has(&a, 1, 1), MADE - 1);
	index_text_close(&a);
}

static void
a_renewed_one_has_what_was_kept(void **state)
{
	struct made *m = *state;
	struct index_text x, other;
	struct text_entry e;

	make(m);
	opened(&other, m);
	opened(&x, m);
	assert_int_equal(index_text_renew(&x), 0);
	while (index_text_next(&x, &e))
		if (e.uid > 10)
			index_text_keep(&x, &e);
	index_text_renewed(&x);
	add(&x, MADE + 1);
	index_text_close(&x);
	/* Who has the old one open reads it, and adds to neither. */
	add(&other, 1);
	assert_int_equal(assert_has(&other, 1, MADE), 0);
	index_text_close(&other);
	opened(&x, m);
	assert_int_equal(assert_has(&x, 11, MADE + 1), 0);
	index_text_close(&x);
	assert_int_equal(made_count(m, "tmp"), 0);
	assert_int_equal(
	    faccessat(m->store.root.dir, NAME ".new", F_OK, 0), -1);
}

/* A full disk, as a limit: what could be written is whole. */
static void
a_full_disk_ends_the_adding(void **state)
{
	struct made *m = *state;
	struct rlimit usual, small = { 0 };
	struct index_text x;
	struct stat st;

	make(m);
	assert_int_equal(fstatat(m->store.root.dir, NAME, &st, 0), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
	small = (struct rlimit){ (rlim_t)st.st_size + 100, usual.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	opened(&x, m);
	for (uint32_t uid = MADE + 1; uid <= 2 * MADE; uid++)
		add(&x, uid);
	index_text_close(&x);
	opened(&x, m);
	if (index_text_renew(&x) == 0)
		index_text_renewed(&x);
	index_text_close(&x);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
	make(m);
	opened(&x, m);
	assert_int_equal(assert_has(&x, 1, MADE), 0);
	index_text_close(&x);
}

static void
one_that_may_not_be_written_is_read(void **state)
{
	struct made *m = *state;
	struct index_text x;
	bool root = geteuid() == 0;

	make(m);
	assert_int_equal(fchmodat(m->store.root.dir, NAME, 0444, 0), 0);
	assert_int_equal(fchmod(m->store.root.dir, 0755), 0);
	assert_true(!root || seteuid(65534) == 0);
	opened(&x, m);
	assert_int_equal(assert_has(&x, 1, MADE), 0);
	add(&x, MADE + 1);
	index_text_rewind(&x);
	assert_int_equal(index_text_renew(&x), -1);
	assert_int_equal(assert_has(&x, 1, MADE), 0);
	index_text_close(&x);
	assert_int_equal(
	    index_text_open(&x, m->store.root.dir, VALIDITY + 1), -1);
	assert_true(!root || seteuid(0) == 0);
	opened(&x, m);
	assert_int_equal(assert_has(&x, 1, MADE), 0);
	index_text_close(&x);
}

static void
what_is_no_file_is_no_index(void **state)
{
	struct made *m = *state;
	struct index_text x;

	assert_int_equal(mkdirat(m->store.root.dir, NAME, 0700), 0);
	assert_int_equal(index_text_open(&x, m->store.root.dir, VALIDITY), -1);
	assert_int_equal(unlinkat(m->store.root.dir, NAME, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(m->store.root.dir, NAME, 0600), 0);
	assert_int_equal(index_text_open(&x, m->store.root.dir, VALIDITY), -1);
	assert_int_equal(unlinkat(m->store.root.dir, NAME, 0), 0);
	assert_int_equal(symlinkat("uids", m->store.root.dir, NAME), 0);
	assert_int_equal(index_text_open(&x, m->store.root.dir, VALIDITY), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(entries_are_read_as_they_were_added),
		TEST(more_than_its_buffers_hold_is_read),
		TEST(texts_that_may_have_anything_say_so),
		TEST(another_uidvalidity_has_nothing),
		TEST(an_entry_in_part_ends_it_and_is_written_over),
		TEST(a_damaged_byte_ends_it_there),
		TEST(two_writers_lose_nothing),
		TEST(a_renewed_one_has_what_was_kept),
		TEST(a_full_disk_ends_the_adding),
		TEST(one_that_may_not_be_written_is_read),
		TEST(what_is_no_file_is_no_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
