/* A folder's index by itself: what is written is read, and what is damaged is
 * never taken for anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "maildir_made.h"
#include "store/index.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

enum { COUNT_MADE = 200 };
#define BOOT "0123456789abcdef"

static void
crc_is_that_of_the_rfc(void **state)
{
	char bytes[32];

	(void)state;
	/* RFC 3720 B.4. */
	memset(bytes, 0, sizeof bytes);
	assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
	memset(bytes, 255, sizeof bytes);
	assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (char)i;
	assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x46dd794e);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_not_equal(crc32c(1, bytes, 9), crc32c(2, bytes, 9));
}

static struct index_record
record(uint32_t i)
{
	return (struct index_record){ .uid = 2 * i + 1,
		.flags = i % 3 == 0 ? FLAG_SEEN : FLAG_DELETED,
		.keywords = i % 5,
		.size = i,
		.wire = i % 7 == 0 ? UINT32_MAX : i + 1,
		.modseq = 1000 + i,
		.date = -(int64_t)i };
}

static void
name(struct str *out, uint32_t i)
{
	struct index_record r = record(i);

	str_setf(out, "%u.a.h,U=%u:2,%s", 1764000000 + i, r.uid,
	    r.flags == FLAG_SEEN ? "S" : "T");
	for (int k = 0; k < 3; k++)
		if (r.keywords >> k & 1)
			str_add_byte(out, (char)('a' + k));
	if (i == 9)
		str_add_text(out, ":odd");
	if (i == 10)
		str_setf(out, "10.a.h,U=21"); /* in new/ */
}

static void
make(struct made *m, struct index *ix)
{
	struct str file = STR_INIT;

	assert_int_equal(index_create(ix, m->store.root.dir, BOOT, false), 0);
	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		struct index_record r = record(i);

		name(&file, i);
		assert_int_equal(index_set_name(ix, &r, str_span(&file)), 0);
		assert_int_equal(index_put(ix, i, NULL, &r), 0);
	}
	ix->now.uidnext = 2 * COUNT_MADE + 1;
	assert_int_equal(index_install(ix, m->store.root.dir), 0);
	str_free(&file);
}

/* Every record that can be read is the one that was written. How many. */
static uint32_t
read_right(struct index *ix)
{
	struct str file = STR_INIT, wanted = STR_INIT;
	uint32_t right = 0;

	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		struct index_record r, w = record(i);

		if (!index_record(ix, i, &r))
			continue;
		assert_int_equal(r.uid, w.uid);
		assert_int_equal(r.flags & LETTERS, w.flags);
		assert_int_equal(r.keywords, w.keywords);
		assert_int_equal(r.modseq, w.modseq);
		assert_int_equal(r.date, w.date);
		str_clear(&file);
		if (!index_name(ix, &r, &file))
			continue;
		name(&wanted, i);
		assert_string_equal(file.at, wanted.at);
		right++;
	}
	str_free(&file);
	str_free(&wanted);
	return right;
}

static void
what_was_written_is_read(void **state)
{
	struct made *m = *state;
	struct index ix;
	struct index_header h;
	uint32_t row;

	make(m, &ix);
	assert_int_equal(read_right(&ix), COUNT_MADE);
	index_close(&ix);
	assert_true(index_open(&ix, m->store.root.dir, BOOT));
	assert_true(index_is_named(&ix, m->store.root.dir));
	assert_int_equal(read_right(&ix), COUNT_MADE);
	assert_true(index_header(&ix, &h));
	assert_int_equal(h.count, COUNT_MADE);
	assert_int_equal(h.dead, 0);
	assert_int_equal(h.first_dead, COUNT_MADE);
	assert_int_equal(h.first_unseen, 1);
	assert_int_equal(h.unseen, COUNT_MADE - (COUNT_MADE + 2) / 3);
	assert_int_equal(h.deleted, h.unseen);
	assert_int_equal(h.unmeasured, (COUNT_MADE + 6) / 7);
	assert_true(index_find(&ix, h.count, 0, &row));
	assert_int_equal(row, 0);
	assert_true(index_find(&ix, h.count, 22, &row));
	assert_int_equal(row, 11);
	assert_true(index_find(&ix, h.count, UINT32_MAX, &row));
	assert_int_equal(row, COUNT_MADE);
	index_close(&ix);
	/* Another start of the kernel. */
	assert_false(index_open(&ix, m->store.root.dir, "fedcba9876543210"));
}

static void
sums_follow_changes(void **state)
{
	struct made *m = *state;
	struct index ix;
	struct index_header h;

	make(m, &ix);
	assert_true(index_begin(&ix));
	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		struct index_record old, r;

		assert_true(index_record(&ix, i, &old));
		r = old;
		r.flags |= i % 2 ? INDEX_DEAD : FLAG_SEEN;
		assert_int_equal(index_put(&ix, i, &old, &r), 0);
	}
	assert_int_equal(index_commit(&ix), 0);
	assert_true(index_header(&ix, &h));
	assert_int_equal(h.dead, COUNT_MADE / 2);
	assert_int_equal(h.unseen, 0);
	assert_int_equal(h.first_dead, 1);
	assert_true(index_is_worn(&h));
	ix.now.modseq = 77;
	assert_int_equal(index_compact(&ix, m->store.root.dir, BOOT), 0);
	assert_true(index_is_named(&ix, m->store.root.dir));
	assert_true(index_header(&ix, &h));
	assert_int_equal(h.count, COUNT_MADE / 2);
	assert_int_equal(h.dead, 0);
	assert_false(index_is_worn(&h));
	index_close(&ix);
}

