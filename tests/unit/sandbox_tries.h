/* What a process must not do behind its sandboxes: each tries one thing, in the
 * folder it is in, and returns -1 when that fails. */
#ifndef TESTS_SANDBOX_TRIES_H
#define TESTS_SANDBOX_TRIES_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int
write_a_file(void)
{
	return open("x", O_WRONLY | O_CREAT, 0600);
}

static inline int
connect_out(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static inline int
connect_a_neighbour(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static inline int
fork_on(void)
{
	return fork();
}

static inline int
execute(void)
{
	char *argv[] = { (char *)"true", NULL };

	return execv("/bin/true", argv);
}

/* Another process of the same uid: the test, which tries in its children. */
static pid_t neighbour;

static inline int
signal_a_neighbour(void)
{
	return kill(neighbour, 0);
}

static inline int
signal_its_thread(void)
{
	return (int)syscall(SYS_tgkill, neighbour, neighbour, 0);
}

static inline int
signal_its_thread_alone(void)
{
	return (int)syscall(SYS_tkill, neighbour, 0);
}

static inline int
signal_by_queue(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	return (int)syscall(SYS_rt_sigqueueinfo, neighbour, SIGURG, &info);
}

static inline int
open_a_neighbour(void)
{
	return (int)syscall(SYS_pidfd_open, neighbour, 0);
}

/* Have the kernel signal it: whoever owns a descriptor is told of its bytes. */
static inline int
signal_by_owner(void)
{
	return fcntl(0, F_SETOWN, neighbour);
}

static inline int
signal_by_extended_owner(void)
{
	struct f_owner_ex owner = { F_OWNER_PID, neighbour };

	return fcntl(0, F_SETOWN_EX, &owner);
}

static inline int
signal_of_choice(void)
{
	return fcntl(0, F_SETSIG, SIGKILL);
}

static inline int
signal_by_directory(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	return fd < 0 ? -1 : fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT);
}

/* The descriptors that a process begins with; tries that need a terminal or a
 * socket to succeed are told apart by what the refusal says. */
static inline int
refused_ioctl(unsigned long request)
{
	int pid = neighbour;

	return ioctl(0, request, &pid) < 0 && errno == EPERM ? -1 : 0;
}

static inline int
signal_by_socket(void)
{
	return refused_ioctl(FIOSETOWN);
}

static inline int
signal_by_group(void)
{
	return refused_ioctl(SIOCSPGRP);
}

static inline int
type_on_the_terminal(void)
{
	return refused_ioctl(TIOCSTI);
}

static inline int
limit_a_neighbour(void)
{
	struct rlimit now;

	return (int)syscall(
	    SYS_prlimit64, neighbour, RLIMIT_NOFILE, NULL, &now);
}

static inline int
be_traced(void)
{
	return prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0) < 0 &&
		errno == EPERM
	    ? -1
	    : 0;
}

static inline int
change_its_memory_map(void)
{
	return prctl(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0) < 0 && errno == EPERM
	    ? -1
	    : 0;
}

/* A datagram needs no connection: one may be sent to any socket of the
 * machine that takes it. */
static inline int
send_to_anybody(void)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "x" };

	return sendto(0, "x", 1, 0, (struct sockaddr *)&to, sizeof to) < 0 &&
		errno == EPERM
	    ? -1
	    : 0;
}

static inline int
make_datagrams(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
}

static inline int
make_fifo(void)
{
	return mkfifo("fifo", 0600);
}

static inline int
make_link(void)
{
	return symlink("/etc/passwd", "link");
}

static inline int
change_mode(void)
{
	return chmod(".", 0700);
}

/* Marks of full mailboxes and other accounts' mail, for sessions: the test is in
 * CHAINMAIL_MAIL, "mine" is the session's Maildir. */
static inline int
make_a_mark(void)
{
	return open(".full/ann@example.org", O_WRONLY | O_CREAT, 0600);
}

static inline int
set_a_mark(void)
{
	return open(".full/bob@example.org", O_WRONLY);
}

static inline int
stamp_a_mark(void)
{
	return utimensat(AT_FDCWD, ".full/bob@example.org", NULL, 0);
}

static inline int
remove_a_mark(void)
{
	return unlink(".full/bob@example.org");
}

static inline int
rename_a_mark(void)
{
	return rename("mine/file", ".full/ann@example.org");
}

static inline int
read_anothers_mail(void)
{
	return open("other", O_RDONLY | O_DIRECTORY);
}

static int (*const never_in_a_session[])(void) = { make_a_mark, set_a_mark,
	stamp_a_mark, remove_a_mark, rename_a_mark, read_anothers_mail };

/* CHAINMAIL_MAIL as these want it; this process is in it from then on. */
static inline int
mail_make(char *template)
{
	if (mkdtemp(template) == NULL || chdir(template) < 0 ||
	    mkdir("mine", 0700) < 0 || mkdir("other", 0700) < 0 ||
	    mkdir(".full", 0700) < 0)
		return -1;
	setenv("CHAINMAIL_MAIL", template, 1);
	setenv("CHAINMAIL_ETC", template, 1);
	close(open("mine/file", O_WRONLY | O_CREAT, 0600));
	close(open(".full/bob@example.org", O_WRONLY | O_CREAT, 0600));
	return 0;
}

static inline int
mail_remove(const char *template)
{
	unlink("mine/file");
	unlink(".full/bob@example.org");
	return rmdir("mine") < 0 || rmdir("other") < 0 || rmdir(".full") < 0 ||
		rmdir(template) < 0
	    ? -1
	    : 0;
}

/* What no process may do that meets strangers' bytes, whatever else it may. */
static int (*const never[])(void) = { signal_a_neighbour, signal_its_thread,
	signal_its_thread_alone, signal_by_queue, open_a_neighbour,
	signal_by_owner, signal_by_extended_owner, signal_of_choice,
	signal_by_directory, signal_by_socket, signal_by_group,
	type_on_the_terminal, limit_a_neighbour, be_traced,
	change_its_memory_map, send_to_anybody, make_datagrams, make_fifo,
	make_link, change_mode };

/* The status of a process that does this behind sandbox(arg): 0, it failed. */
static inline int
status_behind(
    void (*sandbox)(const void *arg), const void *arg, int (*what)(void))
{
	int status;
	pid_t pid;

	neighbour = getpid();
	pid = fork();
	if (pid == 0) {
		sandbox(arg);
		_exit(what() < 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status;
}

#endif
