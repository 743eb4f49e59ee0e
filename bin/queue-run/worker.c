#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/sock.h"

enum {
	RETRY_MS = 500,  /* between attempts to reach a socket */
	SLOW_MS = 30,    /* a worker this slow may be running a command */
	ANEW_MS = 10000, /* how long a program may take to restart */
	IDLE_MS = 8000,  /* `send` keeps its connection for 5 seconds */
};

void
pool_init(struct pool *p, const char *path, size_t max, uint64_t *number)
{
	*p = (struct pool){ .max = max < 1 ? 1 : max, .number = number };
	if (path != NULL)
		p->path = mem_text(span_text(path));
	p->connections = mem_resize(
	    NULL, pool_room(p), sizeof(struct connection *));
}

/* Workers that leave may take as long as the commands that they run, during
 * which as many new ones take their place. */
size_t
pool_room(const struct pool *p)
{
	return 2 * p->max;
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

	if (p->path == NULL || p->count - p->leaving >= p->max ||
	    p->count == pool_room(p) || clock_mono_ms() < p->retry_ms)
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

/* An idle worker first; else a new one; else the least busy of the fast ones,
 * where the job is batched with others; else the least busy one. */
struct connection *
pool_choose(struct pool *p, bool alone)
{
	struct connection *best = NULL;
	int64_t slow = 0;
	bool best_slow = false;

	for (size_t i = 0; i < p->count; i++) {
		struct connection *c = p->connections[i];
		bool is_slow;

		if (c->leaving)
			continue;
		if (c->count == 0) {
			c->alone = alone;
			return c;
		}
		if (alone || c->alone || c->count >= JOBS_MAX)
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
	if (!pool_open(p))
		return best;
	best = p->connections[p->count - 1];
	best->alone = alone;
	return best;
}

/* One that was last at this destination; else an unused one, a new one, or the
 * one idle longest, so that connections to other hosts stay open. */
struct connection *
pool_idle(struct pool *p, const struct destination *d)
{
	struct connection *best = NULL;

	for (size_t i = 0; i < p->count; i++) {
		struct connection *c = p->connections[i];

		if (c->count > 0 || c->leaving)
			continue;
		if (c->destination == d)
			return c;
		if (best == NULL ||
		    (best->destination != NULL && c->destination == NULL) ||
		    ((best->destination == NULL) == (c->destination == NULL) &&
			c->oldest_ms < best->oldest_ms))
			best = c;
	}
	if ((best == NULL || best->destination != NULL) && pool_open(p))
		return p->connections[p->count - 1];
	return best;
}

uint64_t
pool_number(struct pool *p)
{
	return *p->number + 1;
}

void
pool_leave(struct pool *p, struct connection *c)
{
	p->leaving += c->leaving ? 0 : 1;
	c->leaving = true;
}

static int
packet_put(struct pool *p, struct connection *c, const struct packet *packet)
{
	if (c->leaving) {
		errno = EAGAIN;
		return -1;
	}
	if (sock_send(c->fd, packet->record, packet->fds, packet->fd_count) ==
	    0)
		return 0;
	if (errno == EPIPE && c->count > 0) {
		pool_leave(p, c);
		errno = EAGAIN;
	}
	return -1;
}

int
pool_send(struct pool *p, struct connection *c, const struct packet *packet,
    const struct job *jobs, size_t count)
{
	if (packet_put(p, c, packet) < 0)
		return -1;
	if (c->count + count > c->room) {
		c->room = 2 * c->room + count;
		c->jobs = mem_resize(c->jobs, c->room, sizeof *c->jobs);
	}
	if (c->count == 0)
		c->oldest_ms = clock_mono_ms();
	for (size_t i = 0; i < count; i++) {
		c->jobs[c->count] = jobs[i];
		c->jobs[c->count].notes = packet->notes;
		c->jobs[c->count++].n = ++*p->number;
	}
	p->outstanding += count;
	c->notes = packet->notes;
	return 0;
}

uint64_t
pool_notes(const struct pool *p)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < p->count; i++) {
		const struct connection *c = p->connections[i];

		for (size_t k = 0; k < c->count; k++)
			if (c->jobs[k].notes < least)
				least = c->jobs[k].notes;
	}
	return least;
}

int
connection_receive(struct connection *c, struct str *text)
{
	char *to;
	ssize_t n;

	str_clear(text);
	to = str_reserve(text, PACKET_MAX);
	n = recv(c->fd, to, PACKET_MAX, MSG_DONTWAIT);
	/* It ended with unread jobs. Its answers can still be read. */
	if (n < 0 && errno == ECONNRESET)
		n = recv(c->fd, to, PACKET_MAX, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	text->len = (size_t)n;
	return 1;
}

const struct job *
pool_job(const struct connection *c, uint64_t n)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->jobs[i].n == n)
			return &c->jobs[i];
	return NULL;
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
	p->leaving -= c->leaving;
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

static int
job_compare(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return x->n < y->n ? -1 : x->n > y->n;
}

size_t
pool_end(struct pool *p, struct connection *c, struct job **jobs_r)
{
	size_t n = c->count;

	*jobs_r = c->jobs;
	if (n > 1)
		qsort(c->jobs, n, sizeof *c->jobs, job_compare);
	p->outstanding -= n;
	connection_end(p, c);
	p->seen = true;
	p->missed_ms = clock_mono_ms();
	p->retry_ms = p->missed_ms + RETRY_MS / 10;
	return n;
}
