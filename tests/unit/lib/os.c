/* lib/os: durable files, locks, configuration, addresses of sockets, input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "os/conf.h"
#include "os/file.h"
#include "os/input.h"
#include "os/lock.h"
#include "os/sock.h"

static char where[] = "/tmp/chainmail-unit-XXXXXX";
static int dir;

static int
folder_make(void **state)
{
	(void)state;
	if (mkdtemp(where) == NULL)
		return -1;
	setenv("CHAINMAIL_ETC", where, 1);
	dir = dir_open(AT_FDCWD, where);
	return dir < 0 ? -1 : 0;
}

static int
folder_remove(void **state)
{
	static const char *const names[] = { "a", "b", "lock", "limits", "me" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	return rmdir(where);
}

static void
folders_above_a_path_are_made(void **state)
{
	static const char *const folders[] = { "x/y", "x", NULL };
	char path[100];
	struct stat st;

	(void)state;
	snprintf(path, sizeof path, "%s/x/y/z", where);
	assert_int_equal(dir_make_parents(path), 0);
	assert_int_equal(fstatat(dir, "x/y", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(fstatat(dir, "x/y/z", &st, 0), -1);
	assert_int_equal(dir_make_parents(path), 0);
	for (size_t i = 0; folders[i] != NULL; i++)
		assert_int_equal(unlinkat(dir, folders[i], AT_REMOVEDIR), 0);
	/* A file in the way. */
	close(openat(dir, "x", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	assert_int_equal(dir_make_parents(path), -1);
	assert_int_equal(errno, ENOTDIR);
	unlinkat(dir, "x", 0);
	assert_int_equal(dir_make_parents("name"), 0);
	assert_int_equal(dir_make_parents("/name"), 0);
}

static int
file_with(const char *name, const char *text)
{
	int fd = openat(
	    dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, span_text(text)), 0);
	return fd;
}

static void
a_commit_never_replaces_unless_told(void **state)
{
	struct commit c = {
		.from_dir = dir, .from = "a", .to_dir = dir, .to = "b"
	};
	struct stat st;

	(void)state;
	c.fd = file_with("a", "one");
	assert_int_equal(file_commit(&c, 1), 0);
	close(c.fd);
	c.fd = file_with("a", "second");
	assert_int_equal(file_commit(&c, 1), -1);
	assert_int_equal(c.error, EEXIST);
	assert_int_equal(fstatat(dir, "a", &st, 0), -1);
	close(c.fd);
	assert_int_equal(fstatat(dir, "b", &st, 0), 0);
	assert_int_equal(st.st_size, 3);
	c.fd = file_with("a", "second");
	c.replace = true;
	assert_int_equal(file_commit(&c, 1), 0);
	close(c.fd);
	assert_int_equal(fstatat(dir, "b", &st, 0), 0);
	assert_int_equal(st.st_size, 6);
}

static void
a_small_file_is_written_whole_or_not_at_all(void **state)
{
	struct commit c = { .from_dir = dir,
		.from = "a",
		.to_dir = dir,
		.to = "b",
		.replace = true };
	struct stat st;
	struct rlimit limit, small;

	(void)state;
	close(file_with("a", "left by a crash"));
	assert_int_equal(file_write(&c, 0640, SPAN("whole")), 0);
	assert_int_equal(fstatat(dir, "b", &st, 0), 0);
	assert_int_equal(st.st_size, 5);
	assert_int_equal(st.st_mode & 0700, 0600);
	assert_int_equal(fstatat(dir, "a", &st, 0), -1);
	/* No room. */
	getrlimit(RLIMIT_FSIZE, &limit);
	small = limit;
	small.rlim_cur = 3;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(file_write(&c, 0, SPAN("longer")), -1);
	assert_int_equal(errno, EFBIG);
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_int_equal(fstatat(dir, "a", &st, 0), -1);
	assert_int_equal(fstatat(dir, "b", &st, 0), 0);
	assert_int_equal(st.st_size, 5);
	unlinkat(dir, "b", 0);
}

static void
a_lock_keeps_others_out_until_it_is_closed(void **state)
{
	int first = lock_take(dir, "lock", 0), second;

	(void)state;
	assert_true(first >= 0);
	assert_int_equal(lock_take(dir, "lock", 0), -1);
	assert_int_equal(errno, EAGAIN);
	/* Another descriptor of the file, closed, drops nothing. */
	close(openat(dir, "lock", O_RDWR | O_CLOEXEC));
	assert_int_equal(lock_take(dir, "lock", 10), -1);
	close(first);
	second = lock_take(dir, "lock", 0);
	assert_true(second >= 0);
	close(second);
}

static void
complain(unsigned line, const char *text, void *arg)
{
	(void)text;
	*(unsigned *)arg |= 1U << line;
}

static void
every_mistake_in_limits_is_told_with_its_line(void **state)
{
	struct limits l;
	unsigned lines = 0;
	int etc;

	(void)state;
	close(file_with("limits",
	    "# comment\nmessage-size 2M # words\nrecipients many\n"
	    "nonsense 5\nqueue-life 2d\nhops\nerrors 0\nqueue-life 3d\n"));
	etc = conf_open();
	assert_int_equal(conf_limits(etc, &l, complain, &lines), 5);
	assert_int_equal(
	    lines, 1U << 3 | 1U << 4 | 1U << 6 | 1U << 7 | 1U << 8);
	assert_int_equal(l.message_size, 2 << 20);
	assert_int_equal(l.queue_life, 172800);
	assert_int_equal(l.recipients, 1000);
	close(etc);
}

