/* Excerpts by themselves: what was written is read, and what is damaged or of another
 * message is never taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "maildir_made.h"
#include "store/excerpt.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, made_setup, made_teardown)

enum { COUNT_MADE = 100, VALIDITY = 7 };
#define BOOT "0123456789abcdef"
#define FILE_NAME "index.content"

static struct index_record
record(uint32_t i)
{
	return (struct index_record){ .uid = i + 1, .size = 1000 + i };
}

static void
named(struct str *out, uint32_t i)
{
	str_setf(out, "%u.m.h,S=%u,U=%u:2,S", i, 1000 + i, i + 1);
}

/* A part's bytes; some parts are empty, and some are not there. */
static bool
part(struct str *out, uint32_t i, enum excerpt_part p)
{
	str_clear(out);
	if (p == EXCERPT_NAME) {
		str_setf(out, "%u.m.h", i);
		return true;
	}
	for (uint32_t k = 0; k < (i * 7 + p * 13) % 300; k++)
		str_add_byte(out, (char)(i + p + k));
	return (i + p) % 5 != 0;
}

static void
add(struct str *out, uint32_t i, const struct index_record *r)
{
	struct str bytes[EXCERPT_PARTS];
	struct span parts[EXCERPT_PARTS];

	for (unsigned p = 0; p < EXCERPT_PARTS; p++) {
		str_init(&bytes[p]);
		parts[p] = (struct span){ NULL, 0 };
		if (part(&bytes[p], i, p))
			parts[p] = str_span(&bytes[p]);
	}
	assert_true(excerpts_add(out, r, VALIDITY, parts));
	for (unsigned p = 0; p < EXCERPT_PARTS; p++)
		str_free(&bytes[p]);
}

/* An index of messages that have their excerpts, all written at once. */
static void
make(struct made *m, struct index *ix, struct excerpts *x)
{
	struct index_record rows[COUNT_MADE];
	struct str bytes = STR_INIT;
	uint32_t place;

	assert_int_equal(index_create(ix, m->store.root.dir, BOOT, false), 0);
	ix->now.uidvalidity = VALIDITY;
	excerpts_init(x);
	assert_int_equal(excerpts_begin(x, ix, m->store.root.dir), 0);
	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		size_t before = bytes.len;

		rows[i] = record(i);
		add(&bytes, i, &rows[i]);
		rows[i].excerpt_len = (uint32_t)(bytes.len - before);
	}
	assert_int_equal(excerpts_write(x, ix, &bytes, &place), 0);
	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		uint32_t len = rows[i].excerpt_len;

		excerpt_set(ix, &rows[i], place, len);
		assert_int_equal(index_put(ix, i, NULL, &rows[i]), 0);
		place += len / EXCERPT_PLACE;
	}
	assert_int_equal(ix->now.content_unused, 0);
	assert_int_equal(index_install(ix, m->store.root.dir), 0);
	str_free(&bytes);
}

/* Each part that can be read is the one that was written. How many messages have all
 * of theirs. */
static uint32_t
read_right(struct index *ix, struct excerpts *x)
{
	struct str wanted = STR_INIT, copy = STR_INIT;
	struct index_header h;
	uint32_t right = 0;

	assert_true(index_header(ix, &h));
	for (uint32_t i = 0; i < h.count; i++) {
		struct index_record r;
		struct excerpt e;
		unsigned found = 0;

		assert_true(index_record(ix, i, &r));
		if (!excerpt_read(x, &r, VALIDITY, &copy, &e))
			continue;
		for (unsigned p = 0; p < EXCERPT_PARTS; p++) {
			bool there = part(&wanted, r.uid - 1, p);
			struct span bytes;

			if (excerpt_take(&e, p, &bytes)) {
				assert_true(there);
				assert_true(
				    span_equal(bytes, str_span(&wanted)));
				found++;
			} else if (!there) {
				found++;
			}
		}
		right += found == EXCERPT_PARTS;
	}
	str_free(&wanted);
	str_free(&copy);
	return right;
}

static void
what_was_written_is_read(void **state)
{
	struct made *m = *state;
	struct excerpts x;
	struct index ix;
	uint64_t generation;

	make(m, &ix, &x);
	generation = x.generation;
	assert_int_equal(read_right(&ix, &x), COUNT_MADE);
	excerpts_unmap(&x);
	assert_int_equal(read_right(&ix, &x), COUNT_MADE);
	excerpts_close(&x);
	assert_int_equal(read_right(&ix, &x), 0);
	assert_true(excerpts_open(&x, m->store.root.dir, generation));
	assert_int_equal(read_right(&ix, &x), COUNT_MADE);
	assert_false(excerpts_open(&x, m->store.root.dir, generation + 1));
	assert_false(excerpts_open(&x, m->store.root.dir, 0));
	excerpts_close(&x);
	index_close(&ix);
}

