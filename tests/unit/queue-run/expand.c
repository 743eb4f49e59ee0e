/* bin/queue-run: addresses become places */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "message_made.h"

static const struct recipient list = { .address = { "list@here", 9 } };

/* What list@here gets when a worker tells this place, beside other recipients;
 * NULL: they have it already. */
static const struct recipient *
added(
    struct message *m, enum recipient_kind kind, const char *to, uint32_t order)
{
	size_t before = m->envelope.count;

	place_made(m, 0, kind, to, order, 0);
	assert_true(expand_complete(m, 0, 1));
	expansion_made(m, 0, 1);
	expand_apply(m, 0);
	assert_int_equal(
	    m->state.results[0].places, m->envelope.count - before);
	assert_int_equal(m->state.count, m->envelope.count);
	return m->envelope.count == before ? NULL
					   : &m->envelope.recipients[before];
}

enum known { OPEN, DONE_ALREADY, FAILED, FAILED_JUST_NOW, EXPANDED };

/* Beside list@here there is address, of this kind; then to is told. */
static const struct {
	const char *address, *to;
	enum recipient_kind kind;
	uint32_t order;
	enum known known;
	enum recipient_kind told;
	uint32_t told_order;
	bool same;
} twice[] = {
	/* By two ways, and in other case. */
	{ "bob@here", "bob@here", RECIPIENT_ADDRESS, 0, OPEN, RECIPIENT_MAILBOX,
	    0, true },
	{ "BoB@Here", "bob@here", RECIPIENT_ADDRESS, 0, OPEN, RECIPIENT_MAILBOX,
	    0, true },
	{ "bob@here", "bob@here", RECIPIENT_MAILBOX, 0, DONE_ALREADY,
	    RECIPIENT_MAILBOX, 0, true },
	{ "bob@here", "bob@here", RECIPIENT_ADDRESS, 0, DONE_ALREADY,
	    RECIPIENT_MAILBOX, 0, true },
	{ "bob@here", "bob+x@here", RECIPIENT_ADDRESS, 0, OPEN,
	    RECIPIENT_MAILBOX, 0, false },
	/* That it failed there is no reason not to try. */
	{ "bob@here", "bob@here", RECIPIENT_ADDRESS, 0, FAILED,
	    RECIPIENT_MAILBOX, 0, false },
	{ "bob@here", "bob@here", RECIPIENT_ADDRESS, 0, FAILED_JUST_NOW,
	    RECIPIENT_MAILBOX, 0, true },
	{ "bob@here", "bob@here", RECIPIENT_ADDRESS, 0, EXPANDED,
	    RECIPIENT_MAILBOX, 0, false },
	/* A command alone is run once; of several each once. */
	{ "bot@here", "bot@here", RECIPIENT_ADDRESS, 0, OPEN, RECIPIENT_PIPE, 1,
	    true },
	{ "bot@here", "bot@here", RECIPIENT_ADDRESS, 0, EXPANDED,
	    RECIPIENT_PIPE, 1, false },
	{ "bot@here", "bot@here", RECIPIENT_PIPE, 1, OPEN, RECIPIENT_PIPE, 1,
	    true },
	{ "bot@here", "bot@here", RECIPIENT_PIPE, 1, OPEN, RECIPIENT_PIPE, 0,
	    false },
	{ "bot@here", "bot@here", RECIPIENT_PIPE, 0, OPEN, RECIPIENT_MAILBOX, 0,
	    false },
	{ "bot@here", "bot@here", RECIPIENT_MAILBOX, 0, OPEN, RECIPIENT_PIPE, 0,
	    false },
	/* Other hosts' local parts have case, domains do not. */
	{ "ann@far.example", "ann@FAR.example", RECIPIENT_ADDRESS, 0, OPEN,
	    RECIPIENT_ADDRESS, 0, true },
	{ "ann@far.example", "Ann@far.example", RECIPIENT_ADDRESS, 0, OPEN,
	    RECIPIENT_ADDRESS, 0, false },
	{ "\"a@b\"@far.example", "\"a@B\"@far.example", RECIPIENT_ADDRESS, 0,
	    OPEN, RECIPIENT_ADDRESS, 0, false },
	{ "bob@here", "bob@here", RECIPIENT_MAILBOX, 0, OPEN, RECIPIENT_ADDRESS,
	    0, false },
};

