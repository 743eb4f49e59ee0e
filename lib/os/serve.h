/* How a session program gets its connections, by the type of descriptor 0:
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

/* Seconds for a worker's longest transaction: RFC 5321 4.5.3.2.6 requires ten
 * minutes' wait for the reply to the final dot. The systemd and s6 services
 * wait longer. */
enum { SERVE_WORKER_S = 900 };

struct serve {
	/* One session; its result is the process's exit code. */
	int (*session)(void *arg);
	void *arg;
	/* Called in the parent about once a second while it serves many; may be
	 * NULL. */
	void (*tick)(void *arg);
	/* Sessions served by one process, one after the other; 0: one. Only for
	 * sessions of trusted peers that leave nothing behind in memory. begin
	 * (may be NULL) does what is needed once, such as the sandbox. Only
	 * when this program accepts by itself. */
	unsigned again;
	void (*begin)(void *arg);
	/* Only when this program accepts by itself, on a socket held by a
	 * supervisor (serve_bind() tells) that starts it again on demand: it
	 * ends after so many seconds without a session (0: never), or when
	 * stale (may be NULL), called before each accept, returns true.
	 * Connections not yet accepted wait in the socket. */
	unsigned idle_s;
	bool (*stale)(void *arg);
	unsigned max; /* concurrent children when it accepts by itself; 0:
		       * 1000 */
	/* Nonzero: the sessions are workers, which finish their current job:
	 * they are told to end at once, and this process waits so many seconds
	 * for them. 0: they are not told, and it waits for ten. */
	unsigned patience_s;
	/* How workers are told: in each, this becomes a descriptor that is
	 * readable (at its end) when it must end. NULL: they get SIGTERM, which
	 * a sandboxed process can't send. */
	int *ending;
	/* A process that the sessions need and that can't be restarted from the
	 * sandbox: the parent ends with it, and the supervisor restarts both.
	 * 0: none */
	pid_t helper;
};

/* Serve until SIGTERM (then no new connections; the children may finish for a
 * while, and get SIGTERM when this process ends). Returns the program's exit
 * code. Call it after entering the sandbox; a parent of many needs CALLS_FORK
 * and CALLS_SOCKET (and CALLS_ACCEPT). */
int serve(const struct serve *s);
/* This process will serve many connections (fork per connection). */
bool serve_is_parent(void);
/* For a service with a socket of its own: make descriptor 0 the listening
 * socket. That is systemd's (LISTEN_FDS: descriptor 3, which proc_start() must
 * have kept), or descriptor 0 itself (any socket), or else a new Unix socket of
 * this type at path, mode 0660, replacing one left by a dead process. Dies when
 * another process answers there. True: the socket was not created by this
 * process. */
bool serve_bind(const char *path, int type);

/* The channel's packets, for listen: "conn n=… PROTO=… TCPREMOTEIP=… …" with
 * one descriptor; the answer is "end n=… exit=…" (exit: code, or 128 +
 * signal). */

#endif
