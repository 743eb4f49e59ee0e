/* Shared by the serve*.c files only. */
#ifndef OS_SERVE_INSIDE_H
#define OS_SERVE_INSIDE_H

#include <signal.h>
#include <stdint.h>

#include "os/serve.h"
#include "os/sock.h"

enum mode { ONE_SESSION, ACCEPT, CHANNEL };
enum { POOL_MAX = 8 }; /* processes that serve several sessions */

struct child {
	pid_t pid;
	uint64_t number; /* listen's number of the connection */
};

/* A process that serves one session after the other: it gets connections, and
 * reports that it is idle, through its own channel. */
struct again {
	pid_t pid; /* 0: free */
	int channel;
};

/* Each page that a parent writes for a connection must be copied, since the
 * previous child shares it. So this struct is in one page of the stack with the
 * frames of the loop (see serve()), the children's table is not shared with
 * children, and nothing is allocated. */
struct parent {
	const struct serve *how;
	enum mode mode;
	int signals;
	struct child *children;
	size_t count, size;
	bool closing;      /* no more connections */
	bool told;         /* workers were told to end */
	int tell, hear;    /* a pipe: closing its other end tells them */
	int64_t ending_ms; /* when ending began; 0: not ending */
	int64_t ticked;
	int64_t idle_ms; /* when the last session ended */
	sigset_t inherited;
	struct again pool[POOL_MAX];
	struct facts facts; /* of the connection, and its environment */
};

/* serve_child.c: */
/* Start a process for the connection; like fork(2), but returns only in the
 * parent. */
pid_t serve_fork(struct parent *p, int connection);
/* Give the connection to an idle process; false: there is none. */
bool serve_again(struct parent *p, int connection);
/* This process has ended; 0: all processes of the pool must end after their
 * current session. */
void serve_forget(struct parent *p, pid_t pid);

#endif