static void
a_place_is_there_once(void **state)
{
	struct runner r;

	(void)state;
	runner_made(&r);
	for (size_t i = 0; i < COUNT(twice); i++) {
		struct recipient both[] = { list,
			{ .kind = twice[i].kind,
			    .address = span_text(twice[i].address),
			    .order = twice[i].order } };
		struct message *m = message_made(&r, both, 2);

		if (twice[i].known == EXPANDED)
			expansion_made(m, 1, 1);
		else if (twice[i].known != OPEN)
			attempt_make(m, 1,
			    twice[i].known == DONE_ALREADY ? 0 : 67,
			    SPAN("2.0.0"), SPAN(""));
		if (twice[i].known == FAILED)
			m->attempts[1].state = ATTEMPT_FINAL;
		if ((added(m, twice[i].told, twice[i].to,
			 twice[i].told_order) == NULL) != twice[i].same)
			fail_msg("case %zu", i);
		message_release(&r.hand, m);
	}
	runner_unmade(&r);
}

static void
of_one_answer_each_place_is_taken_once(void **state)
{
	struct runner r;
	struct message *m;

	(void)state;
	runner_made(&r);
	m = message_made(&r, &list, 1);
	place_made(m, 0, RECIPIENT_MAILBOX, "bob@here", 0, 0);
	place_made(m, 0, RECIPIENT_PIPE, "bob@here", 0, 0);
	place_made(m, 0, RECIPIENT_MAILBOX, "BOB@here", 0, 0);
	place_made(m, 0, RECIPIENT_PIPE, "bob@here", 1, 0);
	place_made(m, 0, RECIPIENT_PIPE, "bob@here", 0, 0);
	place_made(m, 0, RECIPIENT_ADDRESS, "no address", 0, 65);
	place_made(m, 0, RECIPIENT_ADDRESS, "no address", 0, 65);
	assert_true(expand_complete(m, 0, 7));
	expansion_made(m, 0, 7);
	expand_apply(m, 0);
	assert_int_equal(m->envelope.count, 5);
	assert_int_equal(m->state.results[0].places, 4);
	/* The failed one is answered, the others are open. */
	assert_int_equal(m->open, 3);
	assert_int_equal(m->attempts[4].state, ATTEMPT_ANSWERED);
	assert_int_equal(m->state.results[4].verdict, 65);
	assert_null(m->expansions);
	message_release(&r.hand, m);
	assert_int_equal(r.hand.count, 0);
	runner_unmade(&r);
}

static void
places_that_are_not_all_there_are_forgotten(void **state)
{
	struct runner r;
	struct message *m;

	(void)state;
	runner_made(&r);
	m = message_made(&r, &list, 1);
	assert_false(expand_complete(m, 0, 0));
	assert_false(expand_complete(m, 0, 1));
	place_made(m, 0, RECIPIENT_MAILBOX, "bob@here", 0, 0);
	assert_false(expand_complete(m, 0, 2));
	assert_null(m->expansions);
	place_made(m, 0, RECIPIENT_MAILBOX, "bob@here", 0, 0);
	expand_forget(m, 1);
	expand_forget(m, 0);
	expand_forget(m, 0);
	/* Nothing of before counts for the next worker. */
	place_made(m, 0, RECIPIENT_MAILBOX, "ann@here", 0, 0);
	assert_true(expand_complete(m, 0, 1));
	expansion_made(m, 0, 1);
	expand_apply(m, 0);
	assert_int_equal(m->envelope.count, 2);
	assert_string_equal(m->envelope.recipients[1].address.at, "ann@here");
	/* One that is left when the message goes. */
	place_made(m, 1, RECIPIENT_MAILBOX, "bob@here", 0, 0);
	message_release(&r.hand, m);
	runner_unmade(&r);
}

