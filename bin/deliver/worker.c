#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/record.h"
#include "forward.h"
#include "mbox.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "pipe.h"
#include "resolve.h"

enum { PATHS_MAX = 128, FILES = 1024, MEMORY = 1 << 30 };

void
worker_init(struct worker *w)
{
	*w = (struct worker){ .etc = conf_open(),
		.places = STR_INIT,
		.runner = -1,
		.as_root = geteuid() == 0 };
	conf_limits(w->etc, &w->limits, NULL, NULL);
	users_open(&w->users, w->etc);
	users_places(&w->users, &w->places);
	w->as_root = geteuid() == 0 && users_have(&w->users, "uids");
	if (geteuid() == 0 && !w->as_root)
		owner_start();
	batch_init(&w->batch);
	message_init(&w->message);
}

void
worker_free(struct worker *w)
{
	batch_free(&w->batch);
	message_free(&w->message);
	users_close(&w->users);
	str_free(&w->places);
	if (w->has_spool)
		spool_close(&w->spool);
	if (w->runner >= 0)
		close(w->runner);
	if (w->etc >= 0)
		close(w->etc);
}

void
worker_sandbox(struct worker *w)
{
	struct sandbox_path paths[PATHS_MAX] = {
		{ dir_mail(), SANDBOX_READ | SANDBOX_WRITE },
		{ dir_spool(), SANDBOX_READ | SANDBOX_WRITE },
		{ dir_etc(), SANDBOX_READ },
		{ "/proc/sys/kernel/random/boot_id", SANDBOX_READ },
	};
	struct proc_limits limits = {
		.memory = MEMORY, .files = FILES, .no_fork = !w->as_root
	};
	struct span rest = str_span(&w->places), line;
	char *names[PATHS_MAX];
	size_t n = 4, first = n;

	while (n < PATHS_MAX && span_line(&rest, &line)) {
		names[n] = mem_text(line);
		/* A place we can't reach makes its own mail wait, not all. */
		paths[n] = (struct sandbox_path){
			access(names[n], X_OK) == 0 ? names[n] : NULL,
			SANDBOX_READ | SANDBOX_WRITE
		};
		n++;
	}
	proc_limit(&limits);
	/* Root's children each put on a narrower one when they are somebody. */
	if (!w->as_root)
		sandbox_paths(paths, n);
	while (n > first)
		free(names[--n]);
	sandbox_calls(CALLS_FILES | CALLS_SOCKET |
	    (w->as_root ? CALLS_FORK | CALLS_OWNER | CALLS_SANDBOX : 0));
}

/* The message of a job that has somewhere to go; false: it has a result. */
static bool
job_load(struct worker *w, struct job *j)
{
	if (j->parts == NULL)
		return false;
	if (message_load(&w->message, j) < 0) {
		job_errno(j, SPAN("spool file"), errno);
		return false;
	}
	if (w->message.loops) {
		/* RFC 5321 6.3: a loop ends here. */
		job_result(j, DATA, "5.4.6", j->wanted,
		    "the message was here before: a loop of forwards");
		return false;
	}
	return true;
}

static void
pipe_start(struct worker *w, struct job *j, const struct part *p)
{
	if (pipe_deliver(w->runner, j, p, &w->message) < 0)
		w->runner_gone = true;
}

/* What may be done only once comes last, and only if nothing is left to be
 * repeated. */
static void
others_deliver(struct worker *w, struct job *j)
{
	bool forwards = false;

	if (!j->others || j->verdict != DONE || !job_load(w, j))
		return;
	for (struct part *p = j->parts; p != NULL; p = p->next)
		forwards |= p->kind == PART_FORWARD;
	if (forwards)
		forward_deliver(
		    w->has_spool ? &w->spool : NULL, j, &w->message);
	for (struct part *p = j->parts; p != NULL; p = p->next)
		if (p->kind == PART_MBOX && j->verdict != TEMP)
			mbox_deliver(j, p, &w->message);
	for (struct part *p = j->parts; p != NULL; p = p->next)
		if (p->kind == PART_PIPE && j->verdict != TEMP)
			pipe_start(w, j, p);
}

static void
job_deliver_as_root(struct worker *w, struct job *j)
{
	for (struct part *p = j->parts; p != NULL; p = p->next)
		if (p->kind != PART_PIPE && j->verdict != TEMP)
			owner_deliver(w, j, p);
	if (j->verdict != DONE || !job_load(w, j))
		return;
	for (struct part *p = j->parts; p != NULL; p = p->next)
		if (p->kind == PART_PIPE)
			pipe_start(w, j, p);
}

static void
job_start(struct worker *w, struct job *j)
{
	if (j->verdict == DONE && !j->resolved)
		resolve(&w->users, w->etc, j);
	if (w->as_root)
		job_deliver_as_root(w, j);
	else if (job_load(w, j))
		for (struct part *p = j->parts; p != NULL; p = p->next)
			if (p->kind == PART_MAILDIR)
				batch_add(&w->batch, j, p, &w->message);
}

void
worker_deliver(struct worker *w, struct job *const *jobs, size_t n)
{
	users_refresh(&w->users);
	for (size_t i = 0; i < n; i++)
		job_start(w, jobs[i]);
	batch_commit(&w->batch);
	for (size_t i = 0; i < n && !w->as_root; i++)
		others_deliver(w, jobs[i]);
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->waiting > 0) {
			jobs[i]->next = w->waiting;
			w->waiting = jobs[i];
		}
}

/* RFC 3463: x.3.0 says that another mail system had its reasons. */
static void
result_note(struct job *j, const struct pipe_result *r)
{
	struct str text = STR_INIT;

	str_add(&text, str_span(&r->text));
	if (text.len == 0)
		str_setf(&text, "the program ended with %d", (int)r->verdict);
	job_result(j, (int)r->verdict, r->verdict == TEMP ? "4.3.0" : "5.3.0",
	    j->wanted, text.at);
	str_free(&text);
}

struct job *
worker_result(struct worker *w)
{
	struct pipe_result r = { .text = STR_INIT };
	struct job *finished = NULL;

	if (!runner_result(w->runner, &r)) {
		/* It is gone: whatever waits for it is to be tried again, and
		 * the next worker has another. */
		w->runner_gone = true;
		finished = w->waiting;
		w->waiting = finished == NULL ? NULL : finished->next;
		if (finished != NULL)
			job_result(finished, TEMP, "4.3.0", SPAN(""),
			    "the runner of programs ended");
	}
	for (struct job **j = &w->waiting; finished == NULL && *j != NULL;
	     j = &(*j)->next) {
		if ((*j)->n != r.n)
			continue;
		result_note(*j, &r);
		if (--(*j)->waiting > 0)
			break;
		finished = *j;
		*j = finished->next;
		break;
	}
	str_free(&r.text);
	return finished;
}
