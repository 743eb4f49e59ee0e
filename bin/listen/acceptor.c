/* The acceptor: the process exposed to the network, which only accepts, counts
 * and logs. */
#include "acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/sock.h"

enum { ACCEPT_AT_ONCE = 64, PAUSE_MS = 50 };

static bool
end_take(const struct sockaddr_storage *s, struct in6_addr *a, uint16_t *port)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)s;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;

	*a = (struct in6_addr){ 0 };
	if (s->ss_family == AF_INET) {
		a->s6_addr[10] = a->s6_addr[11] = 0xff;
		memcpy(&a->s6_addr[12], &v4->sin_addr, 4);
		*port = ntohs(v4->sin_port);
	} else {
		*a = v6->sin6_addr;
		*port = ntohs(v6->sin6_port); /* NOLINT: by accept4(2) */
	}
	return s->ss_family == AF_INET || s->ss_family == AF_INET6;
}

static uid_t
peer_uid(int fd)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof peer;

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	return peer.uid;
}

/* One connection; false when there is none. */
static bool
accept_one(struct acceptor *a, const struct listener *l)
{
	struct sockaddr_storage s = { 0 };
	socklen_t len = sizeof s;
	struct ends e = { .local = l->local };
	int fd = accept4(l->fd, (struct sockaddr *)&s, &len, SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			poll(NULL, 0, PAUSE_MS);
		return errno == EINTR || errno == ECONNABORTED;
	}
	if (e.local) {
		e.uid = peer_uid(fd);
	} else {
		end_take(&s, &e.remote, &e.remote_port);
		len = sizeof s;
		if (getsockname(fd, (struct sockaddr *)&s, &len) == 0)
			end_take(&s, &e.own, &e.own_port);
	}
	if (!e.local &&
	    networks_hold(
		a->options->balancers, a->options->balancer_count, &e.remote))
		waiting_add(a, fd, l, &e);
	else
		connection_admit(a, fd, l, &e);
	return true;
}

static void
signals_take(struct acceptor *a)
{
	struct signalfd_siginfo s;

	if (read(a->signals, &s, sizeof s) != sizeof s || a->closing)
		return;
	a->closing = true;
	for (size_t i = 0; i < a->listener_count; i++)
		close(a->listeners[i].fd);
}

static void
channel_take(struct acceptor *a)
{
	int fds[FDS_MAX], r;
	size_t count;

	while ((r = sock_receive(
		    a->channel, MSG_DONTWAIT, &a->packet, fds, &count)) > 0) {
		connection_ended(a, str_span(&a->packet));
		while (count > 0)
			close(fds[--count]);
	}
	if (r == 0) /* the parent is gone */
		exit(TEMP);
}

/* The descriptors for poll(2): signals, channel, listeners, waiting
 * connections. */
enum { POLL_SIGNALS, POLL_CHANNEL, POLL_FIXED };
struct asked {
	struct pollfd at[POLL_FIXED + LISTENERS_MAX + WAITING_MAX];
	size_t listeners, waiting, count;
};

static void
ask(const struct acceptor *a, struct asked *q)
{
	q->at[POLL_SIGNALS] = (struct pollfd){ .fd = a->signals,
		.events = POLLIN };
	q->at[POLL_CHANNEL] = (struct pollfd){ .fd = a->channel,
		.events = a->held >= 0 ? POLLIN | POLLOUT : POLLIN };
	q->count = POLL_FIXED;
	q->listeners = a->closing || a->held >= 0 ? 0 : a->listener_count;
	q->waiting = a->held >= 0 ? 0 : a->waiting_count;
	for (size_t i = 0; i < q->listeners; i++)
		q->at[q->count++] = (struct pollfd){ .fd = a->listeners[i].fd,
			.events = POLLIN };
	for (size_t i = 0; i < q->waiting; i++)
		q->at[q->count++] = (struct pollfd){ .fd = a->waiting[i]->fd,
			.events = POLLIN };
}

static void
serve_asked(struct acceptor *a, const struct asked *q)
{
	if (q->at[POLL_CHANNEL].revents & (POLLIN | POLLHUP | POLLERR))
		channel_take(a);
	if (a->held >= 0 && q->at[POLL_CHANNEL].revents & POLLOUT)
		connection_hand_over(a);
	/* From the end, since a finished one is replaced by the last. */
	for (size_t i = q->waiting; i-- > 0 && a->held < 0;)
		if (q->at[POLL_FIXED + q->listeners + i].revents != 0)
			waiting_read(a, i);
	for (size_t i = 0; i < q->listeners; i++)
		if (q->at[POLL_FIXED + i].revents != 0)
			for (int n = 0; n < ACCEPT_AT_ONCE && a->held < 0; n++)
				if (!accept_one(a, &a->listeners[i]))
					break;
	if (q->at[POLL_SIGNALS].revents != 0)
		signals_take(a);
}

static void
prepare(struct acceptor *a)
{
	sigset_t set;

	/* End with the parent. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_SETMASK, &set, NULL);
	a->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (a->signals < 0)
		die(TEMP, "signalfd");
	for (size_t i = 0; i < a->listener_count; i++)
		fcntl(a->listeners[i].fd, F_SETFL, O_NONBLOCK);
	fcntl(a->channel, F_SETFL, O_NONBLOCK);
	table_init(&a->table, a->options->total);
	proc_limit(&(struct proc_limits){ .memory = 256 << 20,
	    .files = POLL_FIXED + LISTENERS_MAX + WAITING_MAX + 64,
	    .no_fork = true });
	sandbox_paths(NULL, 0);
	sandbox_calls(CALLS_SOCKET | CALLS_ACCEPT);
}

_Noreturn void
acceptor_run(const struct options *o, const struct listener *listeners,
    size_t count, int channel)
{
	struct acceptor a = { .options = o,
		.listeners = listeners,
		.listener_count = count,
		.channel = channel,
		.held = -1,
		.packet = STR_INIT };
	struct asked q;

	prepare(&a);
	while (!a.closing || a.table.count > 0 || a.waiting_count > 0) {
		ask(&a, &q);
		if (poll(q.at, q.count, a.waiting_count > 0 ? 1000 : -1) < 0 &&
		    errno != EINTR)
			die(TEMP, "poll");
		serve_asked(&a, &q);
		if (a.waiting_count > 0)
			waiting_expire(&a, clock_mono_ms());
	}
	exit(DONE);
}
