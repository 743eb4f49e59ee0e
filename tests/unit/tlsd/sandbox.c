#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "../../../bin/tlsd/sandbox.h"
#include "../sandbox_tries.h"

static int
read_the_key(void)
{
	return open("key.pem", O_RDONLY);
}

/* Of a tlsd whose certificates are in this folder. */
static void
both_sandboxes(const void *folder)
{
	struct certs c = { .path = STR_INIT };

	str_set(&c.path, span_text(folder));
	parent_sandbox(&c);
	connection_sandbox();
}

static void
a_connection_can_do_none_of_this(void **state)
{
	int (*const tries[])(void) = { write_a_file, read_the_key, connect_out,
		connect_a_neighbour, fork_on };

	(void)state;
	/* The folder that the parent may read is another one here: the
	 * sanitizers' own calls can't be told from ours by the filter. */
	for (size_t i = 0; i < COUNT(tries); i++)
		assert_int_equal(
		    status_behind(both_sandboxes, "/usr/share", tries[i]), 0);
}

static void
no_other_process_can_be_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		assert_int_equal(
		    status_behind(both_sandboxes, "/usr/share", never[i]), 0);
}

static void
executing_a_program_kills_it(void **state)
{
	int status = status_behind(both_sandboxes, ".", execute);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_can_do_none_of_this),
		cmocka_unit_test(no_other_process_can_be_reached),
		cmocka_unit_test(executing_a_program_kills_it),
	};
	char dir[] = "/tmp/tlsd.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) < 0 ||
	    close(open("key.pem", O_WRONLY | O_CREAT, 0600)) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
