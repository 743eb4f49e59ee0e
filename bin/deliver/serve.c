/* Jobs on a packet socket; notes and answers back. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "os/proc.h"
#include "os/sock.h"
#include "resolve.h"
#include "spool/jobs.h"
#include "spool/note.h"
#include "worker.h"

struct server {
	struct worker *w;
	int sock;
	int notes;     /* of queue-run's; -1: none */
	int signals;   /* readable: SIGTERM came */
	bool ending;   /* take no more jobs */
	bool outdated; /* users.cdb has what we were not started for */
	struct str packet, lines;
};

/* A packet's descriptors: the spool file, and a new file of notes. */
static void
descriptors_take(struct server *s, struct job *j, const int *fds, size_t count)
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

/* Take all waiting jobs, up to max; -1: the peer closed. */
static int
jobs_take(struct server *s, struct job **jobs, int max)
{
	int n = 0, r = 1;

	while (n < max && r > 0) {
		int fds[FDS_MAX];
		size_t count = 0;

		r = sock_receive(
		    s->sock, MSG_DONTWAIT, &s->packet, fds, &count);
		if (r <= 0)
			break;
		jobs[n] = job_new();
		descriptors_take(s, jobs[n], fds, count);
		job_parse(jobs[n++], str_span(&s->packet));
	}
	if (n > 0 || (r < 0 && (errno == EAGAIN || errno == EINTR)))
		return n;
	return -1;
}

static void
packet_send(struct server *s)
{
	if (s->packet.len > 0 &&
	    sock_send(s->sock, str_span(&s->packet), NULL, 0) < 0)
		s->ending = true;
	str_clear(&s->packet);
}

/* An expansion is not noted: the queue must know the places first, or none
 * would get the message. */
static void
note_append(struct server *s, const struct job *j)
{
	const struct result r = { .index = j->index,
		.verdict = j->verdict,
		.status = span_text(j->status),
		.text = str_span(&j->text) };

	if (!j->expanded && j->verdict != TEMP && j->token.len > 0)
		note_write(&s->lines, j->id, j->token, &r);
}

/* A job that failed may need what only the next worker has: that one gets it,
 * because we end without an answer. */
static void
job_tell(struct server *s, const struct job *j)
{
	if (s->outdated && j->verdict == TEMP) {
		s->ending = true;
		return;
	}
	job_log(j);
	job_answer(j, &s->packet);
	packet_send(s);
}

/* Finished jobs: note them together, close their messages, answer, free. */
static void
jobs_finish(struct server *s, struct job *const *jobs, size_t n)
{
	str_clear(&s->lines);
	for (size_t i = 0; i < n; i++)
		note_append(s, jobs[i]);
	if (s->lines.len > 0)
		note_add(s->notes, str_span(&s->lines));
	for (size_t i = 0; i < n; i++) {
		job_close(jobs[i]);
		job_tell(s, jobs[i]);
		job_free(jobs[i]);
	}
}

static void
bad_log(const struct job *j, const struct place *p)
{
	struct logline l;

	log_start(&l, "failed");
	log_span(&l, "id", j->id);
	log_span(&l, "to", p->to);
	log_span(&l, "for", j->wanted);
	log_span(&l, "list", p->list);
	log_number(&l, "verdict", PLACE_BAD_VERDICT);
	log_text(&l, "status", place_bad_status);
	log_text(&l, "text", place_bad_text);
	log_write(&l);
}

/* Add a place as a line to the packet, while it has room. False: too long for
 * any packet. */
static bool
place_tell(struct server *s, const struct job *j, const struct place *p)
{
	str_clear(&s->lines);
	place_write(p, j->n, &s->lines);
	if (s->lines.len > PACKET_MAX)
		return false;
	if (s->packet.len + 1 + s->lines.len > PACKET_MAX)
		packet_send(s);
	if (s->packet.len > 0)
		str_add_byte(&s->packet, '\n');
	str_add(&s->packet, str_span(&s->lines));
	if (p->kind == PLACE_BAD)
		bad_log(j, p);
	return true;
}

/* It needs no disk, so it is answered at once; reported places are valid only
 * if the answer has their number. */
