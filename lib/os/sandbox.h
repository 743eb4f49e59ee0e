/* Restricts a program once it has opened what it needs: Landlock for paths, a
 * seccomp filter for system calls. Both last until the process ends and are
 * inherited by children and across exec. The filter is built here, since
 * libseccomp costs each process 0.3 ms. */
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
	SANDBOX_WRITE = 2, /* create, write, truncate, rename, link, remove */
	SANDBOX_EXEC = 4,  /* execute (and read) */
	/* Rights for folders that several programs share. A file can be renamed
	 * only to a folder that gives no further rights on it. */
	SANDBOX_DRAFT = 8,  /* create, write, truncate and remove files, rename
			     * them to another folder; read and list nothing */
	SANDBOX_TAKE = 16,  /* rename files to another folder, write them */
	SANDBOX_ARRIVE = 32 /* files may be renamed to here, not replacing
			     * any */
};
struct sandbox_path {
	const char *path; /* NULL or missing on disk: skipped */
	unsigned access;
};

/* From now on only these paths can be opened (open descriptors stay usable).
 * Unix sockets outside can still be connected to: Landlock does not restrict
 * them, sandbox_calls() does. With ABI 6 no process outside this sandbox can be
 * signalled and no abstract socket reached. Without Landlock in the kernel the
 * program ends (CONFIG), unless CHAINMAIL_SANDBOX=off is in the environment,
 * which is logged once per start. */
void sandbox_paths(const struct sandbox_path *paths, size_t count);
/* The same, and what these descriptors are open for: a path could have become
 * another directory since it was checked. */
struct sandbox_open {
	int fd;
	unsigned access;
};
void sandbox_paths_and_open(const struct sandbox_path *paths, size_t count,
    const struct sandbox_open *open, size_t open_count);

/* Groups of system calls. Calls in none of the chosen groups fail with EPERM;
 * execve, ptrace and the like kill the process (SIGSYS). No group reaches other
 * processes: none can signal them, even through the kernel, or change their
 * limits; a process that must end with its parent sets PR_SET_PDEATHSIG. */
enum sandbox_calls {
	CALLS_STREAM = 0,    /* always: read, write, poll, close, memory, time,
			     * getrandom, exit */
	CALLS_NAMES = 1,     /* open, stat, rename, link, unlink, fsync, locks:
			     * files with known names */
	CALLS_SOCKET = 2,    /* sendmsg, recvmsg, getpeername, setsockopt ... */
	CALLS_CONNECT = 4,   /* socket and connect, AF_UNIX with connections */
	CALLS_INTERNET = 8,  /* socket and connect, AF_INET, AF_INET6 too */
	CALLS_ACCEPT = 16,   /* accept4 */
	CALLS_FORK = 32,     /* fork, wait, signalfd, pipes */
	CALLS_EXEC = 64,     /* execve */
	CALLS_OWNER = 128,   /* setuid, setgid, chown */
	CALLS_SANDBOX = 256, /* a further, narrower sandbox can be entered */
	CALLS_WATCH = 512,   /* inotify */
	CALLS_LIST = 1024,   /* list directories; any descriptor of one
			      * suffices, whatever sandbox_paths() allows */
	CALLS_FILES = CALLS_NAMES | CALLS_LIST
};
void sandbox_calls(unsigned groups);

#endif
