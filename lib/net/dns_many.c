/* Many questions at once: one packet each to a server, while all their answers
 * are awaited together; those without go to the next server. Where a packet is
 * not enough (a truncated answer, a CNAME without its target, a server without
 * EDNS), dns_ask_until() asks in the time that is left. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/dns_inside.h"

enum {
	AT_ONCE = 32, /* sockets */
	ATTEMPTS = 3, /* at least; each server is tried twice */
};

enum state { STATE_OPEN, STATE_DONE, STATE_ALONE };

struct flight {
	struct dns_query query;
	size_t number; /* of its question */
	int fd;        /* -1: over */
};

/* One call of dns_ask_many(). */
struct many {
	struct dns *dns;
	const struct dns_question *questions;
	size_t count;
	struct arena *arena;
	struct dns_answer *answers;
	enum state *states;
	size_t server;
	struct flight flights[AT_ONCE];
};

bool
dns_is_off(const struct dns *d)
{
	return d->off;
}

static void
flight_start(struct many *m, size_t number, struct flight *f)
{
	const struct dns_server *server = &m->dns->listed.servers[m->server];

	f->number = number;
	f->fd = -1;
	if (dns_query_make(&f->query, &m->questions[number], true))
		f->fd = dns_server_connect(server, SOCK_DGRAM);
	if (f->fd >= 0 &&
	    send(f->fd, f->query.at + DNS_LENGTH, f->query.len, MSG_NOSIGNAL) !=
		(ssize_t)f->query.len) {
		close(f->fd);
		f->fd = -1;
	}
}

static void
answer_take(struct many *m, size_t number, struct span packet)
{
	const struct dns_question *q = &m->questions[number];
	struct dns_answer *answer = &m->answers[number];

	dns_parse(packet, q->name, q->type, m->arena, answer);
	answer->secure = answer->secure && m->dns->listed.trusted;
	m->states[number] = answer->result == DNS_EMPTY && answer->chased
	    ? STATE_ALONE
	    : STATE_DONE;
	m->dns->listed.best = m->server;
}

/* Read what has come; closes it unless it is to wait on. */
static void
flight_land(struct many *m, struct flight *f)
{
	struct dns *d = m->dns;
	ssize_t n = recv(f->fd, d->packet, sizeof d->packet, 0);
	struct span packet = { (const char *)d->packet, n > 0 ? (size_t)n : 0 };
	enum dns_sent kind = DNS_SENT_FAILED;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n >= 0)
		kind = dns_packet_judge(packet, &f->query);
	if (kind == DNS_SENT_SILENT)
		return;
	close(f->fd);
	f->fd = -1;
	if (kind == DNS_SENT_GOOD)
		answer_take(m, f->number, packet);
	else if (kind == DNS_SENT_TRUNCATED || kind == DNS_SENT_PLAIN)
		m->states[f->number] = STATE_ALONE;
}

/* Wait for all that are in the air. */
static void
flights_await(struct many *m, size_t count, int64_t until)
{
	for (;;) {
		struct pollfd p[AT_ONCE];
		int64_t left = until - clock_mono_ms();
		size_t open = 0;

		for (size_t i = 0; i < count; i++) {
			p[i] = (struct pollfd){ m->flights[i].fd, POLLIN, 0 };
			open += m->flights[i].fd >= 0;
		}
		if (open == 0 || left <= 0)
			return;
		if (poll(p, count, (int)left) < 0) {
			if (errno != EINTR && errno != EAGAIN)
				return;
			continue;
		}
		for (size_t i = 0; i < count; i++)
			if (p[i].revents != 0)
				flight_land(m, &m->flights[i]);
	}
}

/* Each that is open, by a packet. */
static void
all_fly(struct many *m, int64_t until)
{
	size_t next = 0, n;

	while (next < m->count && clock_mono_ms() < until) {
		for (n = 0; n < AT_ONCE && next < m->count; next++)
			if (m->states[next] == STATE_OPEN)
				flight_start(m, next, &m->flights[n++]);
		flights_await(m, n, until);
		for (size_t i = 0; i < n; i++)
			if (m->flights[i].fd >= 0)
				close(m->flights[i].fd);
	}
}

/* What needs no question. */
static void
state_begin(struct many *m, size_t i)
{
	struct dns_answer *answer = &m->answers[i];

	*answer = (struct dns_answer){ .result = DNS_LATER,
		.name = m->questions[i].name };
	m->states[i] = STATE_DONE;
	if (m->dns->off)
		answer->result = DNS_OFF;
	else if (!dns_can_ask(m->questions[i].name))
		answer->result = DNS_GONE;
	else
		m->states[i] = STATE_OPEN;
}

void
dns_ask_many(struct dns *d, const struct dns_question *questions, size_t count,
    int64_t deadline, struct arena *a, struct dns_answer *answers_r)
{
	struct many *m = mem_new(sizeof *m);
	const struct dns_group *g = &d->listed;
	size_t attempts = 2 * g->count > ATTEMPTS ? 2 * g->count : ATTEMPTS;
	size_t first = g->best;

	*m = (struct many){ .dns = d,
		.questions = questions,
		.count = count,
		.arena = a,
		.answers = answers_r,
		.states = mem_new((count + 1) * sizeof *m->states) };
	for (size_t i = 0; i < count; i++)
		state_begin(m, i);
	for (size_t i = 0; i < attempts && g->count > 0; i++) {
		int64_t now = clock_mono_ms();

		m->server = (first + i) % g->count;
		all_fly(m, now + (deadline - now) / (int64_t)(attempts - i));
	}
	for (size_t i = 0; i < count; i++)
		if (m->states[i] == STATE_ALONE)
			dns_ask_until(
			    d, &questions[i], deadline, a, &answers_r[i]);
	free(m->states);
	free(m);
}
