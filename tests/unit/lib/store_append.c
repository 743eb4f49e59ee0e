/* lib/store: messages that a session appends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "maildir_made.h"
#include "store/append.h"
#include "store/folder.h"
#include "store/folder_inside.h"

static void
look(struct folder *f, uint32_t count, uint32_t recent)
{
	assert_int_equal(folder_refresh(f), 0);
	folder_report(f, true, NULL);
	assert_int_equal(f->count, count);
	assert_int_equal(f->recent, recent);
}

static void
an_appended_message_is_whole(void **state)
{
	struct made *m = *state;
	struct append a;
	struct folder f;
	struct span keywords[] = { SPAN("$Junk") };
	struct append_how how = { 1000000000, FLAG_SEEN, keywords, 1 };
	uint32_t validity;
	uint64_t size, wire;
	int64_t date;

	assert_int_equal(append_start(&a, &m->store, SPAN("Sent")), 0);
	assert_int_equal(append_next(&a), 0);
	assert_int_equal(append_write(&a, SPAN("Subject: x\r")), 0);
	assert_int_equal(append_write(&a, SPAN("\n\r\r\nbo\rdy\r\n\r")), 0);
	assert_int_equal(append_close(&a, &how), 0);
	assert_int_equal(append_commit(&a, NULL, &validity), 0);
	assert_int_equal(a.at[0].uid, 1);
	append_end(&a);
	assert_int_equal(folder_open(&f, &m->store, SPAN("Sent"), false), 0);
	assert_int_equal(f.uidvalidity, validity);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.recent, 1);
	assert_int_equal(folder_size(&f, 0, &size), 0);
	assert_int_equal(folder_wire(&f, 0, &wire), 0);
	assert_int_equal(folder_date(&f, 0, &date), 0);
	assert_int_equal(date, 1000000000);
	assert_int_equal(size, 21);
	/* "\n" after a bare CR would be one line end on the wire. */
	assert_int_equal(wire, 23);
	assert_int_equal(folder_message(&f, 0).flags, FLAG_SEEN);
	assert_int_equal(folder_message(&f, 0).keywords, 1);
	folder_close(&f);
	assert_int_equal(append_start(&a, &m->store, SPAN("None")), -1);
	assert_int_equal(errno, ENOENT);
	append_end(&a);
	assert_int_equal(made_count(m, ".Sent/tmp"), 0);
}

static uint32_t
append_one(struct made *m, struct folder *open)
{
	struct span keywords[] = { SPAN("$Junk") };
	struct append_how how = { 1000000000, FLAG_FLAGGED, keywords, 1 };
	struct append a;
	uint32_t validity, uid;

	assert_int_equal(append_start(&a, &m->store, SPAN("INBOX")), 0);
	assert_int_equal(append_next(&a), 0);
	assert_int_equal(append_write(&a, SPAN("Subject: x\r\n\r\n")), 0);
	assert_int_equal(append_close(&a, &how), 0);
	assert_int_equal(append_commit(&a, open, &validity), 0);
	uid = a.at[0].uid;
	append_end(&a);
	return uid;
}

static void
the_open_folder_knows_what_is_appended_to_it(void **state)
{
	struct made *m = *state;
	struct folder f, other;

	made_file(m, "new/1000000001.a.h", "Subject: x\n\nbody\n");
	assert_int_equal(folder_open(&f, &m->store, SPAN("INBOX"), false), 0);
	/* The message has left new/; that is looked at once more. */
	look(&f, 1, 1);
	assert_int_equal(append_one(m, &f), 2);
	assert_int_equal(f.count, 1);
	assert_int_equal(f.uidnext, 3);
	assert_true(folder_is_current(&f));
	look(&f, 2, 2);
	assert_int_equal(folder_message(&f, 1).uid, 2);
	assert_int_equal(folder_message(&f, 1).flags, FLAG_FLAGGED);
	assert_int_equal(folder_message(&f, 1).keywords, 1);
	assert_true(span_equal(keywords_name(&f.keywords, 0), SPAN("$Junk")));
	/* It is as it is read. */
	assert_int_equal(
	    folder_open(&other, &m->store, SPAN("INBOX"), false), 0);
	assert_int_equal(other.recent, 0);
	assert_int_equal(other.count, 2);
	assert_int_equal(
	    folder_message(&other, 1).flags, folder_message(&f, 1).flags);
	assert_int_equal(
	    folder_message(&other, 1).size, folder_message(&f, 1).size);
	assert_int_equal(
	    folder_message(&other, 1).wire, folder_message(&f, 1).wire);
	assert_int_equal(
	    folder_message(&other, 1).date, folder_message(&f, 1).date);
	assert_true(span_equal(folder_name(&other, 1), folder_name(&f, 1)));
	/* Where another session was at work, it is known from there. */
	assert_int_equal(append_one(m, &other), 3);
	assert_int_equal(append_one(m, &f), 4);
	look(&f, 4, 3);
	assert_int_equal(folder_message(&f, 2).uid, 3);
	folder_close(&other);
	folder_close(&f);
}

/* RFC 3502 6.3.11 */
static void
several_are_appended_all_or_none(void **state)
{
	struct made *m = *state;
	struct span keyword[] = { SPAN("not a keyword") };
	struct append_how how = { 1000000000, 0, NULL, 0 },
			  wrong = { 1000000000, 0, keyword, 1 };
	struct append a;
	uint32_t validity;

	for (int round = 0; round < 2; round++) {
		assert_int_equal(append_start(&a, &m->store, SPAN("Sent")), 0);
		for (int i = 0; i < 100; i++) {
			assert_int_equal(append_next(&a), 0);
			assert_int_equal(append_write(&a, SPAN("x\r\n")), 0);
			assert_int_equal(
			    append_close(
				&a, i == 99 && round == 0 ? &wrong : &how),
			    0);
		}
		if (round == 0) {
			assert_int_equal(
			    append_commit(&a, NULL, &validity), -1);
			assert_int_equal(errno, EDOM);
			append_end(&a);
			assert_int_equal(made_count(m, ".Sent/cur"), 0);
			assert_int_equal(made_count(m, ".Sent/tmp"), 0);
		}
	}
	assert_int_equal(append_commit(&a, NULL, &validity), 0);
	assert_int_equal(a.at[99].uid - a.at[0].uid, 99);
	assert_int_equal(made_count(m, ".Sent/cur"), 100);
	append_undo(&a);
	assert_int_equal(made_count(m, ".Sent/cur"), 0);
	append_end(&a);
	/* One that is not complete leaves nothing. */
	assert_int_equal(append_start(&a, &m->store, SPAN("Sent")), 0);
	assert_int_equal(append_next(&a), 0);
	assert_int_equal(append_close(&a, &how), 0);
	assert_int_equal(append_next(&a), 0);
	append_end(&a);
	assert_int_equal(made_count(m, ".Sent/tmp"), 0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, made_setup, made_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_appended_message_is_whole),
		TEST(the_open_folder_knows_what_is_appended_to_it),
		TEST(several_are_appended_all_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
