#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "os/sock.h"
#include "sender.h"
#include "spool/spool.h"

enum {
	IDLE_MS = 5000,     /* a connection is kept after its last job */
	ANSWER_MAX = 32768, /* bytes in a packet of answers */
};

/* 1: a job waits. 0: none came while the connection was worth keeping. */
static int
job_wait(struct sender *s)
{
	struct pollfd p[2] = { { .fd = 0, .events = POLLIN },
		{ .fd = s->conn.fd, .events = POLLIN } };
	int64_t end = clock_mono_ms() + IDLE_MS;

	for (;;) {
		int64_t left = end - clock_mono_ms();
		int n = poll(p, s->conn.fd < 0 ? 1 : 2,
		    s->conn.fd < 0 ? -1
			: left > 0 ? (int)left
				   : 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && p[0].revents != 0)
			return 1;
		return 0;
	}
}

static bool
send_packet(struct str *packet)
{
	bool ok = packet->len == 0 ||
	    sock_send(0, str_span(packet), NULL, 0) == 0;

	str_clear(packet);
	return ok;
}

/* False: queue-run is gone; it will have somebody else do it again. */
static bool
answers_send(struct sender *s, const struct job *j)
{
	struct str packet = STR_INIT;
	bool ok = true;

	for (size_t i = 0; ok && i < j->count; i++) {
		job_answer(&j->to[i], &packet);
		job_log(j, &j->to[i]);
		if (packet.len > ANSWER_MAX)
			ok = send_packet(&packet);
	}
	if (packet.len + s->sessions.len > PACKET_MAX - 1)
		ok = ok && send_packet(&packet);
	if (s->sessions.len < PACKET_MAX)
		str_add(&packet, str_span(&s->sessions));
	str_clear(&s->sessions);
	ok = ok && send_packet(&packet);
	str_free(&packet);
	return ok;
}

static void
spool_failed(struct job *j, const char *why)
{
	struct result r = { 0 };

	result_set(&r, &j->memory, TEMP, "4.3.0", "spool file: %s", why);
	job_result(j, &r);
}

static void
job_do(struct sender *s, struct job *j, struct span packet)
{
	struct spool_message m;
	const char *why = "not there";

	if (!job_parse(j, packet)) {
		struct result r = { 0 };

		result_set(&r, &j->memory, TEMP, "4.3.5",
		    "the job makes no sense to send");
		job_result(j, &r);
	} else if (j->fd < 0 || spool_check(j->fd, &m, &why) != SPOOL_WHOLE) {
		spool_failed(j, why);
	} else if (message_open(&j->message, j->fd, m.header, m.size) < 0) {
		spool_failed(j, strerror(errno));
	} else {
		attempt_run(s, j);
	}
}

/* One packet. False: the end. */
static bool
job_take(struct sender *s, struct str *packet)
{
	int fds[FDS_MAX];
	size_t count = 0;
	struct job *j;
	bool ok;

	if (sock_receive(0, 0, packet, fds, &count) <= 0)
		return false;
	j = job_new();
	for (size_t i = 0; i < count; i++)
		if (i == 0)
			j->fd = fds[i];
		else
			close(fds[i]);
	job_do(s, j, str_span(packet));
	ok = answers_send(s, j);
	job_free(j);
	return ok;
}

int
worker_run(struct sender *s)
{
	struct str packet = STR_INIT;
	bool more = true;

	str_reserve(&packet, PACKET_MAX);
	while (more) {
		if (job_wait(s) == 0)
			conn_quit(&s->conn);
		else
			more = job_take(s, &packet);
	}
	conn_quit(&s->conn);
	str_free(&packet);
	return DONE;
}