static void
that_of_another_message_is_not_taken(void **state)
{
	struct made *m = *state;
	struct excerpts x;
	struct index ix;
	struct index_record r, other;
	struct str copy = STR_INIT;
	struct excerpt e;

	make(m, &ix, &x);
	assert_true(index_record(&ix, 3, &r));
	assert_true(excerpt_read(&x, &r, VALIDITY, &copy, &e));
	assert_false(excerpt_read(&x, &r, VALIDITY + 1, &copy, &e));
	other = r;
	other.uid++;
	assert_false(excerpt_read(&x, &other, VALIDITY, &copy, &e));
	other = r;
	other.size++;
	assert_false(excerpt_read(&x, &other, VALIDITY, &copy, &e));
	other = r;
	other.excerpt_of++;
	assert_false(excerpt_read(&x, &other, VALIDITY, &copy, &e));
	other = r;
	other.excerpt++;
	assert_false(excerpt_read(&x, &other, VALIDITY, &copy, &e));
	other = r;
	other.excerpt_len = UINT32_MAX;
	assert_false(excerpt_read(&x, &other, VALIDITY, &copy, &e));
	other = r;
	other.excerpt = UINT32_MAX - 1; /* behind the end */
	assert_false(excerpt_read(&x, &other, VALIDITY, &copy, &e));
	str_free(&copy);
	excerpts_close(&x);
	index_close(&ix);
}

/* Another session writes there, or this one opens another file meanwhile. */
static void
what_was_read_stays_as_it_was(void **state)
{
	struct made *m = *state;
	struct str wanted = STR_INIT, noise = STR_INIT, copy = STR_INIT;
	struct excerpts x;
	struct index ix;
	struct index_record r;
	struct excerpt e;
	struct span name, fields;
	off_t at;

	make(m, &ix, &x);
	assert_true(index_record(&ix, 50, &r));
	assert_true(excerpt_read(&x, &r, VALIDITY, &copy, &e));
	assert_true(excerpt_take(&e, EXCERPT_NAME, &name));
	at = (off_t)r.excerpt * EXCERPT_PLACE;
	while (noise.len < r.excerpt_len)
		str_add_byte(&noise, '~');
	assert_int_equal(
	    pwrite(x.fd, noise.at, noise.len, at), (ssize_t)noise.len);
	assert_int_equal(ftruncate(x.fd, at + EXCERPT_PLACE), 0);
	assert_true(excerpt_take(&e, EXCERPT_FIELDS, &fields));
	excerpts_close(&x);
	part(&wanted, 50, EXCERPT_NAME);
	assert_true(span_equal(name, str_span(&wanted)));
	assert_true(part(&wanted, 50, EXCERPT_FIELDS));
	assert_true(wanted.len > 0);
	assert_true(span_equal(fields, str_span(&wanted)));
	str_free(&wanted);
	str_free(&noise);
	str_free(&copy);
	index_close(&ix);
}

static void
a_long_one_is_not_kept(void **state)
{
	struct index_record r = record(1);
	struct span parts[EXCERPT_PARTS] = { { NULL, 0 } };
	struct str out = STR_INIT, bytes = STR_INIT;

	(void)state;
	while (bytes.len < EXCERPT_MAX)
		str_add_byte(&bytes, 'x');
	parts[EXCERPT_FIELDS] = str_span(&bytes);
	assert_false(excerpts_add(&out, &r, VALIDITY, parts));
	assert_int_equal(out.len, 0);
	parts[EXCERPT_FIELDS].len = EXCERPT_MAX / 2;
	assert_true(excerpts_add(&out, &r, VALIDITY, parts));
	parts[EXCERPT_KEYS] = parts[EXCERPT_FIELDS];
	assert_false(excerpts_add(&out, &r, VALIDITY, parts));
	str_free(&bytes);
	str_free(&out);
}

