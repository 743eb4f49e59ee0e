/* How every program starts, in this order: proc_start(), open what is needed,
 * proc_limit(), sandbox_paths(), sandbox_calls(), and only then the first byte
 * from outside. */
#ifndef OS_PROC_H
#define OS_PROC_H

#include <stdint.h>
#include <sys/types.h>

#include "base/str.h"

/* First call of main(): program name, umask 077, SIGPIPE ignored, descriptors
 * from first_closed on closed (3 keeps only stdin, stdout and stderr, which are
 * opened on /dev/null when missing), the environment cut to the names of
 * chainmail(7), no core files, not dumpable. */
void proc_start(const char *argv0, int first_closed);

/* Resource limits; 0 leaves one as it is. Never raises a hard limit. */
struct proc_limits {
	uint64_t memory; /* bytes of address space (not in sanitizer builds) */
	uint64_t files;  /* open descriptors */
	uint64_t size;   /* bytes of one file; then writing fails (EFBIG) */
	bool no_fork;    /* no further process */
};
void proc_limit(const struct proc_limits *l);

/* fork(2) for a process that never had threads: the handlers of
 * pthread_atfork() are skipped, and with them the copies of pages that they
 * would write in parent and child. */
pid_t proc_fork(void);

/* Exit without exit(3)'s work, which is not needed here, except for the
 * sanitizers' leak check. */
_Noreturn void proc_exit(int code);

/* This process gets the signal when its parent ends, also after an exec or
 * proc_become(). */
void proc_end_with_parent(int signal);

/* From now on SIGTERM does not end this process but makes the returned
 * descriptor permanently readable: for workers, which finish their current
 * job. */
int proc_term(void);

/* Seconds of CPU, counted from now, until the kernel ends the process
 * (SIGXCPU), never above the hard limit. Called for each command, it bounds the
 * CPU time of any input without bounding the session. Initially all zero; one
 * system call when nothing changes. */
struct proc_cpu {
	uint64_t until; /* seconds used when it ends */
};
void proc_cpu_renew(struct proc_cpu *c, uint64_t seconds);

/* The path of another program of chainmail, in this one's folder. */
void proc_sibling(const char *name, struct str *path_r);

/* Give up root for uid and gid for good, supplementary groups and capabilities
 * too, and verify it; dies (CONFIG) when that failed or uid is 0. */
void proc_become(uint32_t uid, uint32_t gid);
/* Root: become the owner of this folder in the same way. If that is root (as
 * with Debian's /var/mail) CHAINMAIL_OWNER names the user, "UID:GID GID ..."
 * with all groups; without it we stay root. Not as root: nothing. -1: stat(2)
 * failed. */
int proc_become_owner(const char *folder);
/* Give up every capability: permitted, effective, inheritable, ambient and, if
 * this process may (CAP_SETPCAP), the bounding set; dies (CONFIG). */
void proc_powerless(void);

#endif
