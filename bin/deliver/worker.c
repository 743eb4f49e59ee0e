#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "forward.h"
#include "mbox.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "pipe.h"

enum { PATHS_MAX = 128, FILES = 1024, MEMORY = 1 << 30 };

void
worker_init(struct worker *w)
{
	*w = (struct worker){ .etc = conf_open(),
		.outside = STR_INIT,
		.runner = -1,
		.as_root = geteuid() == 0 };
	conf_limits(w->etc, &w->limits, conf_complain, (void *)"limits");
	users_open(&w->users, w->etc);
	users_places(&w->users, &w->outside);
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
	str_free(&w->outside);
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
		{ dir_etc(), SANDBOX_READ },
		{ "/proc/sys/kernel/random/boot_id", SANDBOX_READ },
		{ w->has_spool ? dir_spool() : NULL,
		    SANDBOX_READ | SANDBOX_WRITE },
	};
	struct proc_limits limits = {
		.memory = MEMORY, .files = FILES, .no_fork = !w->as_root
	};
	struct span rest = str_span(&w->outside), line;
	char *names[PATHS_MAX];
	size_t n = 4, first = n;

	while (n < PATHS_MAX && span_line(&rest, &line)) {
		names[n] = mem_text(line);
		/* An inaccessible folder delays only its own mail. */
		paths[n] = (struct sandbox_path){
			access(names[n], X_OK) == 0 ? names[n] : NULL,
			SANDBOX_READ | SANDBOX_WRITE
		};
		n++;
	}
	proc_limit(&limits);
	/* Root's children each enter a narrower one under their uid. */
	if (!w->as_root)
		sandbox_paths(paths, n);
	while (n > first)
		free(names[--n]);
	sandbox_calls(CALLS_FILES | CALLS_SOCKET |
	    (w->as_root ? CALLS_FORK | CALLS_OWNER | CALLS_SANDBOX : 0));
}

bool
worker_leaves(const struct job *j)
{
	return j->verdict == DONE && j->outlet.kind != OUTLET_NONE &&
	    j->outlet.kind != OUTLET_NULL && j->outlet.kind != OUTLET_MAILDIR;
}

void
worker_other(struct worker *w, struct job *j)
{
	if (w->as_root && j->outlet.kind != OUTLET_PIPE) {
		owner_deliver(w, j);
		return;
	}
	if (!message_load(&w->message, j))
		return;
	if (j->outlet.kind == OUTLET_MBOX)
		mbox_deliver(j, &w->message);
	else if (j->outlet.kind == OUTLET_SPOOL)
		forward_deliver(
		    w->has_spool ? &w->spool : NULL, j, &w->message);
	else if (pipe_deliver(w->runner, j, &w->message) < 0)
		w->runner_gone = true;
	if (j->waiting) {
		j->next = w->waiting;
		w->waiting = j;
	}
}

static void
job_start(struct worker *w, struct job *j)
{
	if (j->verdict != DONE || j->outlet.kind != OUTLET_MAILDIR)
		return;
	if (w->as_root)
		owner_deliver(w, j);
	else if (message_load(&w->message, j))
		batch_add(&w->batch, j, &w->message);
}

void
worker_mailboxes(struct worker *w, struct job *const *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		job_start(w, jobs[i]);
	batch_commit(&w->batch);
}

/* RFC 3463: x.3.0 is "other mail system status". */
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

/* Take the job with this number, or any, off the list; NULL: none. */
static struct job *
waiting_take(struct worker *w, const uint64_t *n)
{
	for (struct job **j = &w->waiting; *j != NULL; j = &(*j)->next) {
		struct job *found = *j;

		if (n != NULL && found->n != *n)
			continue;
		*j = found->next;
		found->waiting = false;
		return found;
	}
	return NULL;
}

struct job *
worker_result(struct worker *w)
{
	struct pipe_result r = { .text = STR_INIT };
	struct job *finished;

	if (runner_result(w->runner, &r)) {
		finished = waiting_take(w, &r.n);
		if (finished != NULL)
			result_note(finished, &r);
	} else {
		/* The runner is gone: retry the jobs waiting for it; the next
		 * worker has another. */
		w->runner_gone = true;
		finished = waiting_take(w, NULL);
		if (finished != NULL)
			job_result(finished, TEMP, "4.3.0", SPAN(""),
			    "the runner of programs ended");
	}
	str_free(&r.text);
	return finished;
}
