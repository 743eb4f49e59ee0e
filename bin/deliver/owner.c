/* Started as root: each part is delivered by a child that is somebody else. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
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
	struct stat st;

	if (stat(dir_mail(), &st) == 0 && st.st_uid != 0)
		proc_become(st.st_uid, st.st_gid);
	errno = 0;
}

/* The account's own uid, or that of the folder which holds all mail (for
 * forwards: the spool). */
static void
owner_become(const struct part *p)
{
	struct stat st;
	const char *folder = p->kind == PART_FORWARD ? dir_spool() : dir_mail();

	if (p->own_uid) {
		proc_become(p->uid, p->gid);
		return;
	}
	if (stat(folder, &st) < 0)
		die(TEMP, "stat %s", folder);
	proc_become(st.st_uid, st.st_gid);
}

static void
owner_sandbox(const struct part *p)
{
	struct str parent = STR_INIT;

	for (size_t at = p->place.len; at > 0; at--)
		if (p->place.at[at - 1] == '/') {
			str_set(&parent, span_head(p->place, at));
			break;
		}
	const struct sandbox_path paths[] = {
		{ p->kind == PART_FORWARD ? dir_spool()
			: p->own_uid      ? p->home.at
					  : dir_mail(),
		    SANDBOX_READ | SANDBOX_WRITE },
		{ p->kind == PART_MBOX ? parent.at : NULL,
		    SANDBOX_READ | SANDBOX_WRITE },
		{ "/proc/sys/kernel/random/boot_id", SANDBOX_READ },
	};
	const struct proc_limits limits = { .no_fork = true };

	proc_limit(&limits);
	sandbox_paths(paths, COUNT(paths));
	sandbox_calls(CALLS_FILES);
}

__attribute__((noreturn)) static void
owner_run(struct worker *w, struct job *j, struct part *p, int answer)
{
	struct str record = STR_INIT;

	owner_become(p);
	owner_sandbox(p);
	p->next = NULL; /* this part alone */
	j->parts = p;
	j->verdict = DONE;
	if (message_load(&w->message, j) < 0)
		job_errno(j, SPAN("spool file"), errno);
	else if (w->message.loops)
		job_result(j, DATA, "5.4.6", j->wanted,
		    "the message was here before: a loop of forwards");
	else if (p->kind == PART_MAILDIR)
		batch_add(&w->batch, j, p, &w->message);
	else if (p->kind == PART_MBOX)
		mbox_deliver(j, p, &w->message);
	else
		forward_deliver(
		    w->has_spool ? &w->spool : NULL, j, &w->message);
	batch_commit(&w->batch);
	job_answer(j, &record);
	_exit(write_all(answer, str_span(&record)) == 0 ? DONE : TEMP);
}

void
owner_deliver(struct worker *w, struct job *j, struct part *p)
{
	struct str record = STR_INIT, status = STR_INIT, text = STR_INIT;
	uint64_t verdict = TEMP;
	int fds[2] = { -1, -1 };
	pid_t pid = pipe(fds) < 0 ? -1 : fork();

	if (pid == 0) {
		close(fds[0]);
		owner_run(w, j, p, fds[1]);
	}
	close(fds[1]);
	if (pid < 0 || read_all(fds[0], ANSWER_MAX, &record) < 0 ||
	    waitpid(pid, NULL, 0) != pid ||
	    !record_get_number(str_span(&record), "verdict", 255, &verdict)) {
		job_result(j, TEMP, "4.3.0", p->address,
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
