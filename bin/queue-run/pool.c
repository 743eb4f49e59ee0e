#include "pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/sock.h"

enum {
	RETRY_MS = 500,  /* between attempts to reach a socket */
	SLOW_MS = 30,    /* a worker this long on a job may be in a pipe */
	ANEW_MS = 10000, /* so long a program may take to be there again */
	IDLE_MS = 8000,  /* `send` keeps its connection for 5 seconds */
};

void
pool_init(struct pool *p, const char *path, size_t max, uint64_t *number)
{
	*p = (struct pool){ .max = max < 1 ? 1 : max, .number = number };
	if (path != NULL)
		p->path = mem_text(span_text(path));
	p->connections = mem_resize(NULL, p->max, sizeof(struct connection *));
}

void
pool_free(struct pool *p)
{
	for (size_t i = 0; i < p->count; i++) {
		close(p->connections[i]->fd);
		free(p->connections[i]->jobs);
		free(p->connections[i]);
	}
	free(p->connections);
	free(p->path);
	*p = (struct pool){ 0 };
}

void
pool_adopt(struct pool *p, int fd)
{
	struct connection *c = mem_new(sizeof *c);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	c->fd = fd;
	c->oldest_ms = clock_mono_ms();
	p->connections[p->count++] = c;
}

void
pool_expect(struct pool *p)
{
	p->seen = true;
}

static bool
pool_open(struct pool *p)
{
	int fd;

	if (p->path == NULL || p->count == p->max ||
	    clock_mono_ms() < p->retry_ms)
		return false;
	fd = sock_connect_unix(p->path, SOCK_SEQPACKET, 0);
	if (fd < 0) {
		p->retry_ms = clock_mono_ms() + RETRY_MS;
		if (p->missed_ms == 0)
			p->missed_ms = clock_mono_ms();
		return false;
	}
	p->seen = true;
	p->missed_ms = 0;
	pool_adopt(p, fd);
	return true;
}

bool
pool_exists(struct pool *p)
{
	return p->count > 0 || pool_open(p) ||
	    (p->seen &&
		(p->missed_ms == 0 ||
		    clock_mono_ms() - p->missed_ms < ANEW_MS));
}

/* An idle worker first; else one more worker; else the least busy of those that
 * answer quickly, where the job is done together with others; else the least
 * busy one. */
struct connection *
pool_choose(struct pool *p)
{
	struct connection *best = NULL;
	int64_t slow = 0;
	bool best_slow = false;

	for (size_t i = 0; i < p->count; i++) {
		struct connection *c = p->connections[i];
		bool is_slow;

		if (c->count == 0)
			return c;
		if (c->count >= JOBS_MAX)
			continue;
		if (slow == 0)
			slow = clock_mono_ms() - SLOW_MS;
		is_slow = c->oldest_ms < slow;
		if (best == NULL || (best_slow && !is_slow) ||
		    (best_slow == is_slow && c->count < best->count)) {
			best = c;
			best_slow = is_slow;
		}
	}
	if (pool_open(p))
		return p->connections[p->count - 1];
	return best;
}

/* One that was there; else one that was nowhere yet, a new one, or the one that
 * has been idle longest: so other hosts' connections stay open. */
struct connection *
pool_idle(struct pool *p, const struct dest *d)
{
	struct connection *best = NULL;

	for (size_t i = 0; i < p->count; i++) {
		struct connection *c = p->connections[i];

		if (c->count > 0)
			continue;
		if (c->dest == d)
			return c;
		if (best == NULL || (best->dest != NULL && c->dest == NULL) ||
		    ((best->dest == NULL) == (c->dest == NULL) &&
			c->oldest_ms < best->oldest_ms))
			best = c;
	}
	if ((best == NULL || best->dest != NULL) && pool_open(p))
		return p->connections[p->count - 1];
	return best;
}

uint64_t
pool_number(struct pool *p)
{
	return *p->number + 1;
}

int
pool_send(struct pool *p, struct connection *c, struct span record, int fd,
    const struct job *jobs, size_t count)
{
	if (sock_send(c->fd, record, &fd, fd < 0 ? 0 : 1) < 0)
		return -1;
	if (c->count + count > c->room) {
		c->room = 2 * c->room + count;
		c->jobs = mem_resize(c->jobs, c->room, sizeof *c->jobs);
	}
	if (c->count == 0)
		c->oldest_ms = clock_mono_ms();
	for (size_t i = 0; i < count; i++) {
		c->jobs[c->count] = jobs[i];
		c->jobs[c->count++].n = ++*p->number;
	}
	p->outstanding += count;
	return 0;
}

bool
pool_answered(
    struct pool *p, struct connection *c, uint64_t n, struct job *job_r)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->jobs[i].n != n)
			continue;
		*job_r = c->jobs[i];
		c->jobs[i] = c->jobs[--c->count];
		c->oldest_ms = clock_mono_ms(); /* it answers: not stuck */
		p->outstanding--;
		return true;
	}
	return false;
}

static void
connection_end(struct pool *p, struct connection *c)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->connections[i] == c)
			p->connections[i] = p->connections[--p->count];
	close(c->fd);
	free(c);
}

struct connection *
pool_spare(const struct pool *p, int64_t now_ms)
{
	for (size_t i = 0; p->path != NULL && i < p->count; i++)
		if (p->connections[i]->count == 0 &&
		    now_ms - p->connections[i]->oldest_ms >= IDLE_MS)
			return p->connections[i];
	return NULL;
}

int64_t
pool_spare_ms(const struct pool *p)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; p->path != NULL && i < p->count; i++)
		if (p->connections[i]->count == 0 &&
		    p->connections[i]->oldest_ms + IDLE_MS < first)
			first = p->connections[i]->oldest_ms + IDLE_MS;
	return first;
}

void
pool_dismiss(struct pool *p, struct connection *c)
{
	free(c->jobs);
	connection_end(p, c);
	/* It was there until now. */
	p->missed_ms = 0;
}

size_t
pool_end(struct pool *p, struct connection *c, struct job **jobs_r)
{
	size_t n = c->count;

	*jobs_r = c->jobs;
	p->outstanding -= n;
	connection_end(p, c);
	p->seen = true;
	p->missed_ms = clock_mono_ms();
	p->retry_ms = p->missed_ms + RETRY_MS / 10;
	return n;
}
