/* A spool in a folder of its own, removed again; for cmocka's setup and
 * teardown. */
#ifndef SPOOL_MADE_H
#define SPOOL_MADE_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "spool/spool.h"

struct spool_made {
	struct spool spool; /* first: *state is it, too */
	char folder[40];
};

static inline int
spool_made_open(void **state)
{
	struct spool_made *m = calloc(1, sizeof *m);

	if (m == NULL)
		return -1;
	umask(077);
	*state = m;
	strcpy(m->folder, "/tmp/chainmail-spool-XXXXXX");
	return mkdtemp(m->folder) == NULL ||
	    setenv("CHAINMAIL_SPOOL", m->folder, 1) < 0 ||
	    spool_open(&m->spool) < 0;
}

static inline int
spool_made_drop(
    const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static inline int
spool_made_remove(void **state)
{
	struct spool_made *m = *state;
	int r;

	spool_close(&m->spool);
	r = nftw(m->folder, spool_made_drop, 8, FTW_DEPTH | FTW_PHYS);
	free(m);
	return r;
}

#endif
