/* bin/queue-run: connections to workers */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../bin/queue-run/worker.h"
#include "base/clock.h"

enum { LONG_MS = 600000 };

/* A connection with its worker's end in worker_r. */
static void
adopt(struct pool *p, int *worker_r)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pool_adopt(p, pair[0]);
	*worker_r = pair[1];
}

static void
one_that_is_idle_for_long_is_spare_one_with_a_job_never(void **state)
{
	struct pool p;
	uint64_t number = 0;
	struct job job = { 0 };
	int busy, idle;
	char byte;
	int64_t now = clock_mono_ms();

	(void)state;
	pool_init(&p, "/nowhere", 2, &number);
	assert_true(pool_spare_ms(&p) == INT64_MAX);
	adopt(&p, &busy);
	adopt(&p, &idle);
	assert_int_equal(
	    pool_send(&p, p.connections[0],
		&(struct packet){ .record = SPAN("job") }, &job, 1),
	    0);
	assert_null(pool_spare(&p, now));
	/* Never before the worker's own end, and not much later. */
	assert_true(pool_spare_ms(&p) > now + 5000);
	assert_true(pool_spare_ms(&p) < now + 60000);
	assert_ptr_equal(pool_spare(&p, now + LONG_MS), p.connections[1]);
	pool_dismiss(&p, p.connections[1]);
	assert_int_equal(recv(idle, &byte, 1, 0), 0);
	assert_int_equal(p.count, 1);
	assert_null(pool_spare(&p, now + LONG_MS));
	/* Its last answer makes it idle, from now on. */
	assert_true(pool_answered(&p, p.connections[0], 1, &job));
	assert_null(pool_spare(&p, clock_mono_ms()));
	assert_non_null(pool_spare(&p, now + LONG_MS));
	pool_free(&p);
	close(busy);
	close(idle);
}

static void
a_child_is_never_spare(void **state)
{
	struct pool p;
	uint64_t number = 0;
	int worker;

	(void)state;
	pool_init(&p, NULL, 1, &number);
	adopt(&p, &worker);
	assert_null(pool_spare(&p, clock_mono_ms() + LONG_MS));
	assert_true(pool_spare_ms(&p) == INT64_MAX);
	pool_free(&p);
	close(worker);
}

static void
who_was_let_go_is_believed_to_be_there(void **state)
{
	struct pool p;
	uint64_t number = 0;
	struct job *jobs;
	int worker;

	(void)state;
	pool_init(&p, "/nowhere", 1, &number);
	assert_false(pool_exists(&p)); /* never was there */
	adopt(&p, &worker);
	assert_int_equal(pool_end(&p, p.connections[0], &jobs), 0);
	free(jobs);
	assert_true(pool_exists(&p));
	p.missed_ms -= LONG_MS;
	assert_false(pool_exists(&p));
	close(worker);
	/* However long ago it was missed, it came back. */
	adopt(&p, &worker);
	pool_dismiss(&p, p.connections[0]);
	assert_true(pool_exists(&p));
	pool_free(&p);
	close(worker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    one_that_is_idle_for_long_is_spare_one_with_a_job_never),
		cmocka_unit_test(a_child_is_never_spare),
		cmocka_unit_test(who_was_let_go_is_believed_to_be_there),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
