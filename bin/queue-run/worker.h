/* Connections to worker processes. Each is a packet socket with one worker
 * behind it; several jobs may be outstanding on it, so that the worker can do
 * them together. */
#ifndef WORKER_H
#define WORKER_H

#include "base/str.h"

enum {
	JOBS_MAX = 24, /* outstanding on one connection, local ones */
};

struct message;
struct transaction;
struct destination;
struct job {
	uint64_t n; /* in the record; unique */
	struct message *message;
	size_t index;                    /* recipient; SIZE_MAX: a report */
	struct transaction *transaction; /* of a job for another host */
	uint64_t notes; /* its worker's file of notes at that time */
};

struct connection {
	int fd;
	size_t count, room; /* jobs outstanding, and allocated */
	struct job *jobs;
	int64_t oldest_ms; /* when the oldest was sent (clock_mono_ms), or the
			    * last one answered */
	uint64_t notes; /* the file of notes that it has (notes.h); 0: none */
	bool leaving;   /* it takes no more jobs, but answers those it has */
	/* Of workers that send to other hosts: */
	struct destination *destination; /* where it was last */
	unsigned transactions;           /* outstanding */
	unsigned streak; /* transactions in a row for the same destination */
	/* Of others: */
	bool alone; /* its job must be the only one */
};

struct pool {
	char *path; /* of the workers' socket; NULL: cannot be opened again */
	struct connection **connections;
	size_t count, max;
	size_t leaving; /* of count; they don't count towards max */
	size_t outstanding;
	int64_t retry_ms;  /* no new connection before then (clock_mono_ms) */
	bool seen;         /* there was a worker, or will be, */
	int64_t missed_ms; /* unavailable since then; 0: available */
	uint64_t *number;  /* of the last job of all pools */
};

void pool_init(struct pool *p, const char *path, size_t max, uint64_t *number);
void pool_free(struct pool *p);
/* Adopt a connection to a worker started by ourselves. */
void pool_adopt(struct pool *p, int fd);

/* The connection that should get the next local job, opened if need be; NULL
 * when there is none or all are full. alone: one that has no other job, and
 * gets none until this one is answered. */
struct connection *pool_choose(struct pool *p, bool alone);
/* An idle one, if possible one that was last at this destination; NULL when
 * there is none. */
struct connection *pool_idle(struct pool *p, const struct destination *d);
/* Treat the program as one seen before: it is being started together with
 * us. */
void pool_expect(struct pool *p);
/* There is a worker, or a socket for one; or it has been unavailable for only
 * some seconds, and is assumed to be (re)starting. */
bool pool_exists(struct pool *p);
/* The record's first n: further jobs have the numbers after it. */
uint64_t pool_number(struct pool *p);
/* Descriptors sent with a record: the message, and the file of notes if it is
 * new. */
struct packet {
	struct span record;
	int fds[2];
	size_t fd_count;
	uint64_t notes; /* the file of notes that the worker has with it */
};
/* How many connections there may be, those of workers that leave included. */
size_t pool_room(const struct pool *p);
/* Send jobs whose record names pool_number() and those after; -1 and errno. The
 * connection should be ended, unless that is EAGAIN: it can't take more now, or
 * no more at all. A worker that is told to end first shuts down its side, and then
 * finishes what it has: its jobs are lost only when the connection ends. */
int pool_send(struct pool *p, struct connection *c, const struct packet *packet,
    const struct job *jobs, size_t count);
/* Its worker takes no more jobs, and ends when it has answered those it has. */
void pool_leave(struct pool *p, struct connection *c);
/* The oldest file of notes that may have a result of an outstanding job;
 * UINT64_MAX: there is no job. */
uint64_t pool_notes(const struct pool *p);
/* One packet that a worker sent, into text; 1, 0: none is there, -1: the
 * connection has ended. */
int connection_receive(struct connection *c, struct str *text);
/* The job of this number; NULL if the connection has none such. */
const struct job *pool_job(const struct connection *c, uint64_t n);
/* Take it off the connection; false if there is no such job. */
bool pool_answered(
    struct pool *p, struct connection *c, uint64_t n, struct job *job_r);
/* A worker idle for so long that it has closed its kept connection, or NULL.
 * Never a child: those can't be replaced. now_ms: clock_mono_ms(). */
struct connection *pool_spare(const struct pool *p, int64_t now_ms);
/* When there will be one; INT64_MAX: not unless something else happens. */
int64_t pool_spare_ms(const struct pool *p);
/* Close the connection to one: the worker ends. */
void pool_dismiss(struct pool *p, struct connection *c);
/* Close a connection whose worker ended; its jobs go to jobs_r, to be freed, in
 * the order in which they were sent. Returns their number. */
size_t pool_end(struct pool *p, struct connection *c, struct job **jobs_r);

#endif
