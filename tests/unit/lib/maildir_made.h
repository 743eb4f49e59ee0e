/* A Maildir in a temporary directory, for the tests of lib/store. */
#ifndef TESTS_MAILDIR_MADE_H
#define TESTS_MAILDIR_MADE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "store/entries.h"
#include "store/store.h"

struct made {
	char path[64];
	struct store store;
};

static inline void
made_open(struct made *m)
{
	strcpy(m->path, "/tmp/chainmail-test-XXXXXX");
	if (mkdtemp(m->path) == NULL)
		abort();
	strcat(m->path, "/Maildir");
	if (store_open(&m->store, m->path, true) < 0)
		abort();
}

static inline void
made_close(struct made *m)
{
	store_close(&m->store);
	*strrchr(m->path, '/') = '\0';
	for (int i = 0; i < 4 && maildir_remove(AT_FDCWD, m->path) < 0; i++) {
		char command[128];

		snprintf(command, sizeof command, "rm -rf %s", m->path);
		if (system(command) != 0)
			abort();
		break;
	}
}

/* A test's setup and teardown: its state is a struct made. */
static inline int
made_setup(void **state)
{
	struct made *m = calloc(1, sizeof *m);

	made_open(m);
	*state = m;
	return 0;
}

static inline int
made_teardown(void **state)
{
	made_close(*state);
	free(*state);
	return 0;
}

/* Write a file below the Maildir. */
static inline void
made_file(struct made *m, const char *name, const char *text)
{
	int fd = openat(
	    m->store.root.dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write_all(fd, span_text(text)) < 0)
		abort();
	close(fd);
}

/* The first name in the directory that begins with prefix; NULL if none. */
static inline const char *
made_find(struct made *m, const char *dir, const char *prefix)
{
	static char found[256];
	int fd = openat(m->store.root.dir, dir, O_RDONLY | O_DIRECTORY);
	struct entries e;
	struct span name;
	const char *r = NULL;

	if (fd < 0)
		return NULL;
	entries_start(&e, fd);
	while (r == NULL && entries_next(&e, &name))
		if (span_starts(name, span_text(prefix)))
			r = strcpy(found, name.at);
	close(fd);
	return r;
}

static inline unsigned
made_count(struct made *m, const char *dir)
{
	int fd = openat(m->store.root.dir, dir, O_RDONLY | O_DIRECTORY);
	struct entries e;
	struct span name;
	unsigned n = 0;

	if (fd < 0)
		abort();
	entries_start(&e, fd);
	while (entries_next(&e, &name))
		n++;
	close(fd);
	return n;
}

#endif
