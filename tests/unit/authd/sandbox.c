#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "../../../bin/authd/dialogue.h"
#include "../sandbox_tries.h"

static int
read_elsewhere(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static void
both_sandboxes(const void *arg)
{
	(void)arg;
	parent_sandbox();
	dialogue_sandbox();
}

static void
a_dialogue_can_do_none_of_this(void **state)
{
	int (*const tries[])(void) = { write_a_file, read_elsewhere,
		connect_out, connect_a_neighbour, fork_on };

	(void)state;
	for (size_t i = 0; i < COUNT(tries); i++)
		assert_int_equal(
		    status_behind(both_sandboxes, NULL, tries[i]), 0);
}

static void
no_other_process_can_be_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		assert_int_equal(
		    status_behind(both_sandboxes, NULL, never[i]), 0);
}

static void
executing_a_program_kills_it(void **state)
{
	int status = status_behind(both_sandboxes, NULL, execute);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dialogue_can_do_none_of_this),
		cmocka_unit_test(no_other_process_can_be_reached),
		cmocka_unit_test(executing_a_program_kills_it),
	};
	char dir[] = "/tmp/authd.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return 1;
	setenv("CHAINMAIL_ETC", dir, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
