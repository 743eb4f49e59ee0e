/* lib/store/folder: two sessions at one mailbox, and keywords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "folder_look.h"

static void
two_sessions_see_each_other(void **state)
{
	struct made *m = *state;
	struct folder a, b;
	uint32_t first[] = { 0 }, second[] = { 1 };
	struct flag_change seen = {
		.how = FLAGS_ADD, .flags = FLAG_SEEN, .silent = true
	};

	deliver(m, "1000000001.a.h");
	deliver(m, "1000000002.b.h");
	assert_int_equal(folder_open(&a, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_open(&b, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_flags(&a, second, 1, &seen), 0);
	assert_string_equal(look_at(&a, true), "");
	assert_string_equal(look_at(&b, true), "flags 2=40000 ");
	assert_int_equal(folder_expunge(&b, first, 1, false), 0);
	deliver(m, "1000000003.c.h");
	assert_string_equal(look_at(&a, false), "exists 3 recent 3 ");
	assert_true(folder_message(&a, 0).gone);
	assert_int_equal(folder_message_open(&a, 0), -1);
	assert_int_equal(errno, ENOENT);
	assert_string_equal(look_at(&a, true), "expunged 1(1) ");
	assert_int_equal(a.count, 2);
	assert_int_equal(folder_message(&a, 0).uid, 2);
	assert_string_equal(
	    look_at(&b, true), "expunged 1(1) exists 2 recent 0 ");
	folder_close(&a);
	folder_close(&b);
}

static void
a_change_after_anothers_rename_is_made_to_what_is_there(void **state)
{
	struct made *m = *state;
	struct folder a, b;
	uint32_t first[] = { 0 };
	struct flag_change seen = {
		.how = FLAGS_ADD, .flags = FLAG_SEEN, .silent = true
	};
	struct flag_change flagged = {
		.how = FLAGS_ADD, .flags = FLAG_FLAGGED, .silent = true
	};

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&a, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_open(&b, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_flags(&a, first, 1, &seen), 0);
	assert_int_equal(folder_flags(&b, first, 1, &flagged), 0);
	assert_non_null(made_find(m, "cur", "1000000001.a.h,U=1:2,FS"));
	assert_int_equal(folder_message(&b, 0).flags, FLAG_SEEN | FLAG_FLAGGED);
	assert_int_equal(folder_expunge(&a, first, 1, false), 0);
	assert_true(folder_message(&a, 0).gone);
	assert_int_equal(made_count(m, "cur"), 0);
	assert_int_equal(folder_flags(&b, first, 1, &seen), 0);
	folder_close(&a);
	folder_close(&b);
}

static void
what_others_set_or_took_is_done_again(void **state)
{
	struct made *m = *state;
	struct folder a, b;
	uint32_t first[] = { 0 };
	struct flag_change set = {
		.how = FLAGS_ADD, .flags = FLAG_SEEN, .silent = true
	};
	struct flag_change take = {
		.how = FLAGS_REMOVE, .flags = FLAG_SEEN, .silent = true
	};

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&a, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_open(&b, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_flags(&a, first, 1, &set), 0);
	assert_int_equal(folder_flags(&b, first, 1, &set), 0);
	assert_int_equal(folder_flags(&a, first, 1, &take), 0);
	/* b believes that it is set. */
	assert_int_equal(folder_flags(&b, first, 1, &set), 0);
	assert_non_null(made_find(m, "cur", "1000000001.a.h,U=1:2,S"));
	folder_close(&a);
	folder_close(&b);
}