static void
only_what_is_pointed_to_is_copied(void **state)
{
	struct made *m = *state;
	struct excerpts x, before;
	struct index ix, old;
	struct stat st;
	off_t size;

	make(m, &ix, &x);
	assert_true(index_open(&old, m->store.root.dir, BOOT));
	assert_true(excerpts_open(&before, m->store.root.dir, ix.now.content));
	assert_int_equal(fstat(x.fd, &st), 0);
	size = st.st_size;
	for (uint32_t i = 0; i < COUNT_MADE; i += 2) {
		struct index_record was, r;

		assert_true(index_record(&ix, i, &was));
		r = was;
		excerpt_set(&ix, &r, 0, 0);
		assert_int_equal(index_put(&ix, i, &was, &r), 0);
	}
	assert_in_range(ix.now.content_unused, size / 4, size);
	assert_int_equal(excerpts_compact(&x, &ix, m->store.root.dir), 0);
	assert_int_equal(index_commit(&ix), 0);
	assert_int_equal(ix.now.content_unused, 0);
	assert_int_equal(read_right(&ix, &x), COUNT_MADE / 2);
	assert_int_equal(fstat(x.fd, &st), 0);
	assert_int_equal(st.st_size, ix.now.content_end);
	assert_in_range(st.st_size, size / 4, size * 3 / 4);
	/* Who has the old file open finds nothing more in it. */
	assert_int_equal(read_right(&old, &before), 0);
	excerpts_close(&before);
	excerpts_close(&x);
	index_close(&old);
	index_close(&ix);
}

/* The index alone is lost: each record finds its own again, up to what is broken. */
static void
they_are_taken_over(void **state)
{
	struct made *m = *state;
	struct index_record r;
	struct excerpts x;
	struct index ix, again;
	struct str file = STR_INIT;
	uint64_t at;
	int fd;

	make(m, &ix, &x);
	assert_true(index_record(&ix, COUNT_MADE / 2, &r));
	at = (uint64_t)r.excerpt * EXCERPT_PLACE;
	assert_int_equal(
	    index_create(&again, m->store.root.dir, BOOT, false), 0);
	again.now.uidvalidity = VALIDITY;
	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		r = record(i);
		/* Some are of another message now. */
		r.size += i == 5;
		named(&file, i == 6 ? 99 : i);
		assert_int_equal(
		    index_set_name(&again, &r, str_span(&file)), 0);
		assert_int_equal(index_put(&again, i, NULL, &r), 0);
	}
	assert_int_equal(index_install(&again, m->store.root.dir), 0);
	excerpts_adopt(&x, &again, m->store.root.dir);
	assert_int_equal(index_commit(&again), 0);
	assert_int_equal(read_right(&again, &x), COUNT_MADE - 2);
	assert_int_equal(again.now.content_end, ix.now.content_end);
	fd = openat(m->store.root.dir, FILE_NAME, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, (off_t)at), 1);
	close(fd);
	excerpts_adopt(&x, &again, m->store.root.dir);
	assert_int_equal(again.now.content_end, at);
	excerpts_close(&x);
	index_close(&again);
	index_close(&ix);
	str_free(&file);
}

/* Each byte of the file, one after the other, is another one; or is cut off. */
static void
damage_is_noticed(void **state)
{
	struct made *m = *state;
	struct excerpts x;
	struct index ix;
	struct stat st;
	int fd;

	make(m, &ix, &x);
	fd = openat(m->store.root.dir, FILE_NAME, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at += 1 + at / 200) {
		char was, is;

		assert_int_equal(pread(fd, &was, 1, at), 1);
		is = (char)~was;
		assert_int_equal(pwrite(fd, &is, 1, at), 1);
		if (excerpts_open(&x, m->store.root.dir, ix.now.content))
			assert_in_range(
			    read_right(&ix, &x), COUNT_MADE - 1, COUNT_MADE);
		assert_int_equal(pwrite(fd, &was, 1, at), 1);
	}
	assert_true(excerpts_open(&x, m->store.root.dir, ix.now.content));
	assert_int_equal(ftruncate(fd, st.st_size / 3), 0);
	assert_in_range(read_right(&ix, &x), 1, COUNT_MADE / 2);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(read_right(&ix, &x), 0);
	/* The next writer makes another file. */
	assert_false(excerpts_open(&x, m->store.root.dir, ix.now.content));
	assert_int_equal(excerpts_begin(&x, &ix, m->store.root.dir), 0);
	assert_int_equal(read_right(&ix, &x), 0);
	close(fd);
	excerpts_close(&x);
	index_close(&ix);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_read),
		TEST(that_of_another_message_is_not_taken),
		TEST(what_was_read_stays_as_it_was),
		TEST(a_long_one_is_not_kept),
		TEST(only_what_is_pointed_to_is_copied),
		TEST(they_are_taken_over),
		TEST(damage_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
