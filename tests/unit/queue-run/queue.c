/* bin/queue-run: queue and retry */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>

#include "../../../bin/queue-run/queue.h"
#include "../../../bin/queue-run/retry.h"

static struct span
id_of(int64_t n)
{
	static struct id id;
	unsigned char random[ID_RANDOM] = { 0 };

	for (int i = 0; i < 8; i++)
		random[9 - i] = (unsigned char)(n >> (8 * i));
	id = id_make(1764000000000, random);
	return (struct span){ id.text, ID_LEN };
}

static void
an_id_is_known_once(void **state)
{
	struct queue q;

	(void)state;
	queue_init(&q);
	assert_non_null(queue_add(&q, id_of(1)));
	assert_null(queue_add(&q, id_of(1)));
	assert_null(queue_add(&q, SPAN("no id")));
	assert_non_null(queue_find(&q, id_of(1)));
	queue_remove(&q, queue_find(&q, id_of(1)));
	assert_null(queue_find(&q, id_of(1)));
	assert_non_null(queue_add(&q, id_of(1)));
	queue_free(&q);
}

static void
many_come_and_go(void **state)
{
	struct queue q;
	struct entry *e;
	int64_t last = 0;
	size_t n = 0;

	(void)state;
	queue_init(&q);
	for (int64_t i = 0; i < 5000; i++)
		queue_wait(&q, queue_add(&q, id_of(i)), (i * 7919) % 5003 + 1);
	for (int64_t i = 0; i < 5000; i += 3)
		queue_remove(&q, queue_find(&q, id_of(i)));
	for (int64_t i = 0; i < 5000; i++)
		assert_int_equal(queue_find(&q, id_of(i)) != NULL, i % 3 != 0);
	assert_null(queue_next(&q, 0));
	while ((e = queue_next(&q, 10000)) != NULL) {
		assert_true(e->due >= last);
		last = e->due;
		queue_remove(&q, e);
		n++;
	}
	assert_int_equal(n, 3333);
	assert_int_equal(q.known.count, 0);
	queue_free(&q);
}

static void
old_and_new_take_turns(void **state)
{
	struct queue q;
	int old = 0;

	(void)state;
	queue_init(&q);
	for (int64_t i = 0; i < 10; i++)
		queue_wait(&q, queue_add(&q, id_of(i)), 1);
	for (int64_t i = 10; i < 100; i++)
		queue_add(&q, id_of(i));
	for (int i = 0; i < 20; i++)
		old += queue_next(&q, 100)->due == 1;
	assert_int_equal(old, 10);
	queue_free(&q);
}

static void
a_held_one_is_not_due(void **state)
{
	struct queue q;
	struct entry *e;

	(void)state;
	queue_init(&q);
	e = queue_add(&q, id_of(1));
	queue_add(&q, id_of(2));
	queue_take_out(&q, e, PLACE_HELD);
	assert_null(queue_add(&q, id_of(1)));
	assert_ptr_not_equal(queue_next(&q, 0), e);
	assert_null(queue_next(&q, 0));
	assert_int_equal(queue_pause(&q, 0), -1);
	queue_renew(&q, e);
	assert_int_equal(queue_pause(&q, 0), 0);
	assert_ptr_equal(queue_next(&q, 0), e);
	queue_free(&q);
}

static void
a_queued_message_costs_little(void **state)
{
	enum { MANY = 20000 };
	struct queue q;
	size_t before = mallinfo2().uordblks;

	(void)state;
	queue_init(&q);
	for (int64_t i = 0; i < MANY; i++)
		queue_wait(&q, queue_add(&q, id_of(i)), 1);
	assert_in_range((mallinfo2().uordblks - before) / MANY, 0, 300);
	queue_free(&q);
}

static void
tries_become_rarer(void **state)
{
	int64_t at = 1000000, birth = at, tries = 0, pause = 0;

	(void)state;
	assert_int_equal(retry_next(birth, birth, 0), birth + 400);
	while (at < birth + 432000) {
		int64_t next = retry_next(birth, at, 0);

		assert_true(next - at >= pause);
		pause = next - at;
		at = next;
		tries++;
	}
	assert_in_range(tries, 25, 40);
	/* Born in the future, or nowhere: as if now. */
	assert_int_equal(retry_next(birth + 99999, birth, 0), birth + 400);
	assert_int_equal(retry_next(-1, birth, 0), birth + 400);
	assert_in_range(
	    retry_next(birth, birth, UINT32_MAX), birth + 400, birth + 440);
}

static void
fresh_mail_survives_a_jump_of_the_clock(void **state)
{
	(void)state;
	assert_false(retry_over(0, 900000, 1, 432000));
	assert_false(retry_over(0, 900000, 4, 432000));
	assert_true(retry_over(0, 900000, 5, 432000));
	assert_false(retry_over(0, 400000, 50, 432000));
	assert_false(retry_over(900000, 0, 50, 432000));
}

static void
a_clock_set_back_makes_nothing_wait_longer(void **state)
{
	struct queue q;
	struct entry *e[3];

	(void)state;
	queue_init(&q);
	for (int i = 0; i < 3; i++) {
		e[i] = queue_add(&q, id_of(i));
		queue_wait(&q, e[i], 90000 + 100 * i);
	}
	queue_shift(&q, -80000);
	assert_null(queue_next(&q, 9999));
	assert_ptr_equal(queue_next(&q, 10000), e[0]);
	assert_int_equal(queue_pause(&q, 10000), 100);
	queue_free(&q);
	assert_int_equal(retry_sane(1000, 2000, retry_next(1000, 2000, 99)),
	    retry_next(1000, 2000, 99));
	assert_int_equal(retry_sane(1000, 2000, 900000), 2000);
	assert_int_equal(retry_sane(900000, 2000, 900400), 2000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_is_known_once),
		cmocka_unit_test(many_come_and_go),
		cmocka_unit_test(old_and_new_take_turns),
		cmocka_unit_test(a_held_one_is_not_due),
		cmocka_unit_test(a_queued_message_costs_little),
		cmocka_unit_test(tries_become_rarer),
		cmocka_unit_test(fresh_mail_survives_a_jump_of_the_clock),
		cmocka_unit_test(a_clock_set_back_makes_nothing_wait_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
