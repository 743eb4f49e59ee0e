/* lib/spool/state: places, reports, wishes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "spool/state.h"
#include "spool_made.h"

#define MAGIC "chainmail-state 1\n"
#define PLACE(index, of, to)                                                   \
	"place index=" #index " of=" #of " to=" to " for=list@here end=1\n"
#define EXPANDED(index, places)                                                \
	"at=1 index=" #index " verdict=0 status=2.0.0 next=0 action=2 "        \
	"places=" #places " text=\n"
#define FAILED(index)                                                          \
	"at=2 index=" #index " verdict=67 status=5.1.1 next=0 text=no\n"
#define LATER(index)                                                           \
	"at=3 index=" #index " verdict=75 status=4.0.0 next=9 warn=1 text=\n"
#define DONE_NOW(index)                                                        \
	"at=4 index=" #index " verdict=0 status=2.0.0 next=0 text=\n"
#define X "01K00000000000000000000000"
#define Y "01K00000000000000000000001"

/* Two addresses of the envelope, and what the text says of them. */
struct read {
	struct envelope e;
	struct state st;
};

static void
read_begin(struct read *r, const char *text)
{
	envelope_init(&r->e);
	state_init(&r->st);
	envelope_to(&r->e, &(struct recipient){ .address = SPAN("a@here") });
	envelope_to(&r->e, &(struct recipient){ .address = SPAN("b@here") });
	state_parse(span_text(text), &r->e, &r->st);
	assert_int_equal(r->st.count, r->e.count);
}

static void
read_end(struct read *r)
{
	state_free(&r->st);
	envelope_free(&r->e);
}

/* How many recipients there are, and what the last one's address is. */
static void
expect(const char *text, size_t count, const char *last)
{
	struct read r;

	read_begin(&r, text);
	assert_int_equal(r.e.count, count);
	assert_string_equal(r.e.recipients[count - 1].address.at, last);
	read_end(&r);
}

static void
places_count_from_the_result_of_their_address_on(void **state)
{
	(void)state;
	expect(MAGIC PLACE(2, 0, "c@x") PLACE(3, 0, "d@x"), 2, "b@here");
	expect(MAGIC PLACE(2, 0, "c@x") PLACE(3, 0, "d@x") EXPANDED(0, 2), 4,
	    "d@x");
	/* Results of others between do not matter. */
	expect(MAGIC PLACE(2, 0, "c@x") FAILED(1) EXPANDED(0, 1), 3, "c@x");
	/* The last is cut: none counts. */
	expect(
	    MAGIC PLACE(2, 0,
		"c@x") "place index=3 of=0 to=d@x for=list@here e\n" EXPANDED(0,
		2),
	    2, "b@here");
	/* An address that has no place of its own is expanded all the same. */
	expect(MAGIC EXPANDED(0, 0), 2, "b@here");
}

static void
an_address_whose_places_are_not_there_is_not_expanded(void **state)
{
	static const char *const texts[] = {
		MAGIC EXPANDED(0, 2),
		MAGIC PLACE(2, 0, "c@x") EXPANDED(0, 2),
		MAGIC PLACE(2, 1, "c@x") EXPANDED(0, 1),
		MAGIC PLACE(3, 0, "c@x") EXPANDED(0, 1),
		MAGIC PLACE(1, 0, "c@x") EXPANDED(0, 1),
		MAGIC PLACE(0, 0, "c@x") EXPANDED(0, 1),
		MAGIC PLACE(2, 0, "c@x") PLACE(4, 0, "d@x") EXPANDED(0, 2),
		MAGIC PLACE(2, 0, "c@x") PLACE(3, 1, "d@x") EXPANDED(0, 2),
		MAGIC PLACE(99999999, 0, "c@x") EXPANDED(0, 1),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct read r;

		read_begin(&r, texts[i]);
		assert_int_equal(r.e.count, 2);
		assert_int_equal(r.st.results[0].attempts, 0);
		read_end(&r);
	}
}

static void
what_was_cut_is_written_again(void **state)
{
	(void)state;
	/* The same indices, other places: a list was changed in between. */
	expect(MAGIC PLACE(2, 0, "c@x")
		   PLACE(3, 0, "d@x") "at=1 index=0 verd\n" PLACE(2, 0, "e@x")
		       EXPANDED(0, 1),
	    3, "e@x");
	expect(MAGIC PLACE(2, 0, "c@x") PLACE(3, 0,
		   "d@x") "place index=4 o\n" PLACE(2, 1, "e@x") EXPANDED(1, 1),
	    3, "e@x");
	/* The whole block twice: a write failed behind it. */
	expect(MAGIC PLACE(2, 0, "c@x") EXPANDED(0, 1) "at=9\n" PLACE(2, 0,
		   "c@x") EXPANDED(0, 1) PLACE(3, 1, "d@x") EXPANDED(1, 1),
	    4, "d@x");
}

