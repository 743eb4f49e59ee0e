/* bin/queue-run: packets of jobs and places, and transactions */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "../../../bin/queue-run/wire.h"
#include "message_made.h"
#include "os/sock.h"

static const struct note_key key = { "0123456789abcde" };

/* A job's line for recipient i of the message. */
static const char *
local(const struct message *m, size_t i)
{
	static struct str out = STR_INIT;

	wire_local(&(struct wire){ &key, &out }, m, 12, i);
	return out.at;
}

static void
has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

static void
a_job_says_which_place_it_is(void **state)
{
	static const struct recipient all[] = {
		{ .address = { "a@here", 6 },
		    .notify = { "NEVER", 5 },
		    .orcpt = { "rfc822;a b", 10 } },
		{ .address = { "b@here", 6 },
		    .kind = RECIPIENT_MAILBOX,
		    .through = { "a@here", 6 } },
		{ .address = { "b@here", 6 },
		    .kind = RECIPIENT_PIPE,
		    .through = { "a@here", 6 },
		    .order = 2,
		    .command = { "x y", 3 } },
	};
	struct note_token token = note_token(&key, SPAN(MADE_ID), 2);
	struct str wanted = STR_INIT;
	struct runner r;
	struct message *m;
	const char *line;

	(void)state;
	runner_made(&r);
	m = message_made(&r, all, COUNT(all));
	line = local(m, 0);
	has(line, "job n=12 id=" MADE_ID " to=a@here from=sender@example.net ");
	has(line, " attempt=1 index=0 token=");
	has(line, " notify=NEVER orcpt=rfc822;a%20b");
	assert_null(strstr(line, " kind="));
	assert_null(strstr(line, " for="));
	line = local(m, 1);
	has(line, " for=a@here kind=mailbox attempt=1 index=1 ");
	assert_null(strstr(line, " order="));
	/* Whoever tried it before: there may be a copy. */
	m->entry->again = true;
	m->state.results[2].attempts = 1;
	m->deaths = 2;
	line = local(m, 2);
	has(line, " for=a@here kind=pipe order=2 command=x%20y attempt=5 ");
	str_setf(&wanted, " index=2 token=%s", token.text);
	has(line, wanted.at);
	/* A sender of its own. */
	m->attempts[2].sender = SPAN("list-b=here@x");
	has(local(m, 2), " from=list-b=here@x ");
	message_release(&r.hand, m);
	runner_unmade(&r);
	str_free(&wanted);
}

static void
a_place_is_read_from_its_line(void **state)
{
	static const struct {
		const char *line;
		enum reply_kind kind;
		enum recipient_kind place;
		int verdict;
	} cases[] = {
		{ "place n=1 to=ann@far.example", REPLY_PLACE,
		    RECIPIENT_ADDRESS, 0 },
		{ "place n=1 kind=mailbox to=a", REPLY_PLACE, RECIPIENT_MAILBOX,
		    0 },
		{ "place n=1 kind=pipe to=a order=3 command=x%20y", REPLY_PLACE,
		    RECIPIENT_PIPE, 0 },
		{ "place n=1 to=x verdict=65 status=5.1.3 text=no", REPLY_PLACE,
		    RECIPIENT_ADDRESS, 65 },
		/* What is not known is no place: the count is wrong then. */
		{ "place n=1 kind=mbox to=a", REPLY_NONE, 0, 0 },
		{ "place n=1 to=", REPLY_NONE, 0, 0 },
		{ "place n=1", REPLY_NONE, 0, 0 },
		{ "place to=a", REPLY_NONE, 0, 0 },
		{ "places n=1 to=a", REPLY_NONE, 0, 0 },
		{ "", REPLY_NONE, 0, 0 },
	};
	struct reply a;

	(void)state;
	reply_init(&a);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    reply_parse(span_text(cases[i].line), &a), cases[i].kind);
		if (cases[i].kind != REPLY_PLACE)
			continue;
		assert_int_equal(a.n, 1);
		assert_int_equal(a.place.kind, cases[i].place);
		assert_int_equal(a.result.verdict, cases[i].verdict);
	}
	/* Nothing is left of the one before. */
	reply_parse(SPAN("place n=1 kind=pipe to=a order=3 command=x"), &a);
	assert_int_equal(a.place.order, 3);
	reply_parse(SPAN("place n=1 kind=mailbox to=b"), &a);
	assert_int_equal(a.place.order, 0);
	assert_int_equal(a.place.command.len, 0);
	reply_free(&a);
}