/* RFC 3461 5.2.7.2, 5.2.7.3 (c). */
static void
places_inherit_what_the_sender_wants_to_be_told(void **state)
{
	static const struct {
		const char *notify, *one, *many;
	} cases[] = {
		{ "", "", "" },
		{ "NEVER", "NEVER", "NEVER" },
		{ "FAILURE", "FAILURE", "FAILURE" },
		{ "FAILURE,DELAY", "FAILURE,DELAY", "FAILURE,DELAY" },
		{ "SUCCESS", "SUCCESS", "NEVER" },
		{ "success,failure", "success,failure", "FAILURE" },
		{ "DELAY,SUCCESS", "DELAY,SUCCESS", "DELAY" },
		{ "SUCCESS,FAILURE,DELAY", "SUCCESS,FAILURE,DELAY",
		    "FAILURE,DELAY" },
	};
	struct runner r;

	(void)state;
	runner_made(&r);
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		struct recipient to = list;
		size_t n = 1 + i % 2;
		const char *want = n == 1 ? cases[i / 2].one
					  : cases[i / 2].many;
		const struct recipient *all;
		struct message *m;

		to.notify = span_text(cases[i / 2].notify);
		to.orcpt = SPAN("rfc822;l@x");
		m = message_made(&r, &to, 1);
		place_made(m, 0, RECIPIENT_MAILBOX, "a@here", 0, 0);
		if (n == 2)
			place_made(m, 0, RECIPIENT_MAILBOX, "b@here", 0, 0);
		assert_true(expand_complete(m, 0, n));
		expansion_made(m, 0, n);
		expand_apply(m, 0);
		all = m->envelope.recipients;
		for (size_t k = 1; k <= n; k++) {
			assert_true(span_equal(all[k].notify, span_text(want)));
			assert_true(span_equal(all[k].orcpt, to.orcpt));
			assert_string_equal(all[k].through.at, "list@here");
			assert_int_equal(all[k].of, 0);
			assert_int_equal(recipient_depth(m, k), 1);
		}
		/* An alias for one is told of by that one. */
		assert_int_equal(m->state.results[0].reported, n == 1);
		message_release(&r.hand, m);
	}
	runner_unmade(&r);
}

static void
an_alias_for_one_that_is_there_is_told_of_itself(void **state)
{
	struct recipient both[] = { list, { .address = SPAN("bob@here") } };
	struct runner r;
	struct message *m;

	(void)state;
	both[0].notify = SPAN("SUCCESS");
	runner_made(&r);
	m = message_made(&r, both, 2);
	assert_null(added(m, RECIPIENT_MAILBOX, "bob@here", 0));
	assert_false(m->state.results[0].reported);
	message_release(&r.hand, m);
	runner_unmade(&r);
}

static void
a_place_of_a_place_came_by_the_first_address(void **state)
{
	struct runner r;
	struct message *m;

	(void)state;
	runner_made(&r);
	m = message_made(&r, &list, 1);
	for (size_t i = 0; i < 12; i++) {
		place_made(m, i, RECIPIENT_ADDRESS, "again@here", 0, 0);
		assert_true(expand_complete(m, i, 1));
		expansion_made(m, i, 1);
		expand_apply(m, i);
		assert_int_equal(m->envelope.count, i + 2);
		assert_string_equal(
		    m->envelope.recipients[i + 1].through.at, "list@here");
		assert_int_equal(recipient_depth(m, i + 1), i + 1);
	}
	message_release(&r.hand, m);
	runner_unmade(&r);
}

static void
a_message_has_no_more_places_than_its_state_can_tell(void **state)
{
	struct runner r;
	struct message *m;

	(void)state;
	runner_made(&r);
	m = message_made(&r, &list, 1);
	for (size_t n = 0; n < RECIPIENTS_MAX; n++)
		place_made(m, 0, RECIPIENT_MAILBOX, "a@here", 0, 0);
	assert_false(expand_complete(m, 0, RECIPIENTS_MAX));
	assert_int_equal(m->envelope.count, 1);
	message_release(&r.hand, m);
	runner_unmade(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_there_once),
		cmocka_unit_test(of_one_answer_each_place_is_taken_once),
		cmocka_unit_test(places_that_are_not_all_there_are_forgotten),
		cmocka_unit_test(
		    places_inherit_what_the_sender_wants_to_be_told),
		cmocka_unit_test(
		    an_alias_for_one_that_is_there_is_told_of_itself),
		cmocka_unit_test(a_place_of_a_place_came_by_the_first_address),
		cmocka_unit_test(
		    a_message_has_no_more_places_than_its_state_can_tell),
	};

	return cmocka_run_group_tests_name("expand", tests, NULL, NULL);
}
