/* bin/verifyd: what its processes can't do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../bin/verifyd/service.h"
#include "../sandbox_tries.h"

/* They succeed (0 or more) where no sandbox is. */
static int
read_the_spool(void)
{
	return open("spool/message", O_RDONLY);
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
ask_a_name_server(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(53),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1
		      : connect(fd, (const struct sockaddr *)&to, sizeof to);
}
static int
bind_a_port(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd < 0 ? -1 : bind(fd, (struct sockaddr *)&to, sizeof to);
}

enum where { NOWHERE, PARENT, CHILD };

/* The status of a process that does this there: 0 is success. */
static int
status_of(int (*what)(void), enum where where)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (where != NOWHERE)
			service_confine();
		if (where == CHILD)
			service_narrow();
		_exit(what() < 0 ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void
no_process_reads_or_writes_elsewhere(void **state)
{
	int (*const tries[])(
	    void) = { read_the_spool, read_elsewhere, write_the_configuration };

	(void)state;
	for (enum where w = PARENT; w <= CHILD; w++)
		for (size_t i = 0; i < COUNT(tries); i++)
			assert_int_not_equal(status_of(tries[i], w), 0);
	for (size_t i = 0; i < COUNT(tries); i++)
		assert_int_equal(status_of(tries[i], NOWHERE), 0);
}

static void
all_read_the_configuration_and_ask_the_dns(void **state)
{
	(void)state;
	for (enum where w = PARENT; w <= CHILD; w++) {
		assert_int_equal(status_of(read_the_configuration, w), 0);
		assert_int_equal(status_of(ask_a_name_server, w), 0);
	}
}

static void
only_the_parent_forks(void **state)
{
	(void)state;
	assert_int_equal(status_of(fork_on, PARENT), 0);
	assert_int_not_equal(status_of(fork_on, CHILD), 0);
}

static void
none_executes_a_program(void **state)
{
	(void)state;
	assert_int_equal(status_of(execute, NOWHERE), 0);
	for (enum where w = PARENT; w <= CHILD; w++) {
		int status = status_of(execute, w);

		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
}

static void
none_reaches_another_process(void **state)
{
	(void)state;
	neighbour = getpid();
	for (enum where w = PARENT; w <= CHILD; w++)
		for (size_t i = 0; i < COUNT(never); i++)
			assert_int_not_equal(status_of(never[i], w), 0);
}

static void
none_binds(void **state)
{
	(void)state;
	assert_int_equal(status_of(bind_a_port, NOWHERE), 0);
	for (enum where w = PARENT; w <= CHILD; w++)
		assert_int_not_equal(status_of(bind_a_port, w), 0);
}

static bool
files_make(void)
{
	char dir[] = "/tmp/verifyd.XXXXXX", etc[64];

	return mkdtemp(dir) != NULL && chdir(dir) == 0 &&
	    mkdir("etc", 0700) == 0 && mkdir("spool", 0700) == 0 &&
	    close(open("etc/me", O_WRONLY | O_CREAT, 0600)) == 0 &&
	    close(open("spool/message", O_WRONLY | O_CREAT, 0600)) == 0 &&
	    snprintf(etc, sizeof etc, "%s/etc", dir) > 0 &&
	    setenv("CHAINMAIL_ETC", etc, 1) == 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_process_reads_or_writes_elsewhere),
		cmocka_unit_test(all_read_the_configuration_and_ask_the_dns),
		cmocka_unit_test(only_the_parent_forks),
		cmocka_unit_test(none_executes_a_program),
		cmocka_unit_test(none_reaches_another_process),
		cmocka_unit_test(none_binds),
	};

	if (!files_make())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
