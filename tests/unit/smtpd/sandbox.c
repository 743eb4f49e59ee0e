/* What smtpd must not do once its sandbox is on fails, and what it must do
 * does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../bin/smtpd/server.h"
#include "os/dirs.h"

static int
try_passwd(struct server *s)
{
	(void)s;
	return open("/etc/passwd", O_RDONLY);
}

static int
try_mail(struct server *s)
{
	(void)s;
	return open(dir_mail(), O_RDONLY | O_DIRECTORY);
}

static int
try_configuration_write(struct server *s)
{
	return openat(s->etc, "users", O_WRONLY | O_CREAT, 0600);
}

static int
try_internet(struct server *s)
{
	(void)s;
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
try_fork(struct server *s)
{
	pid_t pid = fork();

	(void)s;
	if (pid == 0)
		_exit(0);
	return pid;
}

static int
try_exec(struct server *s)
{
	(void)s;
	return execl("/bin/true", "true", (char *)NULL);
}

static int
try_trace(struct server *s)
{
	(void)s;
	return (int)ptrace(PTRACE_TRACEME, 0, 0, 0);
}

static int
try_spool(struct server *s)
{
	struct envelope e = { .recipients = NULL };
	struct spool_file f;
	struct id id = id_new();

	envelope_to(&e, &(struct recipient){ .address = SPAN("a@b") });
	if (spool_create(&f, &s->spool, &id, &e) < 0 ||
	    spool_write(&f, SPAN("x: y\n")) < 0)
		return -1;
	return spool_commit(&f);
}

/* How an attempt behind the sandbox ends: its wait status. */
static int
behind_sandbox(int (*attempt)(struct server *s))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct server s;

		server_open(&s);
		server_sandbox(&s);
		_exit(attempt(&s) < 0 ? 1 : 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
refused(void **state)
{
	int (*const attempts[])(struct server *) = { try_passwd, try_mail,
		try_configuration_write, try_internet, try_fork };

	(void)state;
	for (size_t i = 0; i < COUNT(attempts); i++) {
		int status = behind_sandbox(attempts[i]);

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 1);
	}
}

static void
killed(void **state)
{
	int (*const attempts[])(struct server *) = { try_exec, try_trace };

	(void)state;
	for (size_t i = 0; i < COUNT(attempts); i++) {
		int status = behind_sandbox(attempts[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void
allowed(void **state)
{
	int status = behind_sandbox(try_spool);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Directories of its own below a temporary one. */
static char top[] = "/tmp/smtpd-sandbox.XXXXXX";
static const char *const parts[] = { "ETC", "SPOOL", "MAIL", "RUN" };

static int
directories(void **state)
{
	(void)state;
	if (mkdtemp(top) == NULL)
		return -1;
	for (size_t i = 0; i < COUNT(parts); i++) {
		char path[64], name[32];

		snprintf(path, sizeof path, "%s/%s", top, parts[i]);
		snprintf(name, sizeof name, "CHAINMAIL_%s", parts[i]);
		mkdir(path, 0700);
		setenv(name, path, 1);
	}
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static int
directories_remove(void **state)
{
	(void)state;
	return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(killed),
		cmocka_unit_test(allowed),
	};

	return cmocka_run_group_tests(tests, directories, directories_remove);
}