static void
several_addresses_and_nested_ones_have_their_places(void **state)
{
	struct read r;

	(void)state;
	read_begin(&r,
	    MAGIC PLACE(2, 1, "c@x") EXPANDED(1, 1) PLACE(3, 0, "d@x") PLACE(
		4, 0, "e@x") EXPANDED(0,
		2) "place index=5 of=2 to=c@y kind=pipe order=3 command=a%20b "
		   "for=b@here notify=NEVER orcpt=rfc822;z end=1\n" EXPANDED(
		       2, 1) FAILED(5));
	assert_int_equal(r.e.count, 6);
	assert_int_equal(r.e.recipients[3].of, 0);
	assert_int_equal(r.e.recipients[5].of, 2);
	assert_int_equal(r.e.recipients[5].kind, RECIPIENT_PIPE);
	assert_int_equal(r.e.recipients[5].order, 3);
	assert_string_equal(r.e.recipients[5].command.at, "a b");
	assert_string_equal(r.e.recipients[5].through.at, "b@here");
	assert_string_equal(r.e.recipients[5].notify.at, "NEVER");
	assert_string_equal(r.e.recipients[5].orcpt.at, "rfc822;z");
	assert_int_equal(r.st.results[5].verdict, 67);
	assert_int_equal(r.st.results[2].action, ACTION_EXPANDED);
	assert_int_equal(r.st.results[0].places, 2);
	read_end(&r);
}

static void
a_place_is_read_as_it_was_written(void **state)
{
	static const struct recipient to = { .address = { "c d@x", 5 },
		.notify = { "FAILURE,DELAY", 13 },
		.orcpt = { "rfc822;q=1 2", 12 },
		.kind = RECIPIENT_PIPE,
		.through = { "list@here", 9 },
		.of = 1,
		.order = 70000,
		.command = { "a\n|b", 4 } };
	static const enum recipient_kind kinds[] = { RECIPIENT_ADDRESS,
		RECIPIENT_MAILBOX, RECIPIENT_PIPE };
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct recipient one = to;
		const struct recipient *got;
		struct read r;

		one.kind = kinds[i];
		str_set(&text, SPAN(MAGIC));
		state_write_place(&text, 2, &one);
		str_add(&text, SPAN(EXPANDED(1, 1)));
		read_begin(&r, text.at);
		assert_int_equal(r.e.count, 3);
		got = &r.e.recipients[2];
		assert_true(span_equal(got->address, to.address));
		assert_true(span_equal(got->notify, to.notify));
		assert_true(span_equal(got->orcpt, to.orcpt));
		assert_true(span_equal(got->through, to.through));
		assert_int_equal(got->kind, kinds[i]);
		assert_int_equal(got->of, 1);
		if (got->kind == RECIPIENT_PIPE) {
			assert_int_equal(got->order, to.order);
			assert_true(span_equal(got->command, to.command));
		}
		read_end(&r);
	}
	str_free(&text);
}

static void
a_report_is_about_what_was_due_where_it_stands(void **state)
{
	struct read r;

	(void)state;
	read_begin(&r,
	    MAGIC FAILED(0) "report kind=failed id=" X " end=1\n" FAILED(1));
	assert_int_equal(state_open_report(&r.st), 1);
	assert_string_equal(r.st.reports[0].id.text, X);
	assert_int_equal(r.st.results[0].report, 1);
	assert_int_equal(r.st.results[1].report, 0);
	assert_false(state_due(REPORT_FAILED, &r.st.results[0]));
	assert_true(state_due(REPORT_FAILED, &r.st.results[1]));
	assert_false(state_due(REPORT_DELIVERED, &r.st.results[1]));
	read_end(&r);
	read_begin(&r,
	    MAGIC FAILED(0) "report kind=failed id=" X
			    " end=1\n" FAILED(1) "reported id=" X " end=1\n");
	assert_int_equal(state_open_report(&r.st), 0);
	assert_true(r.st.results[0].reported);
	assert_false(r.st.results[1].reported);
	/* The next one is about the other. */
	state_take_report(&r.st, REPORT_FAILED, &(struct id){ .text = Y });
	assert_int_equal(state_open_report(&r.st), 2);
	assert_int_equal(r.st.results[0].report, 0);
	assert_int_equal(r.st.results[1].report, 2);
	state_made_report(&r.st, 2);
	assert_true(r.st.results[1].reported);
	read_end(&r);
}

