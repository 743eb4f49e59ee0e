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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../bin/smtpd/server.h"
#include "../sandbox_tries.h"
#include "os/dirs.h"
#include "spool/blank.h"

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

/* Another's mail: OTHER is in each folder of the spool. */
#define OTHER "01JDABCDEFGHJKMNPQRSTVWXYZ"

static int
try_read_queued(struct server *s)
{
	return openat(s->spool.new, OTHER, O_RDONLY);
}

static int
try_write_queued(struct server *s)
{
	return openat(s->spool.new, OTHER, O_WRONLY);
}

static int
try_unlink_queued(struct server *s)
{
	return unlinkat(s->spool.new, OTHER, 0);
}

static int
try_take_queued(struct server *s)
{
	return renameat(s->spool.new, OTHER, s->spool.tmp, "mine");
}

static int
try_link_queued(struct server *s)
{
	return linkat(s->spool.new, OTHER, s->spool.tmp, "mine", 0);
}

static int
try_exchange_queued(struct server *s)
{
	return renameat2(
	    s->spool.tmp, OTHER, s->spool.new, OTHER, RENAME_EXCHANGE);
}

static int
try_replace_queued(struct server *s)
{
	return renameat(s->spool.tmp, OTHER, s->spool.new, OTHER);
}

static int
try_make_in_new(struct server *s)
{
	return openat(s->spool.new, "x", O_WRONLY | O_CREAT, 0600);
}

static int
try_read_unfinished(struct server *s)
{
	return openat(s->spool.tmp, OTHER, O_RDONLY);
}

static int
try_read_used(struct server *s)
{
	return openat(s->spool.blank, OTHER, O_RDONLY);
}

static int
try_read_own_again(struct server *s)
{
	return openat(s->spool.tmp, "x", O_RDWR | O_CREAT | O_EXCL, 0600);
}

static int
try_read_by_scratch(struct server *s)
{
	return renameat(s->spool.blank, OTHER, s->scratch, "mine");
}

static int
try_list_new(struct server *s)
{
	return openat(s->spool.new, ".", O_RDONLY | O_DIRECTORY);
}

static int
try_list_unfinished(struct server *s)
{
	return openat(s->spool.tmp, ".", O_RDONLY | O_DIRECTORY);
}

static int
try_read_state(struct server *s)
{
	return openat(s->spool.state, OTHER, O_RDONLY);
}

static int
try_unlink_state(struct server *s)
{
	return unlinkat(s->spool.state, OTHER, 0);
}

static int
try_release_held(struct server *s)
{
	return renameat(s->spool.hold, OTHER, s->spool.new, "x");
}

static int
try_watch(struct server *s)
{
	(void)s;
	return inotify_init1(0);
}

/* Descriptors to the folders stay open; a listing that was begun would be one
 * more way to know names. */
static int
try_list_by_descriptor(struct server *s)
{
	char entries[4096];

	return (int)syscall(
		   SYS_getdents64, s->spool.new, entries, sizeof entries) > 0
	    ? 0
	    : -1;
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

/* A used file is written anew, and a filter's input can be read. */
static int
try_blank(struct server *s)
{
	int fd = blank_take(&s->spool, "mine"), r = -1;

	if (fd >= 0)
		r = (int)write(fd, "x", 1);
	return r == 1 ? 0 : -1;
}

static int
try_scratch(struct server *s)
{
	int fd = spool_scratch(s->scratch);
	char byte;

	return fd >= 0 && write(fd, "x", 1) == 1 && pread(fd, &byte, 1, 0) == 1
	    ? 0
	    : -1;
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
refused_each(int (*const attempts[])(struct server *), size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status = behind_sandbox(attempts[i]);

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 1);
	}
}

static void
refused(void **state)
{
	int (*const attempts[])(struct server *) = { try_passwd, try_mail,
		try_configuration_write, try_internet, try_fork };

	(void)state;
	refused_each(attempts, COUNT(attempts));
}

static void
the_mail_of_others_is_out_of_reach(void **state)
{
	int (*const attempts[])(struct server *) = { try_read_queued,
		try_write_queued, try_unlink_queued, try_take_queued,
		try_link_queued, try_exchange_queued, try_replace_queued,
		try_make_in_new, try_read_unfinished, try_read_used,
		try_read_own_again, try_read_by_scratch, try_list_new,
		try_list_unfinished, try_read_state, try_unlink_state,
		try_release_held, try_watch, try_list_by_descriptor };

	(void)state;
	refused_each(attempts, COUNT(attempts));
}

/* What the sandbox is put on for in status_behind(). */
static void
as_smtpd(const void *arg)
{
	struct server s;

	(void)arg;
	server_open(&s);
	server_sandbox(&s);
}

static void
no_other_process_can_be_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		assert_int_equal(status_behind(as_smtpd, NULL, never[i]), 0);
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
	int (*const attempts[])(
	    struct server *) = { try_spool, try_blank, try_scratch };

	(void)state;
	for (size_t i = 0; i < COUNT(attempts); i++) {
		int status = behind_sandbox(attempts[i]);

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

/* Directories of its own below a temporary one. */
static char top[] = "/tmp/smtpd-sandbox.XXXXXX";
static const char *const parts[] = { "ETC", "SPOOL", "MAIL", "RUN" };

static void
file_put(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT, 0640);

	assert_int_equal(write(fd, "cat\n", 4), 4);
	fchmod(fd, 0640);
	close(fd);
}

/* What another session or program has in the spool, of the same uid. */
static int
spool_fill(void)
{
	struct spool s;
	char name[8];

	/* With a filter there are both a runner and a folder for its input. */
	file_put(open(dir_etc(), O_PATH), "filter.mx");
	umask(0);
	if (spool_open(&s) < 0)
		return -1;
	const int dirs[] = { s.tmp, s.new, s.state, s.hold, s.blank };

	for (size_t i = 0; i < COUNT(dirs); i++)
		file_put(dirs[i], OTHER);
	for (unsigned i = 0; i < 128; i++) {
		snprintf(name, sizeof name, "%02x", i);
		file_put(s.blank, name);
	}
	spool_close(&s);
	return 0;
}

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
	return spool_fill();
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
		cmocka_unit_test(the_mail_of_others_is_out_of_reach),
		cmocka_unit_test(no_other_process_can_be_reached),
		cmocka_unit_test(killed),
		cmocka_unit_test(allowed),
	};

	return cmocka_run_group_tests(tests, directories, directories_remove);
}