static void
only_an_expanded_address_has_places(void **state)
{
	static const struct {
		const char *line;
		enum state_action action;
		uint64_t places;
	} cases[] = {
		{ "done n=1 verdict=0 action=2 places=4", ACTION_EXPANDED, 4 },
		{ "done n=1 verdict=0 action=2", ACTION_EXPANDED, 0 },
		{ "done n=1 verdict=0 places=4", ACTION_DELIVERED, 0 },
		{ "done n=1 verdict=0 action=1 places=4", ACTION_RELAYED, 0 },
		{ "done n=1 verdict=0 action=3 places=4", ACTION_DELIVERED, 0 },
		{ "done n=1 verdict=75 action=2 places=4", ACTION_DELIVERED,
		    0 },
		{ "done n=1 action=2 places=4", ACTION_DELIVERED, 0 },
		{ "done n=1 verdict=67 action=2 places=4", ACTION_DELIVERED,
		    0 },
	};
	struct reply a;

	(void)state;
	reply_init(&a);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    reply_parse(span_text(cases[i].line), &a), REPLY_DONE);
		assert_int_equal(a.result.action, cases[i].action);
		assert_int_equal(a.result.places, cases[i].places);
	}
	reply_free(&a);
}

/* --- transactions */

/* All recipients in transactions; they are a chain each. */
static size_t
count_of(const struct transaction *t)
{
	size_t n = 1, i = t->first;

	for (; i != t->last; n++)
		i = t->message->attempts[i].next;
	assert_int_equal(n, t->count);
	return n;
}

static void
what_goes_together_shares_sender_and_way(void **state)
{
	struct recipient all[4] = { { .address = SPAN("a@x") },
		{ .address = SPAN("b@x") },
		{ .address = SPAN("c@x"), .through = SPAN("l@here") },
		{ .address = SPAN("d@x"), .through = SPAN("m@here") } };
	struct runner r;
	struct message *m, other = { 0 };
	struct transaction_line line = { 0 };
	struct transaction *t;

	(void)state;
	runner_made(&r);
	m = message_made(&r, all, COUNT(all));
	assert_false(transaction_has_room(NULL, m, 0));
	t = transaction_new(m, NULL, &line);
	transaction_add(t, m, 0);
	assert_true(transaction_has_room(t, m, 1));
	assert_false(transaction_has_room(t, &other, 1));
	assert_false(transaction_has_room(t, m, 2)); /* Delivered-To */
	m->attempts[1].sender = SPAN("l-b=x@here");  /* VERP */
	assert_false(transaction_has_room(t, m, 1));
	t = transaction_new(m, NULL, &line);
	transaction_add(t, m, 2);
	assert_false(transaction_has_room(t, m, 3));
	m->envelope.recipients[3].through = SPAN("l@here");
	assert_true(transaction_has_room(t, m, 3));
	transaction_add(t, m, 3);
	assert_int_equal(count_of(t), 2);
	message_release(&r.hand, m);
	runner_unmade(&r);
}

