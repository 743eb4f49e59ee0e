#include "dial.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/sock.h"

bool
dead_has(const struct dead_list *d, const char *ip, uint16_t port)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < DEAD_MAX; i++)
		if (d->all[i].until > now && d->all[i].port == port &&
		    strcmp(d->all[i].ip, ip) == 0)
			return true;
	return false;
}

void
dead_add(struct dead_list *d, const char *ip, uint16_t port)
{
	struct dead *at = &d->all[d->next];

	d->next = (d->next + 1) % DEAD_MAX;
	snprintf(at->ip, sizeof at->ip, "%s", ip);
	at->port = port;
	at->until = clock_mono_ms() + DEAD_MS;
}

/* Attempts in progress: polls[i] is for addresses[i]. */
struct tries {
	const struct dial *dial;
	struct pollfd polls[DIAL_MAX];
	size_t begun, open;
	int error;
};

static socklen_t
address_len(const struct sockaddr_storage *at)
{
	return at->ss_family == AF_INET ? sizeof(struct sockaddr_in)
					: sizeof(struct sockaddr_in6);
}

/* Start the next one. True: it is connected already. */
static bool
try_begin(struct tries *t)
{
	struct sockaddr_storage at = t->dial->addresses[t->begun].at;
	struct pollfd *p = &t->polls[t->begun++];
	int one = 1;

	if (at.ss_family == AF_INET)
		((struct sockaddr_in *)&at)->sin_port = htons(t->dial->port);
	else
		((struct sockaddr_in6 *)&at)->sin6_port = htons(t->dial->port);
	*p = (struct pollfd){ .fd = socket(at.ss_family,
				  SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
				  0),
		.events = POLLOUT };
	if (p->fd < 0) {
		t->error = errno;
		return false;
	}
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(p->fd, (struct sockaddr *)&at, address_len(&at)) == 0)
		return true;
	if (errno == EINPROGRESS) {
		t->open++;
		return false;
	}
	t->error = errno;
	close(p->fd);
	p->fd = -1;
	return false;
}

/* Handle one that poll(2) reported. */
static bool
try_look(struct tries *t, size_t i)
{
	int error = 0;
	socklen_t len = sizeof error;

	getsockopt(t->polls[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	t->open--;
	if (error == 0)
		return true;
	t->error = error;
	close(t->polls[i].fd);
	t->polls[i].fd = -1;
	return false;
}

/* Wait until one is connected (its number), or until then (-1). */
static int
tries_wait(struct tries *t, int64_t until)
{
	while (t->open > 0) {
		int64_t left = until - clock_mono_ms();
		int n;

		if (left <= 0)
			return -1;
		n = poll(t->polls, t->begun, (int)left);
		for (size_t i = 0; n > 0 && i < t->begun; i++)
			if (t->polls[i].fd >= 0 && t->polls[i].revents != 0 &&
			    try_look(t, i))
				return (int)i;
	}
	return -1;
}

/* Close all but the winner; those that neither answered nor refused are slow
 * or dead. */
static void
tries_end(struct tries *t, int winner, struct dead_list *dead)
{
	for (size_t i = 0; i < t->begun; i++) {
		if (t->polls[i].fd < 0 || (int)i == winner)
			continue;
		dead_add(dead, t->dial->addresses[i].text, t->dial->port);
		close(t->polls[i].fd);
	}
}

int
dial_run(
    const struct dial *d, struct dead_list *dead, const struct dns_address **r)
{
	struct tries t = { .dial = d, .error = ETIMEDOUT };
	int64_t end = clock_mono_ms() + d->wait_ms;
	size_t count = d->count < DIAL_MAX ? d->count : DIAL_MAX;
	int winner = -1;

	while (winner < 0 && t.begun < count && clock_mono_ms() < end) {
		int64_t until = clock_mono_ms() + DIAL_STEP_MS;

		if (try_begin(&t))
			winner = (int)t.begun - 1;
		else
			winner = tries_wait(
			    &t, t.begun == count || until > end ? end : until);
	}
	if (t.open > 0)
		t.error = ETIMEDOUT;
	tries_end(&t, winner, dead);
	errno = t.error;
	if (winner < 0)
		return -1;
	*r = &d->addresses[winner];
	return t.polls[winner].fd;
}

int
dial_unix(struct span path)
{
	char *name = mem_text(path);
	int fd = sock_connect_unix(name, SOCK_STREAM, DIAL_WAIT_MS);

	free(name);
	return fd;
}