static void
a_report_on_delay_keeps_its_recipients_when_they_are_tried(void **state)
{
	struct read r;

	(void)state;
	read_begin(
	    &r, MAGIC LATER(0) "report kind=delayed id=" X " end=1\n" LATER(0));
	assert_int_equal(r.st.results[0].report, 1);
	assert_int_equal(r.st.results[0].attempts, 2);
	assert_false(state_due(REPORT_DELAYED, &r.st.results[0]));
	state_made_report(&r.st, 1);
	assert_true(r.st.results[0].warned);
	assert_false(r.st.results[0].reported);
	read_end(&r);
	/* What failed meanwhile is told of once that one is made. */
	read_begin(&r,
	    MAGIC LATER(0) "report kind=delayed id=" X " end=1\n" FAILED(0));
	assert_false(state_due(REPORT_FAILED, &r.st.results[0]));
	state_made_report(&r.st, 1);
	assert_true(state_due(REPORT_FAILED, &r.st.results[0]));
	read_end(&r);
}

/* A journal puts them back, though some are there. */
static void
lines_that_stand_there_twice_say_the_same(void **state)
{
#define REPORT "report kind=failed id=" X " end=1\n"
	static const char *const blocks[] = {
		PLACE(2, 0, "c@x") EXPANDED(0, 1) FAILED(2) LATER(1) REPORT,
		PLACE(2, 0, "c@x") EXPANDED(0, 1) FAILED(2) LATER(1) REPORT
		"reported id=" X " end=1\n" DONE_NOW(1),
	};
	struct str text = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(blocks); i++) {
		struct read once, twice;

		str_setf(&text, "%s%s", MAGIC, blocks[i]);
		read_begin(&once, text.at);
		str_add_text(&text, blocks[i]);
		read_begin(&twice, text.at);
		assert_int_equal(twice.e.count, once.e.count);
		assert_int_equal(
		    state_open_report(&twice.st), state_open_report(&once.st));
		for (size_t k = 0; k < once.st.count; k++) {
			const struct result *a = &once.st.results[k],
					    *b = &twice.st.results[k];

			assert_int_equal(a->verdict, b->verdict);
			assert_int_equal(a->places, b->places);
			assert_int_equal(a->reported, b->reported);
			assert_int_equal(a->report, b->report);
		}
		read_end(&once);
		read_end(&twice);
	}
	str_free(&text);
}

static void
the_last_wish_counts(void **state)
{
	struct str text = STR_INIT;
	struct read r;

	(void)state;
	str_set(&text, SPAN(MAGIC));
	for (enum state_wish w = WISH_NONE; w <= WISH_RELEASE; w++) {
		state_write_wish(&text, w);
		read_begin(&r, text.at);
		assert_int_equal(r.st.wish, w);
		read_end(&r);
	}
	str_add(&text,
	    SPAN("wish do=remove e\nwish do=burn end=1\n"
		 "wish end=1\nwish do=remove end="));
	read_begin(&r, text.at);
	assert_int_equal(r.st.wish, WISH_RELEASE);
	read_end(&r);
	str_free(&text);
}

static void
file_write_text(const struct spool *s, const char *text)
{
	int fd = openat(s->state, X, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
what_is_known_without_the_message(void **state)
{
	const struct spool *s = *state;
	struct arena a = ARENA_INIT;
	struct state st;

	state_init(&st);
	file_write_text(s,
	    MAGIC LATER(1) PLACE(2, 0, "c@x") PLACE(3, 0, "d@x") EXPANDED(0, 2)
		FAILED(3) "wish do=hold end=1\n");
	assert_int_equal(state_known(s, X, &a, &st), 0);
	assert_int_equal(st.count, 4);
	assert_int_equal(st.results[0].action, ACTION_EXPANDED);
	assert_int_equal(st.results[1].verdict, 75);
	assert_int_equal(st.results[1].next, 9);
	assert_int_equal(st.results[2].attempts, 0);
	assert_true(state_due(REPORT_FAILED, &st.results[3]));
	assert_int_equal(st.wish, WISH_HOLD);
	/* Places that nothing vouches for are none here either. */
	file_write_text(s, MAGIC LATER(0) PLACE(1, 0, "c@x"));
	assert_int_equal(state_known(s, X, &a, &st), 0);
	assert_int_equal(st.count, 1);
	assert_int_equal(state_known(s, Y, &a, &st), 0);
	assert_int_equal(st.count, 0);
	state_free(&st);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    places_count_from_the_result_of_their_address_on),
		cmocka_unit_test(
		    an_address_whose_places_are_not_there_is_not_expanded),
		cmocka_unit_test(what_was_cut_is_written_again),
		cmocka_unit_test(
		    several_addresses_and_nested_ones_have_their_places),
		cmocka_unit_test(a_place_is_read_as_it_was_written),
		cmocka_unit_test(
		    a_report_is_about_what_was_due_where_it_stands),
		cmocka_unit_test(
		    a_report_on_delay_keeps_its_recipients_when_they_are_tried),
		cmocka_unit_test(lines_that_stand_there_twice_say_the_same),
		cmocka_unit_test(the_last_wish_counts),
		cmocka_unit_test_setup_teardown(
		    what_is_known_without_the_message, spool_made_open,
		    spool_made_remove),
	};

	return cmocka_run_group_tests_name("places", tests, NULL, NULL);
}
