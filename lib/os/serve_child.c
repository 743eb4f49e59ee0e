/* The children of a parent that serves many: one session each, or one after the
 * other. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "os/proc.h"
#include "os/serve_inside.h"

enum { STACK_WIPED = 32768 }; /* of a session's stack */

/* Move the connection to descriptors 0 and 1 and its facts to the
 * environment. */
static void
connection_put(struct parent *p, int connection)
{
	if (dup2(connection, 0) < 0 || dup2(connection, 1) < 0)
		_exit(TEMP);
	close(connection);
	if (p->mode == ACCEPT)
		facts_record(&p->facts, 0);
	facts_take(&p->facts);
}

/* Wipe the stack that the session used before the next one runs. */
static __attribute__((noinline)) void
stack_wipe(void)
{
	char waste[STACK_WIPED];

	explicit_bzero(waste, sizeof waste);
}

/* Report the last connection's end and wait for the next one. False: there is
 * none. */
static bool
connection_await(struct parent *p, int channel)
{
	int fds[FDS_MAX];
	size_t count = 0;
	char byte = 0;

	stack_wipe();
	dup2(channel, 0);
	dup2(channel, 1);
	if (sock_send(channel, (struct span){ &byte, 1 }, NULL, 0) < 0 ||
	    sock_take(channel, 0, &byte, 1, fds, &count) <= 0 || count != 1)
		return false;
	connection_put(p, fds[0]);
	return true;
}

/* channel: -1, or where more connections come from. */
static _Noreturn void
child_run(struct parent *p, int connection, int channel)
{
	const struct serve *how = p->how;
	unsigned left = channel < 0 ? 0 : how->again;
	int code;

	proc_end_with_parent(SIGTERM);
	if (how->ending != NULL) {
		if (!p->told)
			close(p->tell);
		*how->ending = p->hear;
	}
	close(p->signals);
	for (size_t i = 0; i < POOL_MAX; i++)
		if (p->pool[i].pid != 0)
			close(p->pool[i].channel);
	connection_put(p, connection);
	/* Our starter may have blocked it. */
	sigdelset(&p->inherited, SIGTERM);
	sigprocmask(SIG_SETMASK, &p->inherited, NULL);
	if (how->begin != NULL)
		how->begin(how->arg);
	do
		code = how->session(how->arg);
	while (left-- > 1 && connection_await(p, channel));
	proc_exit(code); /* cleaning up is the parent's job */
}

bool
serve_again(struct parent *p, int connection)
{
	char byte;

	for (size_t i = 0; i < POOL_MAX; i++) {
		struct again *a = &p->pool[i];

		if (a->pid != 0 &&
		    recv(a->channel, &byte, 1, MSG_DONTWAIT) == 1 &&
		    sock_send(a->channel, (struct span){ &byte, 1 },
			&connection, 1) == 0)
			return true;
	}
	return false;
}

/* A place in the pool for one more process, and the other end of its channel;
 * NULL: it serves once. */
static struct again *
pool_place(struct parent *p, int *child_r)
{
	int ends[2];

	*child_r = -1;
	if (p->how->again == 0 || p->mode != ACCEPT)
		return NULL;
	for (size_t i = 0; i < POOL_MAX; i++) {
		if (p->pool[i].pid != 0)
			continue;
		if (socketpair(
			AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
			return NULL;
		p->pool[i].channel = ends[0];
		*child_r = ends[1];
		return &p->pool[i];
	}
	return NULL;
}

static void
pool_drop(struct again *a)
{
	close(a->channel);
	a->pid = 0;
}

pid_t
serve_fork(struct parent *p, int connection)
{
	int channel;
	struct again *a = pool_place(p, &channel);
	pid_t pid = proc_fork();

	if (pid == 0) {
		if (a != NULL)
			close(a->channel);
		child_run(p, connection, channel);
	}
	if (a != NULL) {
		close(channel);
		a->pid = pid;
		if (pid < 0)
			pool_drop(a);
	}
	return pid;
}

void
serve_forget(struct parent *p, pid_t pid)
{
	for (size_t i = 0; i < POOL_MAX; i++)
		if (p->pool[i].pid != 0 && (pid == 0 || p->pool[i].pid == pid))
			pool_drop(&p->pool[i]);
}
