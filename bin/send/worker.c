#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "notes.h"
#include "os/sock.h"
#include "sender.h"
#include "spool/jobs.h"
#include "spool/spool.h"

enum {
	IDLE_MS = 5000,     /* a connection is kept after its last job */
	ANSWER_MAX = 32768, /* bytes in a packet of answers */
};

/* 1: a job waits. 0: none came within IDLE_MS. -1: the worker must end. */
static int
job_wait(struct sender *s)
{
	struct pollfd p[] = { { .fd = 0, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->ending, .events = POLLIN },
		{ .fd = s->conn.fd, .events = POLLIN } };
	int64_t end = clock_mono_ms() + IDLE_MS;

	for (;;) {
		int64_t left = end - clock_mono_ms();
		int n = poll(p, COUNT(p),
		    s->conn.fd < 0 ? -1
			: left > 0 ? (int)left
				   : 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && (p[1].revents != 0 || p[2].revents != 0))
			return -1;
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

/* False: queue-run is gone; the next one will retry. */
static bool
answers_send(struct sender *s, const struct job *j)
{
	struct str packet = STR_INIT;
	bool ok = true;

	for (size_t i = 0; ok && i < j->count; i++) {
		job_answer(&j->to[i], &packet);
		/* What is this host's own goes on, and has not failed. */
		if (!j->to[i].result.self)
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
answers_note(const struct sender *s, const struct job *j)
{
	struct str lines = STR_INIT;

	for (size_t i = 0; s->notes >= 0 && i < j->count; i++) {
		const struct job_recipient *t = &j->to[i];
		const struct result *r = &t->result;

		if (r->self) /* no result yet */
			continue;
		notes_append(&lines,
		    &(struct note){ .id = j->id,
			.token = t->token,
			.index = t->index,
			.verdict = r->verdict,
			.status = span_text(r->status),
			.host = r->host,
			.text = r->text,
			.reply = r->reply,
			.dsn = r->dsn,
			.action = r->action });
	}
	notes_write(s->notes, str_span(&lines));
	str_free(&lines);
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

		result_set(
		    &r, &j->memory, TEMP, "4.3.5", "malformed job for send");
		job_result(j, &r);
	} else if (j->fd < 0 || spool_check(j->fd, &m, &why) != SPOOL_WHOLE) {
		spool_failed(j, why);
	} else if (message_open(&j->message, j->fd, m.header, m.size, j->via) <
	    0) {
		spool_failed(j, strerror(errno));
	} else {
		attempt_run(s, j);
	}
}

/* A packet's descriptors: the spool file, and a new file of notes. */
static void
descriptors_take(struct sender *s, struct job *j, const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i == 0) {
			j->fd = fds[i];
		} else if (i == 1) {
			if (s->notes >= 0)
				close(s->notes);
			s->notes = fds[i];
		} else {
			close(fds[i]);
		}
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
	proc_cpu_renew(&s->cpu, s->limits.cpu_time);
	j = job_new();
	descriptors_take(s, j, fds, count);
	job_do(s, j, str_span(packet));
	answers_note(s, j);
	job_close(j);
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
		int r = job_wait(s);

		if (r == 0)
			conn_quit(&s->conn);
		else
			more = r > 0 && job_take(s, &packet);
	}
	jobs_refuse(0);
	conn_quit(&s->conn);
	str_free(&packet);
	return DONE;
}
