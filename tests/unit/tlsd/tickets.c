#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "../../../bin/tlsd/library.h"
#include "../../../bin/tlsd/tickets.h"

static void
keys_change_after_half_a_tickets_life(void **state)
{
	struct tickets t;
	struct ticket_key before;

	(void)state;
	assert_int_equal(tickets_init(&t), 0);
	before = t.keys[0];
	assert_false(tickets_rotate(&t));
	t.since -= TICKET_LIFE_S * 1000 / 2;
	assert_true(tickets_rotate(&t));
	assert_memory_equal(&t.keys[1], &before, sizeof before);
	assert_memory_not_equal(
	    t.keys[0].secret, before.secret, sizeof before.secret);
	assert_int_not_equal(t.keys[0].number, before.number);
}

static void
a_configuration_takes_every_key_in_turn(void **state)
{
	struct tls_config *c;
	struct tickets t;
	struct span keys;

	(void)state;
	library_start(&keys);
	c = tls_config_new();
	assert_int_equal(tickets_init(&t), 0);
	assert_int_equal(tickets_add(&t, c), 0);
	for (int i = 0; i < 20; i++) {
		t.since -= TICKET_LIFE_S * 1000 / 2;
		assert_true(tickets_rotate(&t));
		assert_int_equal(tickets_add_latest(&t, c), 0);
	}
	tickets_forget(c);
	tls_config_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_change_after_half_a_tickets_life),
		cmocka_unit_test(a_configuration_takes_every_key_in_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
