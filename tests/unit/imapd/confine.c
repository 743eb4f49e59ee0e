/* bin/imapd/confine: what must fail in a session fails. Each trial is a
 * process of its own; its exit code is errno. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../bin/imapd/confine.h"

static char folder[] = "/tmp/confine.XXXXXX";
static char owner[] = "/tmp/confine-owner.XXXXXX";
static struct shared shared; /* owner's .Team */

static int
outcome(int (*trial)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (chdir(folder) < 0)
			_exit(255);
		confine(folder, &shared);
		errno = 0;
		_exit(trial() < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 1000 + WTERMSIG(status);
}

static int
open_own(void)
{
	return open("file", O_RDWR | O_CREAT, 0600);
}

/* What another account shares, and what it does not. */
static int
open_of_owner(const char *name, int how)
{
	struct str path = STR_INIT;

	str_setf(&path, "%s/%s", owner, name);
	return open(path.at, how, 0600);
}

static int
read_shared(void)
{
	return open_of_owner(".Team/acl", O_RDONLY);
}

static int
write_shared(void)
{
	return open_of_owner(".Team/acl", O_WRONLY);
}

static int
make_in_shared(void)
{
	return open_of_owner(".Team/x", O_WRONLY | O_CREAT);
}

static int
read_unshared(void)
{
	return open_of_owner(".Own/acl", O_RDONLY);
}

static int
read_looked_up(void)
{
	return open_of_owner(".Listed/acl", O_RDONLY);
}

static int
open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int
make_outside(void)
{
	return open("../confined-outside", O_RDWR | O_CREAT, 0600);
}

static int
connect_out(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
connect_local(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int
start_process(void)
{
	return fork();
}

static int
execute(void)
{
	return execl("/bin/true", "true", NULL);
}

static void
only_the_maildir_is_open(void **state)
{
	(void)state;
	assert_int_equal(outcome(open_own), 0);
	assert_int_equal(outcome(open_passwd), EACCES);
	assert_int_equal(outcome(make_outside), EACCES);
}

static void
what_is_shared_is_readable_and_nothing_beside_it(void **state)
{
	(void)state;
	assert_int_equal(outcome(read_shared), 0);
	assert_int_equal(outcome(write_shared), EACCES);
	assert_int_equal(outcome(make_in_shared), EACCES);
	assert_int_equal(outcome(read_unshared), EACCES);
	assert_int_equal(outcome(read_looked_up), EACCES);
}

static void
nobody_is_connected_to(void **state)
{
	(void)state;
	assert_int_equal(outcome(connect_out), EPERM);
	assert_int_equal(outcome(connect_local), EPERM);
}

static void
nothing_is_started(void **state)
{
	(void)state;
	assert_int_equal(outcome(start_process), EPERM);
	assert_int_equal(outcome(execute), 1000 + SIGSYS);
}

static const char *const folders[] = { ".Team", ".Own", ".Listed" };

/* Make or remove what the owner has. */
static int
owner_change(bool make)
{
	struct str path = STR_INIT;
	int r = 0;

	for (size_t i = 0; i < COUNT(folders); i++) {
		str_setf(&path, "%s/%s", owner, folders[i]);
		if (make)
			r |= mkdir(path.at, 0700);
		str_add_text(&path, "/acl");
		if (make)
			r |= close(open(path.at, O_WRONLY | O_CREAT, 0600));
		else
			r |= unlink(path.at);
		str_cut(&path, path.len - strlen("/acl"));
		if (!make)
			r |= rmdir(path.at);
	}
	str_free(&path);
	return r;
}

static int
make_folder(void **state)
{
	struct str text = STR_INIT;
	bool ok;

	(void)state;
	if (mkdtemp(folder) == NULL || mkdtemp(owner) == NULL ||
	    owner_change(true) < 0)
		return 1;
	str_setf(&text,
	    "folder owner=ann@example.org path=%s/.Team rights=lr\n"
	    "folder owner=ann@example.org path=%s/.Listed rights=l\n",
	    owner, owner);
	ok = shared_parse(str_span(&text), SPAN("bob@example.org"), &shared);
	str_free(&text);
	return !ok;
}

static int
remove_folder(void **state)
{
	(void)state;
	shared_free(&shared);
	return owner_change(false) < 0 || rmdir(owner) < 0 ||
	    chdir(folder) < 0 || unlink("file") < 0 || rmdir(folder) < 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_maildir_is_open),
		cmocka_unit_test(
		    what_is_shared_is_readable_and_nothing_beside_it),
		cmocka_unit_test(nobody_is_connected_to),
		cmocka_unit_test(nothing_is_started),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
