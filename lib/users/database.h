/* A constant database (CDB) that another program may replace at any time by
 * renaming a new one over it. Every open checks the file as a whole (magic,
 * version, checksum at its end), so a damaged one is an error, never a wrong
 * "not found". Written by compile.c. */
#ifndef USERS_DATABASE_H
#define USERS_DATABASE_H

#include <cdb.h>
#include <sys/stat.h>

#include "base/str.h"

enum database_result {
	DATABASE_FOUND,
	DATABASE_ABSENT, /* no such key, or no such file */
	DATABASE_ERROR,  /* can't be read or is damaged: try again later */
};

struct database {
	int dir; /* its directory; not owned */
	const char *name;
	const char *magic;          /* beginning of the empty key's value */
	bool quiet;                 /* don't log faults */
	enum database_result state; /* FOUND: open */
	struct cdb cdb;
	dev_t device;
	ino_t inode;
	struct timespec changed;
};

void database_init(
    struct database *d, int dir, const char *name, const char *magic);
void database_close(struct database *d);
/* Open it, or reopen it when the file was replaced: one stat(2). Returns the
 * state: FOUND when it is open. */
enum database_result database_refresh(struct database *d);
/* The value of a key; valid until the next refresh or close. Returns the state
 * when it is not open. */
enum database_result database_get(
    struct database *d, struct span key, struct span *value_r);

/* The trailer after the CDB: eight bytes of magic, and this sum of all bytes
 * before it, little-endian. */
enum { DATABASE_TRAILER = 16 };
void database_trailer(
    const void *bytes, size_t len, unsigned char trailer_r[DATABASE_TRAILER]);

#endif
