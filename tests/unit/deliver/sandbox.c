/* bin/deliver: what a worker can't do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../../../bin/deliver/worker.h"
#include "../sandbox_tries.h"

/* They succeed where no sandbox is. */
static int
read_the_spool(void)
{
	return open("spool/new/message", O_RDONLY);
}
static int
write_to_the_spool(void)
{
	return open("spool/new/x", O_WRONLY | O_CREAT, 0600);
}
static int
rename_into_the_spool(void)
{
	return rename("mail/x", "spool/new/x");
}
static int
read_elsewhere(void)
{
	return open("/etc/passwd", O_RDONLY);
}
static int
write_the_configuration(void)
{
	return open("etc/x", O_WRONLY | O_CREAT, 0600);
}
static int
read_the_configuration(void)
{
	return open("etc/me", O_RDONLY);
}
static int
write_mail(void)
{
	return open("mail/y", O_WRONLY | O_CREAT, 0600);
}
static int
write_a_note(void)
{
	return (int)write(9, "note\n", 5);
}

static void
worker(const void *arg)
{
	struct worker w;

	(void)arg;
	worker_init(&w);
	worker_sandbox(&w);
}

static void
nothing(const void *arg)
{
	(void)arg;
}

static void
a_worker_has_mail_and_configuration_alone(void **state)
{
	int (*const tries[])(void) = { read_the_spool, write_to_the_spool,
		rename_into_the_spool, read_elsewhere, write_the_configuration,
		connect_out, connect_a_neighbour, fork_on };

	(void)state;
	for (size_t i = 0; i < COUNT(tries); i++)
		if (status_behind(worker, NULL, tries[i]) != 0)
			fail_msg("number %zu works", i);
	assert_int_not_equal(status_behind(nothing, NULL, read_the_spool), 0);
	assert_int_not_equal(
	    status_behind(nothing, NULL, write_to_the_spool), 0);
	assert_int_not_equal(
	    status_behind(nothing, NULL, rename_into_the_spool), 0);
}

static void
it_delivers_and_notes(void **state)
{
	(void)state;
	assert_int_not_equal(
	    status_behind(worker, NULL, read_the_configuration), 0);
	assert_int_not_equal(status_behind(worker, NULL, write_mail), 0);
	assert_int_not_equal(status_behind(worker, NULL, write_a_note), 0);
}

static void
it_executes_nothing(void **state)
{
	int status = status_behind(worker, NULL, execute);

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static bool
file_make(const char *path)
{
	return close(open(path, O_WRONLY | O_CREAT, 0600)) == 0;
}

static bool
files_make(void)
{
	char dir[] = "/tmp/deliver.XXXXXX";
	int fd;

	if (mkdtemp(dir) == NULL || chdir(dir) < 0 || mkdir("etc", 0700) < 0 ||
	    mkdir("mail", 0700) < 0 || mkdir("spool", 0700) < 0 ||
	    mkdir("spool/new", 0700) < 0 || !file_make("etc/me") ||
	    !file_make("mail/x") || !file_make("spool/new/message"))
		return false;
	/* Notes come as a descriptor, from a folder out of reach. */
	fd = open("spool/notes", O_WRONLY | O_APPEND | O_CREAT, 0600);
	return dup2(fd, 9) == 9 &&
	    setenv("CHAINMAIL_ETC", realpath("etc", NULL), 1) == 0 &&
	    setenv("CHAINMAIL_MAIL", realpath("mail", NULL), 1) == 0 &&
	    setenv("CHAINMAIL_SPOOL", realpath("spool", NULL), 1) == 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_has_mail_and_configuration_alone),
		cmocka_unit_test(it_delivers_and_notes),
		cmocka_unit_test(it_executes_nothing),
	};

	if (!files_make())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
