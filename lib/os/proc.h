/* How every program starts, in this order: proc_start(), open what is needed,
 * proc_limit(), sandbox_paths(), sandbox_calls(), and only then the first byte
 * from outside. */
#ifndef OS_PROC_H
#define OS_PROC_H

#include <stdint.h>

#include "base/str.h"

/* First call of main(): program name, umask 077, SIGPIPE ignored, descriptors
 * from first_closed on closed (3 keeps stdin, stdout and stderr alone; those
 * are opened on /dev/null when they are missing), the environment cut to the
 * names of chainmail(7), no core files, not dumpable. */
void proc_start(const char *argv0, int first_closed);

/* Resource limits; 0 leaves one as it is. Never raises a hard limit. */
struct proc_limits {
	uint64_t memory; /* bytes of address space (not in sanitizer builds) */
	uint64_t files;  /* open descriptors */
	uint64_t size;   /* bytes of one file */
	bool no_fork;    /* no further process */
};
void proc_limit(const struct proc_limits *l);

/* The path of another program of chainmail: in the folder of this one. */
void proc_sibling(const char *name, struct str *path_r);

/* Give up root for uid and gid for good, supplementary groups too, and check
 * it; dies (CONFIG) when it did not work or uid is 0. */
void proc_become(uint32_t uid, uint32_t gid);

#endif