static void
job_expand(struct server *s, struct job *j)
{
	struct worker *w = s->w;
	struct places places = { .memory = ARENA_INIT };

	str_clear(&s->packet);
	if (message_load(&w->message, j) &&
	    expand(&w->users, w->etc, j, &places))
		for (const struct place *p = places.first; p != NULL;
		     p = p->next)
			if (!place_tell(s, j, p)) {
				j->expanded = false;
				job_result(j, TEMP, "4.3.5", p->to,
				    "its command is too long");
				break;
			}
	packet_send(s);
	places_free(&places);
	jobs_finish(s, &j, 1);
}

/* Mailboxes first, and noted: an mbox may be locked for long, and a user who
 * moves a copy meanwhile must not get another one if we die. */
static void
jobs_deliver(struct server *s, struct job **jobs, size_t n)
{
	struct job *finished[BATCH_MAX] = { NULL };
	size_t done = 0, left = 0;

	worker_mailboxes(s->w, jobs, n);
	for (size_t i = 0; i < n; i++)
		if (worker_leaves(jobs[i]))
			jobs[left++] = jobs[i];
		else
			finished[done++] = jobs[i];
	jobs_finish(s, finished, done);
	done = 0;
	for (size_t i = 0; i < left; i++) {
		worker_other(s->w, jobs[i]);
		if (!jobs[i]->waiting)
			finished[done++] = jobs[i];
	}
	jobs_finish(s, finished, done);
}

/* users.cdb now has a place, command or uid that our sandbox lacks, or the
 * runner has died: end, and let the next worker handle it. */
static bool
is_outdated(struct worker *w)
{
	struct str outside = STR_INIT;
	bool outdated;

	users_places(&w->users, &outside);
	outdated = (!w->as_root &&
		       !span_equal(
			   str_span(&outside), str_span(&w->outside))) ||
	    w->runner_gone ||
	    (w->runner < 0 && users_have(&w->users, "pipes")) ||
	    (geteuid() == 0 && w->as_root != users_have(&w->users, "uids"));
	str_free(&outside);
	return outdated;
}

static void
jobs_do(struct server *s, struct job **jobs, size_t n)
{
	size_t kept = 0;

	users_refresh(&s->w->users);
	s->outdated = is_outdated(s->w);
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->verdict == DONE && resolve(&s->w->users, jobs[i]))
			job_expand(s, jobs[i]);
		else
			jobs[kept++] = jobs[i];
	jobs_deliver(s, jobs, kept);
}

/* A result from the runner, or its end: command-run may be restarted at any
 * time, and the next worker connects to the new one. */
static void
runner_hear(struct server *s)
{
	struct job *j = worker_result(s->w);

	if (j != NULL)
		jobs_finish(s, &j, 1);
}

/* Wait for jobs (unless ending), commands and SIGTERM. */
static void
server_turn(struct server *s)
{
	struct worker *w = s->w;
	struct job *jobs[BATCH_MAX];
	struct pollfd p[] = { { s->ending ? -1 : s->signals, POLLIN, 0 },
		{ s->ending ? -1 : s->sock, POLLIN, 0 },
		{ w->runner_gone && w->waiting == NULL ? -1 : w->runner, POLLIN,
		    0 } };
	int n = 0;

	if (poll(p, COUNT(p), -1) < 0)
		return;
	s->ending |= p[0].revents != 0;
	if (p[2].revents != 0)
		runner_hear(s);
	if (w->runner_gone && w->waiting == NULL)
		return;
	if (p[1].revents != 0 && !s->ending)
		n = jobs_take(s, jobs, BATCH_MAX);
	s->ending |= n < 0;
	if (n > 0)
		jobs_do(s, jobs, (size_t)n);
}

int
serve_jobs(struct worker *w, int sock)
{
	struct server s = { .w = w,
		.sock = sock,
		.notes = -1,
		.signals = proc_term(),
		.packet = STR_INIT,
		.lines = STR_INIT };

	str_reserve(&s.packet, PACKET_MAX);
	worker_sandbox(w);
	while (!s.ending && (w->waiting != NULL || !is_outdated(w)))
		server_turn(&s);
	/* Finish and note the current jobs, even if no one waits for the
	 * answers. */
	s.ending = true;
	jobs_refuse(sock);
	while (w->waiting != NULL)
		server_turn(&s);
	if (s.notes >= 0)
		close(s.notes);
	close(s.signals);
	str_free(&s.packet);
	str_free(&s.lines);
	return DONE;
}