static void
what_is_not_deleted_any_more_is_not_expunged(void **state)
{
	struct made *m = *state;
	struct folder a, b;
	uint32_t all[] = { 0, 1 }, first[] = { 0 }, second[] = { 1 };
	struct flag_change set = {
		.how = FLAGS_ADD, .flags = FLAG_DELETED, .silent = true
	};
	struct flag_change take = {
		.how = FLAGS_REMOVE, .flags = FLAG_DELETED, .silent = true
	};

	deliver(m, "1000000001.a.h");
	deliver(m, "1000000002.b.h");
	assert_int_equal(folder_open(&a, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_flags(&a, first, 1, &set), 0);
	assert_int_equal(folder_open(&b, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_flags(&a, first, 1, &take), 0);
	assert_int_equal(folder_flags(&a, second, 1, &set), 0);
	assert_int_equal(folder_expunge(&b, all, 2, true), 0);
	assert_non_null(made_find(m, "cur", "1000000001.a.h"));
	assert_null(made_find(m, "cur", "1000000002.b.h"));
	folder_close(&a);
	folder_close(&b);
}

static void
a_set_with_a_message_gone_is_copied_in_part_or_not_at_all(void **state)
{
	struct made *m = *state;
	struct folder a, b;
	struct folder_placed placed;
	uint32_t all[] = { 0, 1 }, first[] = { 0 };
	struct place_how how = { .move = false, .all = true };

	deliver(m, "1000000001.a.h");
	deliver(m, "1000000002.b.h");
	assert_int_equal(folder_open(&a, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_open(&b, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_expunge(&b, first, 1, false), 0);
	for (int move = 0; move < 2; move++) {
		how.move = move;
		assert_int_equal(
		    folder_place(&a, all, 2, SPAN("Trash"), &how, &placed), -1);
		assert_int_equal(errno, ESTALE);
		assert_int_equal(made_count(m, ".Trash/cur"), 0);
	}
	how = (struct place_how){ 0 };
	assert_int_equal(
	    folder_place(&a, all, 2, SPAN("Trash"), &how, &placed), 0);
	assert_int_equal(placed.uid[0], 0);
	assert_true(placed.uid[1] > 0);
	folder_placed_free(&placed);
	assert_int_equal(made_count(m, ".Trash/cur"), 1);
	folder_close(&a);
	folder_close(&b);
}

/* Add keywords to the first message; the bit of the first of them. */
static uint32_t
add_keywords(struct folder *f, const struct span *names, size_t n)
{
	struct flag_change c = { .how = FLAGS_ADD,
		.silent = true,
		.keywords = names,
		.keyword_count = n };
	uint32_t first[] = { 0 };

	if (folder_flags(f, first, 1, &c) < 0)
		return 0;
	return folder_keyword(f, names[0]);
}

static const struct place_how copying = { .move = false, .all = true };

static void
keywords_travel_with_a_copy(void **state)
{
	struct made *m = *state;
	struct folder f;
	struct folder_placed placed;
	uint32_t first[] = { 0 };
	struct span other = SPAN("$Other"), forwarded = SPAN("$Forwarded"),
		    upper = SPAN("$FORWARDED"), bad = SPAN("a b");
	struct flag_change c = {
		.how = FLAGS_ADD, .flags = FLAG_FLAGGED, .silent = true
	};

	made_file(m, ".Archive/cur/1.a.h:2,", "x\n");
	assert_int_equal(folder_open(&f, &m->store, SPAN("Archive"), false), 0);
	assert_int_equal(add_keywords(&f, &other, 1), 1);
	folder_close(&f);
	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(add_keywords(&f, &forwarded, 1), 1);
	assert_int_equal(add_keywords(&f, &upper, 1), 1);
	assert_int_equal(add_keywords(&f, &bad, 1), 0);
	assert_int_equal(errno, EDOM);
	assert_int_equal(folder_flags(&f, first, 1, &c), 0);
	assert_int_equal(
	    folder_place(&f, first, 1, SPAN("Archive"), &copying, &placed), 0);
	assert_int_equal(placed.uid[0], 2);
	folder_placed_free(&placed);
	assert_int_equal(
	    folder_place(&f, first, 1, SPAN("Nowhere"), &copying, &placed), -1);
	assert_int_equal(errno, ENOENT);
	folder_close(&f);
	assert_int_equal(folder_open(&f, &m->store, SPAN("Archive"), false), 0);
	assert_int_equal(folder_message(&f, 1).keywords, 2);
	assert_int_equal(folder_message(&f, 1).flags, FLAG_FLAGGED);
	assert_string_equal(keywords_name(&f.keywords, 1).at, "$Forwarded");
	folder_close(&f);
}

/* The names k0 to k29. */
static const struct span *
many_names(void)
{
	static char text[30][16];
	static struct span names[30];

	for (int i = 0; i < 30; i++) {
		snprintf(text[i], sizeof text[i], "k%d", i);
		names[i] = span_text(text[i]);
	}
	return names;
}

static void
the_27th_keyword_in_use_is_refused(void **state)
{
	struct made *m = *state;
	const struct span *names = many_names();
	struct folder f;

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(add_keywords(&f, names, 27), 0);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(folder_message(&f, 0).keywords, 0);
	assert_int_equal(f.keywords.count, 0); /* nothing was done */
	assert_true(folder_has_keyword_room(&f));
	assert_int_equal(add_keywords(&f, names, 26), 1);
	assert_false(folder_has_keyword_room(&f));
	assert_int_equal(add_keywords(&f, names + 26, 1), 0);
	assert_int_equal(errno, E2BIG);
	folder_close(&f);
}

static void
a_keyword_that_no_message_has_gives_way(void **state)
{
	struct made *m = *state;
	const struct span *names = many_names();
	struct flag_change none = { .how = FLAGS_REMOVE,
		.silent = true,
		.keywords = names + 3,
		.keyword_count = 1 };
	uint32_t first[] = { 0 };
	struct folder a, b;

	deliver(m, "1000000001.a.h");
	assert_int_equal(folder_open(&a, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(add_keywords(&a, names, 26), 1);
	assert_int_equal(folder_open(&b, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(folder_flags(&a, first, 1, &none), 0);
	assert_true(folder_has_keyword_room(&a));
	assert_int_equal(add_keywords(&a, names + 26, 1), 1 << 3);
	/* The other session knew the letter by its old name. */
	assert_int_equal(folder_keyword(&b, names[3]), 1 << 3);
	uint32_t changes = b.keyword_changes;

	assert_string_equal(look_at(&b, true), "flags 1=0 ");
	assert_true(b.keyword_changes != changes);
	assert_int_equal(folder_keyword(&b, names[3]), 0);
	assert_int_equal(folder_keyword(&b, names[26]), 1 << 3);
	folder_close(&a);
	folder_close(&b);
}

static void
a_letter_that_another_program_has_set_is_left_alone(void **state)
{
	struct made *m = *state;
	struct folder f;

	made_file(m, "cur/1000000001.a.h:2,a", "x");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(add_keywords(&f, many_names(), 1), 2);
	folder_close(&f);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, made_setup, made_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_sessions_see_each_other),
		TEST(a_change_after_anothers_rename_is_made_to_what_is_there),
		TEST(what_others_set_or_took_is_done_again),
		TEST(what_is_not_deleted_any_more_is_not_expunged),
		TEST(a_set_with_a_message_gone_is_copied_in_part_or_not_at_all),
		TEST(keywords_travel_with_a_copy),
		TEST(the_27th_keyword_in_use_is_refused),
		TEST(a_keyword_that_no_message_has_gives_way),
		TEST(a_letter_that_another_program_has_set_is_left_alone),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	str_free(&said);
	return r;
}