static void
a_modseq_never_goes_back(void **state)
{
	struct made *m = *state;
	struct index ix;
	uint64_t tick;

	make(m, &ix);
	assert_true(index_begin(&ix));
	tick = index_tick(&ix);
	assert_int_equal(index_tick(&ix), tick);
	ix.now.modseq = tick + 1000000000;
	assert_int_equal(index_commit(&ix), 0);
	assert_true(index_begin(&ix));
	assert_int_equal(index_tick(&ix), tick + 1000000001);
	index_close(&ix);
}

static void
an_old_generation_is_marked(void **state)
{
	struct made *m = *state;
	struct index ix, other;
	struct index_header h;

	make(m, &ix);
	assert_true(index_open(&other, m->store.root.dir, BOOT));
	assert_true(index_begin(&ix));
	assert_int_equal(index_compact(&ix, m->store.root.dir, BOOT), 0);
	assert_true(index_header(&other, &h));
	assert_int_equal(h.replaced, 1);
	assert_false(index_is_named(&other, m->store.root.dir));
	assert_int_equal(read_right(&other), COUNT_MADE);
	index_close(&ix);
	index_close(&other);
}

static void
in_memory_it_is_the_same(void **state)
{
	struct index ix;
	struct index_record r = record(1);

	(void)state;
	assert_int_equal(index_create(&ix, -1, BOOT, true), 0);
	assert_int_equal(index_set_name(&ix, &r, SPAN("1.a.h,U=3:2,T")), 0);
	assert_int_equal(index_put(&ix, 0, NULL, &r), 0);
	assert_int_equal(index_install(&ix, -1), 0);
	assert_true(index_record(&ix, 0, &r));
	assert_int_equal(r.uid, 3);
	index_close(&ix);
}

/* Each byte of both files, one after the other, is another one. */
static void
damage_is_noticed(void **state)
{
	static const char *const files[] = { "index", "index.names" };
	struct made *m = *state;
	struct index ix;
	struct stat st;

	make(m, &ix);
	index_close(&ix);
	for (size_t f = 0; f < COUNT(files); f++) {
		int fd = openat(m->store.root.dir, files[f], O_RDWR);

		assert_int_equal(fstat(fd, &st), 0);
		for (off_t at = 0; at < st.st_size; at += 1 + at / 500) {
			char was, is;

			assert_int_equal(pread(fd, &was, 1, at), 1);
			is = (char)~was;
			assert_int_equal(pwrite(fd, &is, 1, at), 1);
			if (index_open(&ix, m->store.root.dir, BOOT)) {
				assert_in_range(read_right(&ix), COUNT_MADE - 1,
				    COUNT_MADE);
				index_close(&ix);
			}
			assert_int_equal(pwrite(fd, &was, 1, at), 1);
		}
		close(fd);
	}
	assert_true(index_open(&ix, m->store.root.dir, BOOT));
	assert_int_equal(read_right(&ix), COUNT_MADE);
	index_close(&ix);
}

static void
what_is_cut_off_while_it_is_mapped_is_damaged(void **state)
{
	struct made *m = *state;
	struct index ix;
	struct index_header h;
	struct index_record r;
	int fd;

	make(m, &ix);
	assert_int_equal(read_right(&ix), COUNT_MADE);
	fd = openat(m->store.root.dir, "index", O_RDWR);
	assert_int_equal(ftruncate(fd, 4096 + 64 * 5), 0);
	/* On the page of the file's end zeros follow, on others SIGBUS. */
	assert_int_equal(read_right(&ix), 5);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_false(index_header(&ix, &h));
	assert_false(index_record(&ix, 0, &r));
	close(fd);
	index_close(&ix);
	assert_false(index_open(&ix, m->store.root.dir, BOOT));
}

static void
files_of_two_generations_are_no_index(void **state)
{
	struct made *m = *state;
	int dir = m->store.root.dir;
	struct index ix;

	make(m, &ix);
	index_close(&ix);
	assert_int_equal(renameat(dir, "index.names", dir, "kept"), 0);
	make(m, &ix);
	index_close(&ix);
	assert_int_equal(renameat(dir, "kept", dir, "index.names"), 0);
	assert_false(index_open(&ix, dir, BOOT));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_that_of_the_rfc),
		TEST(what_was_written_is_read),
		TEST(sums_follow_changes),
		TEST(a_modseq_never_goes_back),
		TEST(an_old_generation_is_marked),
		cmocka_unit_test(in_memory_it_is_the_same),
		TEST(damage_is_noticed),
		TEST(what_is_cut_off_while_it_is_mapped_is_damaged),
		TEST(files_of_two_generations_are_no_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
