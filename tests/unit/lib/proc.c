/* lib/os/proc: CPU, renewed for each command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/proc.h"

static int64_t
used_ms(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
	    (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

static void
burn(int64_t ms)
{
	for (int64_t end = used_ms() + ms; used_ms() < end;)
		;
}

/* A command of too much work. */
static void
burn_at_once(void)
{
	struct proc_cpu cpu = { 0 };

	proc_cpu_renew(&cpu, 1);
	burn(10000);
}

/* Many of little, more work together. */
static void
burn_bit_by_bit(void)
{
	struct proc_cpu cpu = { 0 };

	for (int i = 0; i < 40; i++) {
		proc_cpu_renew(&cpu, 1);
		burn(100);
	}
}

static void
burn_below_a_hard_limit(void)
{
	struct proc_cpu cpu = { 0 };
	struct rlimit hard = { 2, 2 };

	setrlimit(RLIMIT_CPU, &hard);
	for (int i = 0; i < 100; i++) {
		proc_cpu_renew(&cpu, 60);
		burn(100);
	}
}

/* How a child that does this ends: its exit code, or the signal, negative. */
static int
end_of(void (*work)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		work();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void
a_command_that_burns_ends_the_process(void **state)
{
	(void)state;
	assert_int_equal(end_of(burn_at_once), -SIGXCPU);
}

static void
many_commands_do_not(void **state)
{
	(void)state;
	assert_int_equal(end_of(burn_bit_by_bit), 0);
}

static void
a_hard_limit_is_never_exceeded(void **state)
{
	(void)state;
	assert_int_equal(end_of(burn_below_a_hard_limit), -SIGKILL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_that_burns_ends_the_process),
		cmocka_unit_test(many_commands_do_not),
		cmocka_unit_test(a_hard_limit_is_never_exceeded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
