/* bin/queue-run: a message's steps, when the spool or the end comes between */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "../../../bin/queue-run/finish.h"
#include "../lib/spool_made.h"
#include "base/io.h"
#include "message_made.h"
#include "os/file.h"

static const struct recipient two[] = { { .address = { "list@here", 9 } },
	{ .address = { "bob@far.example", 15 } } };

/* A runner with a spool; its message lies there. */
static struct message *
begin(struct runner *r, const struct spool *s)
{
	int fd = file_create(s->new, MADE_ID, 0);

	assert_true(fd >= 0);
	close(fd);
	runner_made(r);
	r->spool = *s;
	assert_int_equal(journal_open(&r->journal, &r->spool), 0);
	return message_made(r, two, COUNT(two));
}

static void
end(struct runner *r)
{
	r->journal.spool = &r->spool;
	journal_close(&r->journal);
	runner_unmade(r);
}

/* As the loop does it. */
static void
turn(struct runner *r)
{
	for (size_t n = r->ready.count; n > 0; n--)
		finish_step(r, message_pop(&r->ready));
	if (journal_sync(&r->journal) == 0)
		finish_synced(r);
}

static const char *
state_now(const struct runner *r)
{
	static struct str text = STR_INIT;

	assert_int_equal(state_tail(&r->spool, MADE_ID, 1 << 20, &text), 0);
	return text.at;
}

/* list@here is expanded to a mailbox. */
static void
expanded(struct runner *r, struct message *m)
{
	place_made(m, 0, RECIPIENT_MAILBOX, "ann@here", 0, 0);
	assert_true(expand_complete(m, 0, 1));
	expansion_made(m, 0, 1);
	message_step(&r->ready, m);
}

static void
bob_answered(struct runner *r, struct message *m)
{
	attempt_make(m, 1, 0, SPAN("2.0.0"), SPAN("he has it"));
	message_step(&r->ready, m);
}

static void
places_are_sorted_when_they_are_safe_and_not_before(void **state)
{
	struct runner r;
	struct message *m = begin(&r, *state);

	expanded(&r, m);
	finish_step(&r, message_pop(&r.ready));
	assert_int_equal(r.unsorted.count, 0);
	assert_ptr_equal(r.noted.first, m);
	assert_non_null(strstr(state_now(&r), "to=ann@here kind=mailbox"));
	turn(&r);
	turn(&r);
	assert_ptr_equal(r.unsorted.first, m);
	message_pop(&r.unsorted);
	message_release(&r.hand, m);
	end(&r);
}

/* Either way, what comes while nobody sorts new places is noted. */
static void
what_is_answered_at_the_end_is_noted(void **state)
{
	for (int blocked = 0; blocked < 2; blocked++) {
		struct runner r;
		struct message *m = begin(&r, *state);

		r.closing = !blocked;
		expanded(&r, m);
		turn(&r);
		turn(&r);
		assert_int_equal(r.unsorted.count, blocked);
		bob_answered(&r, m);
		if (blocked)
			assert_false(runner_is_safe(&r));
		r.closing = true;
		finish_all(&r);
		assert_non_null(strstr(state_now(&r), "text=he%20has%20it"));
		assert_int_equal(journal_sync(&r.journal), 0);
		finish_synced(&r);
		finish_all(&r);
		assert_true(runner_is_safe(&r));
		message_release(&r.hand, m);
		end(&r);
		unlinkat(r.spool.new, MADE_ID, 0);
		unlinkat(r.spool.state, MADE_ID, 0);
	}
}

static void
what_can_not_be_written_is_stuck_and_stops_all(void **state)
{
	struct runner r;
	struct message *m = begin(&r, *state);
	struct spool broken = r.spool;

	broken.state = -1;
	r.journal.spool = &broken;
	bob_answered(&r, m);
	turn(&r);
	assert_ptr_equal(r.stuck.first, m);
	assert_true(runner_is_blocked(&r));
	assert_false(runner_is_safe(&r));
	/* More comes meanwhile: it is on one list still. */
	expanded(&r, m);
	assert_int_equal(r.ready.count, 0);
	finish_stuck(&r, true);
	assert_int_equal(r.stuck.count, 1);
	finish_stuck(&r, false); /* not yet */
	r.journal.spool = &r.spool;
	finish_stuck(&r, false);
	assert_int_equal(r.stuck.count, 1);
	finish_stuck(&r, true);
	assert_false(runner_is_blocked(&r));
	assert_non_null(strstr(state_now(&r), "he%20has%20it"));
	assert_non_null(strstr(state_now(&r), "to=ann@here"));
	assert_ptr_equal(r.noted.first, m);
	message_pop(&r.noted);
	message_release(&r.hand, m);
	end(&r);
}

