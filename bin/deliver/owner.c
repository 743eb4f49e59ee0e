/* Started as root: each job is done by a child under another uid. */
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/record.h"
#include "forward.h"
#include "mbox.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "worker.h"

enum { ANSWER_MAX = 4096 };

void
owner_start(void)
{
	proc_become_owner(dir_mail());
	errno = 0;
}

/* The account's own uid, or that of CHAINMAIL_MAIL (for forwards: the
 * spool's). */
static void
owner_become(const struct outlet *o)
{
	const char *folder = o->kind == OUTLET_SPOOL ? dir_spool() : dir_mail();

	if (o->own_uid)
		proc_become(o->uid, o->gid);
	else if (proc_become_owner(folder) < 0)
		die(TEMP, "stat %s", folder);
	if (geteuid() == 0)
		die_text(CONFIG, "%s belongs to root: no user to write mail as",
		    folder);
}

static void
owner_sandbox(const struct outlet *o)
{
	struct str parent = STR_INIT;

	for (size_t at = o->place.len; at > 0; at--)
		if (o->place.at[at - 1] == '/') {
			str_set(&parent, span_head(o->place, at));
			break;
		}
	const struct sandbox_path paths[] = {
		{ o->kind == OUTLET_SPOOL ? dir_spool()
			: o->own_uid      ? o->home.at
					  : dir_mail(),
		    SANDBOX_READ | SANDBOX_WRITE },
		{ o->kind == OUTLET_MBOX ? parent.at : NULL,
		    SANDBOX_READ | SANDBOX_WRITE },
		{ "/proc/sys/kernel/random/boot_id", SANDBOX_READ },
	};
	const struct proc_limits limits = { .no_fork = true };

	proc_limit(&limits);
	sandbox_paths(paths, COUNT(paths));
	sandbox_calls(CALLS_FILES);
}

__attribute__((noreturn)) static void
owner_run(struct worker *w, struct job *j, int answer)
{
	const struct outlet *o = &j->outlet;
	struct str record = STR_INIT;

	owner_become(o);
	owner_sandbox(o);
	if (message_load(&w->message, j)) {
		if (o->kind == OUTLET_MAILDIR)
			batch_add(&w->batch, j, &w->message);
		else if (o->kind == OUTLET_MBOX)
			mbox_deliver(j, &w->message);
		else
			forward_deliver(
			    w->has_spool ? &w->spool : NULL, j, &w->message);
	}
	batch_commit(&w->batch);
	job_answer(j, &record);
	_exit(write_all(answer, str_span(&record)) == 0 ? DONE : TEMP);
}

void
owner_deliver(struct worker *w, struct job *j)
{
	struct str record = STR_INIT, status = STR_INIT, text = STR_INIT;
	uint64_t verdict = TEMP;
	int fds[2] = { -1, -1 };
	pid_t pid = pipe(fds) < 0 ? -1 : fork();

	if (pid == 0) {
		close(fds[0]);
		owner_run(w, j, fds[1]);
	}
	close(fds[1]);
	if (pid < 0 || read_all(fds[0], ANSWER_MAX, &record) < 0 ||
	    waitpid(pid, NULL, 0) != pid ||
	    !record_get_number(str_span(&record), "verdict", 255, &verdict)) {
		job_result(j, TEMP, "4.3.0", j->outlet.address,
		    "no delivery under the account's uid");
	} else {
		record_get(str_span(&record), "status", &status);
		record_get(str_span(&record), "text", &text);
		job_result(j, (int)verdict, status.at, SPAN(""), text.at);
	}
	if (fds[0] >= 0)
		close(fds[0]);
	str_free(&record);
	str_free(&status);
	str_free(&text);
}
