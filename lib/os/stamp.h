/* Identifies the file behind a name, to detect a replacement later. */
#ifndef OS_STAMP_H
#define OS_STAMP_H

#include <stdbool.h>
#include <sys/stat.h>

struct stamp {
	dev_t device;
	ino_t inode; /* 0: there is no such file */
	off_t size;
	struct timespec changed;
};

/* The stamp of a name in directory dir (as with openat(2)); empty for a file
 * that is missing or can't be examined. */
struct stamp stamp_of(int dir, const char *name);
bool stamp_same(const struct stamp *a, const struct stamp *b);

#endif
