#include "session.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/die.h"
#include "command.h"
#include "os/proc.h"
#include "os/sock.h"
#include "policy.h"
#include "reply.h"
#include "transaction.h"

enum {
	LINE_MAX_AUTH = 12288, /* RFC 4954 4: a response of a mechanism */
};

static enum service
service_find(struct span name)
{
	static const struct {
		const char *name;
		enum service service;
	} services[] = { { "submission", SUBMISSION },
		{ "submissions", SUBMISSIONS }, { "lmtp", LMTP },
		{ "local", LOCAL } };

	for (size_t i = 0; i < COUNT(services); i++)
		if (span_equal(name, span_text(services[i].name)))
			return services[i].service;
	return MX;
}

/* The peer's uid on a Unix socket, from the kernel; on a terminal or pipe, our
 * own. False for other sockets. */
static bool
peer_uid(uid_t *uid_r)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t len = sizeof peer;

	*uid_r = getuid();
	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return errno == ENOTSOCK;
	*uid_r = peer.uid;
	return peer.uid != (uid_t)-1;
}

/* Local users need no login. User names would need NSS, which can't work in the
 * sandbox; the uid is reliable. */
static void
session_greet_user(struct session *s)
{
	uid_t uid;

	if (s->service != LOCAL || !peer_uid(&uid))
		return;
	str_setf(&s->user, "uid:%lu", (unsigned long)uid);
	s->trusted = true;
}

static void
session_init(struct session *s, struct server *server)
{
	*s = (struct session){ .server = server, .state = START };
	s->service = service_find(span_text(fact("SERVICE")));
	s->local = fact_is_local();
	s->trusted = policy_trusts(s);
	io_init(&s->io, STDIN_FILENO, STDOUT_FILENO);
	tls_session_init(&s->tls_facts);
	str_init(&s->helo);
	str_init(&s->user);
	grant_open(&s->grant, -1, SPAN(""), SPAN(""));
	envelope_init(&s->envelope);
	message_init(&s->message);
	session_greet_user(s);
}

/* RFC 5321 4.5.3.2.7: five minutes for a command. */
static void
session_command(struct session *s)
{
	struct span line;

	reply_wait(s);
	proc_cpu_renew(&s->cpu, s->server->limits.cpu_time);
	switch (io_line(&s->io, LINE_MAX_AUTH, &line)) {
	case IO_OK:
		command_run(s, line);
		break;
	case IO_LONG:
		refuse(s, "syntax", 500, "5.5.2", "Line too long");
		break;
	case IO_BARE:
		/* RFC 5321 2.3.8: CR and LF only together. */
		refuse(s, "syntax", 500, "5.5.2", "Lines must end with CR LF");
		break;
	case IO_TIMEOUT:
		reply_late(s, "Timeout waiting for a command");
		break;
	case IO_EOF:
		s->ended = true;
		break;
	}
	if (!s->ended && s->errors >= s->server->limits.errors)
		reply_close(s, "errors", "4.7.0", "Too many errors");
	if (!s->ended && s->idle >= s->server->limits.idle_commands)
		reply_close(
		    s, "idle", "4.7.0", "Too many commands without a message");
}

int
session_run(void *arg)
{
	struct session s;

	server_refresh(arg);
	session_init(&s, arg);
	if (s.server->parent)
		proc_limit(&(struct proc_limits){ .no_fork = true });
	if (s.service != SUBMISSIONS || starttls_now(&s)) {
		io_putf(&s.io, "220 %s %s chainmail\r\n", s.server->users.me.at,
		    s.service == LMTP ? "LMTP" : "ESMTP");
		while (!s.ended)
			session_command(&s);
		io_flush(&s.io);
	}
	transaction_reset(&s);
	refusals_tell(&s);
	return DONE; /* the process ends, and its memory with it */
}
