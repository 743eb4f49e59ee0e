/* deliver's side of the runner. */
#include "pipe.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/record.h"
#include "os/sock.h"

static int
put(void *to, struct span bytes)
{
	return write_all(*(int *)to, bytes);
}

int
pipe_deliver(int runner, struct job *j, const struct message *m)
{
	const struct outlet *o = &j->outlet;
	struct str request = STR_INIT;
	int fd = memfd_create("message", MFD_CLOEXEC), r = -1;

	record_verb(&request, "run");
	record_add_number(&request, "n", (int64_t)j->n);
	record_add(&request, "to", j->to);
	record_add(&request, "command", o->place);
	record_add(&request, "sender", j->from);
	record_add(&request, "recipient", job_delivered_to(j));
	record_add(&request, "id", j->id);
	if (runner < 0)
		job_result(j, TEMP, "4.3.5", o->address, "no runner");
	else if (fd < 0 || message_each(m, true, put, &fd) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0 ||
	    sock_send(runner, str_span(&request), &fd, 1) < 0)
		job_errno(j, o->address, errno);
	else {
		j->waiting = true;
		r = 0;
	}
	if (fd >= 0)
		close(fd);
	str_free(&request);
	return r;
}

bool
runner_result(int runner, struct pipe_result *r_r)
{
	struct str record = STR_INIT;
	int fds[FDS_MAX];
	size_t count;
	bool ok = sock_receive(runner, 0, &record, fds, &count) > 0 &&
	    record_get_number(str_span(&record), "n", UINT64_MAX, &r_r->n) &&
	    record_get_number(str_span(&record), "verdict", 255, &r_r->verdict);

	record_get(str_span(&record), "text", &r_r->text);
	str_free(&record);
	return ok;
}
