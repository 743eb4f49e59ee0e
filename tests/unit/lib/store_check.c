/* lib/store/folder_check, foreign, and the steps of changes of many messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "folder_look.h"
#include "store/folder_check.h"
#include "store/foreign.h"

#define TEST(test)                                                             \
	cmocka_unit_test_setup_teardown(test, made_setup, made_teardown)

static void
compressed_files_are_known_by_their_first_bytes(void **state)
{
	static const struct {
		struct span start;
		const char *is;
	} cases[] = {
		{ SPAN_INIT("\x1f\x8b\x08\0\0"), "gzip" },
		{ SPAN_INIT("BZh91AY&SYxx"), "bzip2" },
		{ SPAN_INIT("BZh9 a sender"), NULL },
		{ SPAN_INIT("\xfd\x37\x7a\x58\x5a\0\0"), "xz" },
		{ SPAN_INIT("\x28\xb5\x2f\xfd\x20"), "zstd" },
		{ SPAN_INIT("\x04\x22\x4d\x18\x60"), "lz4" },
		{ SPAN_INIT("Dovecot-LZ4\r\x2a"), "lz4" },
		{ SPAN_INIT("Dovecot-LZ4"), NULL },
		{ SPAN_INIT("Subject: x\n"), NULL },
		{ SPAN_INIT("\x1f"), NULL },
		{ SPAN_INIT(""), NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *is = foreign_compression(cases[i].start);

		assert_true((is == NULL) == (cases[i].is == NULL));
		if (is != NULL)
			assert_string_equal(is, cases[i].is);
	}
}

/* What the steps said, as text. */
static void
on_step(void *arg, uint32_t done)
{
	str_addf(arg, "%u ", done);
}

static void
each_message_of_a_change_is_a_step(void **state)
{
	struct made *m = *state;
	struct str steps = STR_INIT;
	struct folder_placed placed;
	const struct place_how how = { .all = true };
	const struct flag_change change = { .how = FLAGS_ADD,
		.flags = FLAG_SEEN };
	uint32_t all[] = { 0, 1, 2 };
	struct folder f;

	deliver(m, "1000000001.a.h");
	deliver(m, "1000000002.b.h");
	deliver(m, "1000000003.c.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	f.step = on_step;
	f.step_arg = &steps;
	assert_int_equal(folder_flags(&f, all, 3, &change), 0);
	assert_string_equal(steps.at, "1 2 3 ");
	str_clear(&steps);
	assert_int_equal(
	    folder_place(&f, all, 3, SPAN("Archive"), &how, &placed), 0);
	assert_string_equal(steps.at, "1 2 3 ");
	folder_placed_free(&placed);
	str_clear(&steps);
	assert_int_equal(folder_expunge(&f, all, 3, false), 0);
	assert_string_equal(steps.at, "1 2 3 ");
	folder_close(&f);
	str_free(&steps);
}

static void
a_check_counts_what_is_wrong(void **state)
{
	struct made *m = *state;
	struct folder_check c;
	struct folder f;

	made_file(m, "cur/1000000001.a.h,S=4:2,S", "a: b");
	assert_int_equal(folder_check(&m->store, SPAN("INBOX"), &c), 0);
	assert_int_equal(c.uids, UIDS_NONE);
	assert_int_equal(c.index, INDEX_NONE);
	assert_int_equal(c.nameless, 1);
	assert_int_equal(c.resized + c.same + c.above + c.strays, 0);
	assert_int_equal(made_count(m, "cur"), 1);
	assert_null(made_find(m, ".", "uids"));

	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	folder_close(&f);
	made_file(m, "cur/1000000002.b.h,S=9,U=1:2,a", "a: b");
	made_file(m, "cur/1000000003.c.h,S=4,U=77:2,", "a: b");
	made_file(m, "cur/.hidden", "");
	assert_int_equal(folder_check(&m->store, SPAN("INBOX"), &c), 0);
	assert_int_equal(c.uids, UIDS_GOOD);
	assert_int_equal(c.index, INDEX_BEHIND);
	assert_int_equal(c.messages, 3);
	assert_int_equal(c.bytes, 12);
	assert_int_equal(c.same, 1);
	assert_int_equal(c.above, 1);
	assert_int_equal(c.resized, 1);
	assert_int_equal(c.letters, 1);
	assert_int_equal(c.strays, 1);

	assert_int_equal(folder_rebuild(&m->store, SPAN("INBOX")), 0);
	assert_int_equal(folder_check(&m->store, SPAN("INBOX"), &c), 0);
	assert_int_equal(c.index, INDEX_GOOD);
	assert_int_equal(c.same + c.above + c.nameless, 0);
	assert_int_equal(c.messages, 3);
	assert_int_equal(folder_check(&m->store, SPAN("None"), &c), -1);
	assert_int_equal(errno, ENOENT);
}

/* Another session's numbers stay those of its messages. */
static void
a_session_outlives_the_rebuilding_of_its_index(void **state)
{
	struct made *m = *state;
	uint32_t first[] = { 0 };
	struct folder f;

	deliver(m, "1000000001.a.h");
	deliver(m, "1000000002.b.h");
	deliver(m, "1000000003.c.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_expunge(&f, first, 1, false), 0);
	assert_int_equal(folder_rebuild(&m->store, SPAN("INBOX")), 0);
	assert_string_equal(look_at(&f, true), "expunged 1(1) ");
	assert_int_equal(f.count, 2);
	assert_int_equal(folder_message(&f, 0).uid, 2);
	assert_int_equal(folder_message(&f, 1).uid, 3);
	assert_int_equal(folder_expunge(&f, first, 1, false), 0);
	assert_string_equal(look_at(&f, true), "expunged 1(2) ");
	folder_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    compressed_files_are_known_by_their_first_bytes),
		TEST(each_message_of_a_change_is_a_step),
		TEST(a_check_counts_what_is_wrong),
		TEST(a_session_outlives_the_rebuilding_of_its_index),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&said);
	return r;
}
