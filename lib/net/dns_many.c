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
	AT_ONCE = 64, /* sockets */
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

/* Start what is open, as far as there is room; how many are in the air. */
static size_t
flights_fill(struct many *m, size_t *next, struct pollfd p[AT_ONCE])
{
	size_t flying = 0;

	for (size_t i = 0; i < AT_ONCE; i++) {
		struct flight *f = &m->flights[i];

		while (f->fd < 0 && *next < m->count) {
			if (m->states[*next] == STATE_OPEN)
				flight_start(m, *next, f);
			++*next;
		}
		flying += f->fd >= 0;
		p[i] = (struct pollfd){ f->fd, POLLIN, 0 };
	}
	return flying;
}

/* Each that is open, by a packet; wait until all have landed, or until then. */
static void
all_fly(struct many *m, int64_t until)
{
	struct pollfd p[AT_ONCE];
	int64_t left;
	size_t next = 0;

	for (size_t i = 0; i < AT_ONCE; i++)
		m->flights[i].fd = -1;
	while (flights_fill(m, &next, p) > 0 &&
	    (left = until - clock_mono_ms()) > 0) {
		int n = poll(p, AT_ONCE, (int)left);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			break;
		for (size_t i = 0; n > 0 && i < AT_ONCE; i++)
			if (p[i].revents != 0)
				flight_land(m, &m->flights[i]);
	}
	for (size_t i = 0; i < AT_ONCE; i++)
		if (m->flights[i].fd >= 0)
			close(m->flights[i].fd);
}

/* Those that a packet is not enough for, each in half of the time left at
 * most. */
static void
alone_ask(struct many *m, int64_t deadline)
{
	for (size_t i = 0; i < m->count; i++) {
		int64_t now = clock_mono_ms();

		if (m->states[i] != STATE_ALONE)
			continue;
		dns_ask_until(m->dns, &m->questions[i],
		    now + (deadline - now) / 2, m->arena, &m->answers[i]);
		m->states[i] = STATE_DONE;
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
		alone_ask(m, deadline);
	}
	free(m->states);
	free(m);
}
