/* Connections to worker processes. Each is a packet socket with one worker
 * behind it; several jobs may be outstanding on it, so that the worker can do
 * them together. */
#ifndef POOL_H
#define POOL_H

#include "base/str.h"

enum {
	JOBS_MAX = 24, /* outstanding on one connection, local ones */
};

struct work;
struct part;
struct dest;
struct job {
	uint64_t n; /* in the record; no two are the same */
	struct work *work;
	size_t index;      /* recipient */
	struct part *part; /* of a job for another host */
};

struct connection {
	int fd;
	size_t count, room; /* jobs outstanding, and allocated */
	struct job *jobs;
	int64_t oldest_ms; /* when the oldest was sent (clock_mono_ms), or the
			    * last one answered */
	/* Of workers that send to other hosts: */
	struct dest *dest; /* where it was last */
	unsigned parts;    /* outstanding */
	unsigned streak;   /* parts in a row for the same destination */
};

struct pool {
	char *path; /* of the workers' socket; NULL: cannot be opened again */
	struct connection **connections;
	size_t count, max;
	size_t outstanding;
	int64_t retry_ms;  /* no new connection before (clock_mono_ms) */
	bool seen;         /* there was a worker once, or will be, */
	int64_t missed_ms; /* and since then none could be had; 0: it could */
	uint64_t *number;  /* of the last job of all pools */
};

void pool_init(struct pool *p, const char *path, size_t max, uint64_t *number);
void pool_free(struct pool *p);
/* Adopt a connection to a worker that was started by ourselves. */
void pool_adopt(struct pool *p, int fd);

/* The connection that should get the next local job, opened if need be; NULL
 * when there is none or all are full. */
struct connection *pool_choose(struct pool *p);
/* One that has nothing to do, if possible one that has been at this
 * destination; NULL when there is none. */
struct connection *pool_idle(struct pool *p, const struct dest *d);
/* The program is about to be there, as one that was there is: they are started
 * together. */
void pool_expect(struct pool *p);
/* There is a worker, or a socket where one can be had; or none could be had for
 * some seconds only: then it is being started (anew). */
bool pool_exists(struct pool *p);
/* The record's first n: further jobs have the numbers after it. */
uint64_t pool_number(struct pool *p);
/* Send jobs whose record names pool_number() and those after; -1 and errno, and
 * the connection should be ended unless it was EAGAIN (it can't take more
 * now). */
int pool_send(struct pool *p, struct connection *c, struct span record, int fd,
    const struct job *jobs, size_t count);
/* Take the job of this number off a connection; false if it has none such. */
bool pool_answered(
    struct pool *p, struct connection *c, uint64_t n, struct job *job_r);
/* A worker that has had nothing to do for so long that it has closed what it
 * kept open, or NULL. Children are never that idle: no new ones can be had.
 * now_ms: clock_mono_ms(). */
struct connection *pool_spare(const struct pool *p, int64_t now_ms);
/* When there will be one; INT64_MAX: not while nothing else happens. */
int64_t pool_spare_ms(const struct pool *p);
/* Close the connection to one: the worker ends. */
void pool_dismiss(struct pool *p, struct connection *c);
/* Close a connection whose worker ended; its jobs go to jobs_r, to be freed. Returns their
 * number. */
size_t pool_end(struct pool *p, struct connection *c, struct job **jobs_r);

#endif