/* All is done, and its file stays: it is not sent again, its report goes. */
static void
a_message_that_can_not_be_removed_lets_its_report_go(void **state)
{
	struct runner r;
	struct message *m = begin(&r, *state);
	struct id report = id_derive(SPAN(MADE_ID), SPAN("x"));
	struct entry *held = queue_add(
	    &r.queue, (struct span){ report.text, ID_LEN });

	queue_take_out(&r.queue, held, PLACE_HELD);
	m->held = held;
	m->made = true;
	attempt_make(m, 0, 67, SPAN("5.1.1"), SPAN("nobody"));
	m->state.results[0].reported = true;
	bob_answered(&r, m);
	state_take_report(&m->state, REPORT_FAILED, &report);
	state_made_report(&m->state, 1);
	r.spool.new = -1;
	turn(&r);
	assert_int_equal(m->phase, PHASE_KEPT);
	/* Not before it is safe that it was made. */
	assert_int_equal(held->place, PLACE_HELD);
	turn(&r);
	assert_int_equal(held->place, PLACE_NEW);
	assert_int_equal(r.hand.count, 0);
	assert_non_null(strstr(state_now(&r), "index=1 verdict=0"));
	assert_non_null(strstr(state_now(&r), "reported id="));
	assert_int_equal(
	    queue_find(&r.queue, SPAN(MADE_ID))->place, PLACE_WAITING);
	end(&r);
}

static void
who_is_done_in_one_go_leaves_nothing(void **state)
{
	struct runner r;
	struct message *m = begin(&r, *state);

	attempt_make(m, 0, 0, SPAN("2.0.0"), SPAN(""));
	bob_answered(&r, m);
	turn(&r);
	assert_int_equal(r.hand.count, 0);
	assert_int_equal(r.queue.known.count, 0);
	assert_false(journal_is_open(&r.journal));
	assert_string_equal(state_now(&r), "");
	assert_int_equal(faccessat(r.spool.new, MADE_ID, F_OK, 0), -1);
	end(&r);
}

static void
a_report_is_made_of_what_is_safe_and_under_one_id(void **state)
{
	struct runner r;
	struct message *m = begin(&r, *state);
	const char *line;

	attempt_make(m, 0, 67, SPAN("5.1.1"), SPAN("nobody"));
	bob_answered(&r, m);
	turn(&r);
	assert_null(strstr(state_now(&r), "report kind="));
	turn(&r);
	line = strstr(state_now(&r), "report kind=failed id=");
	assert_non_null(line);
	assert_int_equal(r.reports.count, 0);
	turn(&r);
	assert_ptr_equal(r.reports.first, m);
	assert_int_equal(m->held->place, PLACE_HELD);
	assert_memory_equal(
	    m->held->id, line + strlen("report kind=failed id="), ID_LEN);
	/* The helper can't: it is tried again under the same id. */
	message_pop(&r.reports);
	m->asked = true;
	message_step(&r.ready, m);
	turn(&r);
	assert_int_equal(r.hand.count, 0);
	assert_int_equal(r.queue.known.count, 1);
	end(&r);
}

int
main(void)
{
#define T(test)                                                                \
	cmocka_unit_test_setup_teardown(                                       \
	    test, spool_made_open, spool_made_remove)
	const struct CMUnitTest tests[] = {
		T(places_are_sorted_when_they_are_safe_and_not_before),
		T(what_is_answered_at_the_end_is_noted),
		T(what_can_not_be_written_is_stuck_and_stops_all),
		T(a_message_that_can_not_be_removed_lets_its_report_go),
		T(who_is_done_in_one_go_leaves_nothing),
		T(a_report_is_made_of_what_is_safe_and_under_one_id),
	};

	return cmocka_run_group_tests_name("finish", tests, NULL, NULL);
}
