/* Jobs on a packet socket, answers back. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "os/sock.h"
#include "worker.h"

/* Take every job that waits, up to max; -1: the peer closed. */
static int
jobs_take(int sock, struct job **jobs, int max)
{
	struct str record = STR_INIT;
	int n = 0, r = 1;

	while (n < max && r > 0) {
		int fds[FDS_MAX];
		size_t count = 0;

		r = sock_receive(sock, MSG_DONTWAIT, &record, fds, &count);
		if (r <= 0)
			break;
		jobs[n] = job_new();
		if (count > 0)
			jobs[n]->fd = fds[0];
		for (size_t i = 1; i < count; i++)
			close(fds[i]);
		job_parse(jobs[n++], str_span(&record));
	}
	str_free(&record);
	if (n > 0 || (r < 0 && (errno == EAGAIN || errno == EINTR)))
		return n;
	return -1;
}

/* Tell and forget; false: nobody listens any more. */
static bool
job_finish(int sock, struct job *j)
{
	struct str record = STR_INIT;
	bool ok;

	job_log(j);
	job_answer(j, &record);
	ok = sock_send(sock, str_span(&record), NULL, 0) == 0;
	str_free(&record);
	job_free(j);
	return ok;
}

static bool
jobs_do(struct worker *w, int sock, struct job **jobs, size_t n)
{
	bool ok = true;

	worker_deliver(w, jobs, n);
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->waiting == 0)
			ok &= job_finish(sock, jobs[i]);
	return ok;
}

/* users.cdb names a place, command or uid now that we were not started for, or
 * the runner has died: end, and the next worker will have it. */
static bool
is_outdated(struct worker *w)
{
	struct str places = STR_INIT;
	bool outdated;

	users_places(&w->users, &places);
	outdated = (!w->as_root &&
		       !span_equal(str_span(&places), str_span(&w->places))) ||
	    w->runner_gone ||
	    (w->runner < 0 && users_have(&w->users, "pipes")) ||
	    (geteuid() == 0 && w->as_root != users_have(&w->users, "uids"));
	str_free(&places);
	return outdated;
}

int
worker_serve(struct worker *w, int sock)
{
	struct job *jobs[BATCH_MAX];
	struct pollfd p[2] = { { sock, POLLIN, 0 }, { w->runner, POLLIN, 0 } };
	bool ok = true;

	while (ok && (w->waiting != NULL || !is_outdated(w))) {
		int n = 0;

		if (poll(p, w->waiting == NULL ? 1 : 2, -1) < 0)
			continue;
		if (p[0].revents != 0)
			n = jobs_take(sock, jobs, BATCH_MAX);
		if (n < 0)
			break;
		if (n > 0)
			ok = jobs_do(w, sock, jobs, (size_t)n);
		if (w->waiting != NULL && p[1].revents != 0) {
			struct job *j = worker_result(w);

			ok &= j == NULL || job_finish(sock, j);
		}
		p[1].revents = 0;
	}
	return DONE;
}