/* RFC 5321 4.5.3.1.8: a hundred; and a packet has room for all of them. */
static void
a_transaction_fits_into_a_packet(void **state)
{
	static char address[255], orcpt[500];
	static const struct recipient plain = { .address = { "a@x", 3 } };
	struct recipient widest = { .address = { address, sizeof address },
		.orcpt = { orcpt, sizeof orcpt },
		.notify = SPAN("SUCCESS,FAILURE,DELAY") };
	const struct recipient *kinds[] = { &plain, &widest };
	struct recipient all[250];
	struct str out = STR_INIT;
	struct runner r;

	(void)state;
	memset(address, '%', sizeof address);
	memset(orcpt, '\n', sizeof orcpt);
	runner_made(&r);
	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct transaction_line line = { 0 };
		struct transaction *t = NULL;
		struct message *m;
		size_t n = 0;

		for (size_t i = 0; i < COUNT(all); i++)
			all[i] = *kinds[k];
		m = message_made(&r, all, COUNT(all));
		for (size_t i = 0; i < COUNT(all); i++) {
			m->state.results[i].attempts = UINT32_MAX / 2;
			if (!transaction_has_room(t, m, i))
				t = transaction_new(m, NULL, &line);
			transaction_add(t, m, i);
		}
		if (k == 0)
			assert_int_equal(line.count, 3);
		while ((t = transaction_pop(&line)) != NULL) {
			assert_true(t->count <= TRANSACTION_RECIPIENTS);
			n += count_of(t);
			wire_remote(&(struct wire){ &key, &out }, t,
			    UINT64_MAX / 4, SPAN("x"));
			assert_true(out.len <= PACKET_MAX);
		}
		assert_int_equal(n, COUNT(all));
		message_release(&r.hand, m);
	}
	str_free(&out);
	runner_unmade(&r);
}

static void
one_transaction_of_a_destination_is_taken_at_a_time(void **state)
{
	static const struct recipient all[4] = { { .address = { "a@x", 3 } },
		{ .address = { "b@y", 3 } }, { .address = { "c@x", 3 } },
		{ .address = { "d@y", 3 } } };
	struct destination *x, *y;
	struct runner r;
	struct message *m;

	(void)state;
	runner_made(&r);
	x = destination_get(&r.destinations, SPAN("x"));
	y = destination_get(&r.destinations, SPAN("y"));
	m = message_made(&r, all, COUNT(all));
	for (size_t i = 0; i < COUNT(all); i++)
		transaction_add(
		    transaction_new(m, i % 2 == 0 ? x : y, &m->transactions), m,
		    i);
	assert_int_equal(transaction_reserve(m, y)->first, 1);
	assert_int_equal(m->transactions.count, 3);
	assert_int_equal(transaction_reserve(m, x)->first, 0);
	assert_int_equal(transaction_reserve(m, x)->first, 2);
	assert_null(transaction_reserve(m, x));
	assert_int_equal(transaction_reserve(m, y)->first, 3);
	assert_null(transaction_reserve(m, y));
	assert_null(m->transactions.first);
	message_release(&r.hand, m);
	destination_drop(&r.destinations, x);
	destination_drop(&r.destinations, y);
	assert_int_equal(r.destinations.known.count, 0);
	runner_unmade(&r);
}

static void
notes_that_a_job_came_with_are_known(void **state)
{
	struct pool p;
	uint64_t number = 0;
	struct job job = { 0 };
	int pair[2];

	(void)state;
	pool_init(&p, NULL, 1, &number);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pool_adopt(&p, pair[0]);
	assert_true(pool_notes(&p) == UINT64_MAX);
	for (uint64_t notes = 3; notes < 6; notes++)
		assert_int_equal(
		    pool_send(&p, p.connections[0],
			&(struct packet){ .record = SPAN("x"), .notes = notes },
			&job, 1),
		    0);
	assert_int_equal(pool_notes(&p), 3);
	assert_int_equal(p.connections[0]->notes, 5);
	assert_true(pool_answered(&p, p.connections[0], 1, &job));
	assert_int_equal(pool_notes(&p), 4);
	pool_free(&p);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_says_which_place_it_is),
		cmocka_unit_test(a_place_is_read_from_its_line),
		cmocka_unit_test(only_an_expanded_address_has_places),
		cmocka_unit_test(what_goes_together_shares_sender_and_way),
		cmocka_unit_test(a_transaction_fits_into_a_packet),
		cmocka_unit_test(
		    one_transaction_of_a_destination_is_taken_at_a_time),
		cmocka_unit_test(notes_that_a_job_came_with_are_known),
	};

	return cmocka_run_group_tests_name("jobs", tests, NULL, NULL);
}
