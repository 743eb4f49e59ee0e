/* How a session program meets its connections. Descriptor 0 decides:
 *
 *  - a listening socket (inetd's "wait", s6, systemd): serve() accepts and
 *    forks one child per connection;
 *  - the channel of `listen -k` (LISTEN_CHANNEL is in the environment): listen
 *    accepts, counts and logs; each packet brings one connection's descriptor
 *    and its facts, and serve() forks one child for it. So the program is
 *    started, configured and sandboxed once, and a connection costs a fork;
 *  - anything else (inetd, Accept=yes, a pipe, a terminal): that is the one
 *    connection, and serve() calls the session in this process.
 *
 * In every case the session runs with the connection as descriptors 0 and 1 and
 * its facts in the environment. */
#ifndef OS_SERVE_H
#define OS_SERVE_H

#include <stdbool.h>
#include <sys/types.h>

struct serve {
	/* One session; its result is the process's exit code. */
	int (*session)(void *arg);
	void *arg;
	/* Called in the parent about once a second while it serves many; may be
	 * NULL. */
	void (*tick)(void *arg);
	unsigned max; /* children at once when it accepts by itself; 0: 1000 */
	/* A process that the sessions can't do without, and that the sandbox
	 * lets nobody start again: the parent dies with it, and whoever
	 * started the parent starts both. 0: none */
	pid_t helper;
};

/* Serve until the end (SIGTERM: no new connections; the children may finish,
 * for ten seconds, then they get SIGTERM too).
 * Returns the program's exit code. Call it after the sandbox is on; a parent of
 * many needs CALLS_FORK and CALLS_SOCKET (and CALLS_ACCEPT). */
int serve(const struct serve *s);
/* This process will serve many connections (fork per connection). */
bool serve_is_parent(void);
/* For a service with a socket of its own: make descriptor 0 the listening
 * socket. That is systemd's (LISTEN_FDS: descriptor 3, which proc_start() must
 * have kept), or what descriptor 0 is already (any socket), or else a new Unix
 * socket of this type at path, mode 0660; one that a dead process left is
 * replaced. Dies when another process answers there. */
void serve_bind(const char *path, int type);

/* The channel's packets, for listen: "conn n=… PROTO=… TCPREMOTEIP=… …" with
 * one descriptor; back comes "end n=… exit=…" (exit: code, or 128 + signal). */

#endif