static void
no_configuration_has_every_default(void **state)
{
	struct limits l;
	struct str me = STR_INIT;

	(void)state;
	assert_int_equal(conf_limits(-1, &l, NULL, NULL), 0);
	assert_int_equal(l.message_size, 50 << 20);
	conf_me(-1, &me);
	assert_true(me.len > 0);
	str_free(&me);
}

static void
a_host_name_is_one_word_of_labels(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {
		{ "mail.example.org", true },
		{ "localhost", true },
		{ "b\xc3\xbc"
		  "cher.example",
		    true },
		{ "mx_1.lan", true },
		{ "mail example.org", false },
		{ "mail..example.org", false },
		{ ".example.org", false },
		{ "bob@example.org", false },
		{ "[192.0.2.1]", false },
		{ "mail.example.org:25", false },
		{ "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
		  "gggg.example",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    conf_me_fault(span_text(cases[i].name)) == NULL,
		    cases[i].good);
}

static void
a_mistake_leaves_the_former_limits(void **state)
{
	struct conf_stamp stamp = { .there = false };
	struct limits l = { .hops = 7 };
	int etc;

	(void)state;
	close(file_with("limits", "hops 8\n"));
	etc = conf_open();
	conf_limits_refresh(etc, &l, &stamp);
	assert_int_equal(l.hops, 8);
	close(file_with("limits", "hops 9\nerrors x\n"));
	conf_limits_refresh(etc, &l, &stamp);
	assert_int_equal(l.hops, 8);
	close(file_with("limits", "hops 10\nlog-connections 0\n"));
	conf_limits_refresh(etc, &l, &stamp);
	assert_int_equal(l.hops, 10);
	unlinkat(etc, "limits", 0);
	conf_limits_refresh(etc, &l, &stamp);
	assert_int_equal(l.hops, 100);
	close(etc);
}

static void
addresses_are_read_without_dns(void **state)
{
	static const struct {
		const char *text;
		int family; /* 0: refused */
	} cases[] = {
		{ "127.0.0.1:25", AF_INET },
		{ "[::1]:25", AF_INET6 },
		{ "*:25", AF_INET6 },
		{ "25", AF_INET6 },
		{ "/run/x", AF_UNIX },
		{ "seqpacket:/run/x", AF_UNIX },
		{ "localhost:25", 0 },
		{ "127.0.0.1:99999", 0 },
		{ "127.0.0.1", 0 },
		{ "[::1]", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sock_name n;
		int r = sock_parse(span_text(cases[i].text), &n);

		assert_int_equal(r, cases[i].family == 0 ? -1 : 0);
		if (r == 0)
			assert_int_equal(n.address.ss_family, cases[i].family);
	}
}

static void
a_path_that_is_too_long_is_refused(void **state)
{
	char path[120];
	struct sock_name n;

	(void)state;
	memset(path, 'x', sizeof path);
	path[0] = '/';
	assert_int_equal(
	    sock_parse((struct span){ path, sizeof path }, &n), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

static void
assert_input(const struct input *in, const char *text)
{
	char bytes[64];

	assert_int_equal(in->size, strlen(text));
	/* Twice: nothing is used up. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    pread(in->fd, bytes, sizeof bytes, (off_t)in->offset),
		    in->size);
		assert_memory_equal(bytes, text, in->size);
	}
	assert_int_equal(fcntl(in->fd, F_GETFD), FD_CLOEXEC);
}

static void
a_file_is_input_from_where_it_stands(void **state)
{
	struct input in;
	int fd;

	(void)state;
	close(file_with("a", "mbox\nmessage"));
	fd = openat(dir, "a", O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_int_equal(input_take(fd, 3, &in), 0); /* however long */
	close(fd);
	assert_input(&in, "message");
	close(in.fd);
	fd = openat(dir, "a", O_RDONLY | O_CLOEXEC);
	lseek(fd, 100, SEEK_SET); /* behind its end */
	assert_int_equal(input_take(fd, 3, &in), 0);
	assert_int_equal(in.size, 0);
	close(in.fd);
	close(fd);
}

static void
a_pipe_is_input_up_to_a_limit(void **state)
{
	struct input in;

	(void)state;
	for (uint64_t limit = 6; limit <= 7; limit++) {
		int ends[2];

		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_int_equal(write_all(ends[1], SPAN("message")), 0);
		close(ends[1]);
		errno = 0;
		assert_int_equal(
		    input_take(ends[0], limit, &in), limit < 7 ? -1 : 0);
		close(ends[0]);
		if (limit == 7)
			assert_input(&in, "message");
		else
			assert_int_equal(errno, EMSGSIZE);
	}
	close(in.fd);
	assert_int_equal(input_take(-1, 10, &in), -1);
	assert_int_equal(errno, EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_never_replaces_unless_told),
		cmocka_unit_test(a_small_file_is_written_whole_or_not_at_all),
		cmocka_unit_test(folders_above_a_path_are_made),
		cmocka_unit_test(a_lock_keeps_others_out_until_it_is_closed),
		cmocka_unit_test(every_mistake_in_limits_is_told_with_its_line),
		cmocka_unit_test(no_configuration_has_every_default),
		cmocka_unit_test(a_host_name_is_one_word_of_labels),
		cmocka_unit_test(a_mistake_leaves_the_former_limits),
		cmocka_unit_test(addresses_are_read_without_dns),
		cmocka_unit_test(a_path_that_is_too_long_is_refused),
		cmocka_unit_test(a_file_is_input_from_where_it_stands),
		cmocka_unit_test(a_pipe_is_input_up_to_a_limit),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
