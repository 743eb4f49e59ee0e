/* What a program may still do once it has opened what it needs: Landlock for
 * paths, a seccomp filter for system calls. Both last until the process ends
 * and pass to its children and to what it execs. The filter is built here,
 * not with libseccomp: that costs each process 0.3 ms. */
#ifndef OS_SANDBOX_H
#define OS_SANDBOX_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

enum sandbox_access {
	SANDBOX_READ = 1,  /* open for reading, list directories */
	SANDBOX_WRITE = 2, /* create, write, truncate, rename, link, remove;
			    * sockets too */
	SANDBOX_EXEC = 4,  /* execute (and read) */
};
struct sandbox_path {
	const char *path; /* NULL or missing on disk: skipped */
	unsigned access;
};

/* From now on only these paths can be opened (what is open stays usable).
 * Unix sockets outside can be connected to all the same: Landlock ABI 2 does
 * not know them; sandbox_calls() does. Without Landlock in the kernel the
 * program ends (CONFIG), unless CHAINMAIL_SANDBOX=off is in the environment,
 * which is logged once per start. */
void sandbox_paths(const struct sandbox_path *paths, size_t count);

/* Groups of system calls. What is in none of the chosen groups fails with
 * EPERM; execve, ptrace and their like kill the process (SIGSYS). */
enum sandbox_calls {
	CALLS_STREAM = 0,   /* always: read, write, poll, close, memory, time,
			     * getrandom, exit */
	CALLS_FILES = 1,    /* open, stat, rename, link, unlink, fsync, locks,
			     * directories, inotify */
	CALLS_SOCKET = 2,   /* sendmsg, recvmsg, getpeername, setsockopt ... */
	CALLS_CONNECT = 4,  /* socket and connect, AF_UNIX only */
	CALLS_INTERNET = 8, /* socket and connect, AF_INET, AF_INET6 too */
	CALLS_ACCEPT = 16,  /* accept4 */
	CALLS_FORK = 32,    /* fork, wait, kill, signalfd, pipes */
	CALLS_EXEC = 64,    /* execve */
	CALLS_OWNER = 128,  /* setuid, setgid, chown */
	CALLS_SANDBOX = 256 /* a further, narrower sandbox can be put on */
};
void sandbox_calls(unsigned groups);

#endif
