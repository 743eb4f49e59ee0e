/* The privileged parent: relays between its front and authd, and adds the facts
 * that the front could forge. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "login.h"
#include "os/proc.h"
#include "os/sock.h"
#include "session.h"

enum { GRACE_S = 5, PACKETS_MAX = 200 };

struct parent {
	struct login *login;
	const char *service; /* imap or pop3, without the s */
	bool imap, has_tls, utf8;
	int front;
	pid_t pid;
	struct tls_session tls;
	struct auth auth;
	bool asking; /* a dialogue is open */
	bool known;  /* authd said ok */
	bool shared; /* ACL is offered */
	struct str packet, reply;
	struct str mechanism, tag, name;
};

/* A log line takes a page of the stack, so these are never inlined. */
static __attribute__((noinline)) void
front_log(int signal)
{
	struct logline l;

	log_start(&l, "front");
	log_peer(&l);
	log_number(&l, "signal", signal);
	log_write(&l);
}

static __attribute__((noinline)) void
tls_log(const struct parent *p)
{
	struct logline l;

	log_start(&l, "tls");
	log_level(&l, LEVEL_NOTICE);
	log_peer(&l);
	log_span(&l, "reason", str_span(&p->tls.reason));
	log_write(&l);
}

static __attribute__((noinline)) void
attempt_log(const struct parent *p, const char *result)
{
	struct logline l;

	log_start(&l, "auth");
	if (strcmp(result, "ok") != 0)
		log_level(&l, LEVEL_NOTICE);
	log_peer(&l);
	log_span(&l, "mech", str_span(&p->mechanism));
	log_span(&l, "user",
	    str_span(p->auth.user.len > 0 ? &p->auth.user : &p->name));
	log_span(
	    &l, "tls", p->has_tls ? str_span(&p->tls.protocol) : SPAN("none"));
	log_text(&l, "result", result);
	log_write(&l);
}

static int
tls_take(struct parent *p)
{
	int fd = tls_start(0, fact("SERVICE"), p->service, &p->tls);

	if (fd >= 0 && dup2(fd, 0) == 0 && dup2(fd, 1) == 1) {
		close(fd);
		p->has_tls = true;
		return 0;
	}
	tls_log(p);
	return -1;
}

static int
reply_send(struct parent *p, const int *fd)
{
	int r = sock_send(p->front, str_span(&p->reply), fd, fd != NULL);

	str_wipe(&p->reply);
	return r;
}

/* Handle "tls": 0, or -1 when the connection is lost. */
static int
on_tls(struct parent *p, struct span record)
{
	int plain = 0;

	(void)record;
	if (p->has_tls || tls_take(p) < 0)
		return -1;
	record_verb(&p->reply, "tls");
	record_add_number(&p->reply, "cert", p->tls.cert.len > 0);
	return reply_send(p, &plain);
}

/* Pass authd's answer on. */
static int
answer(struct parent *p, enum auth_result r)
{
	switch (r) {
	case AUTH_MORE:
		record_verb(&p->reply, "more");
		record_add(&p->reply, "data", str_span(&p->auth.data));
		return reply_send(p, NULL);
	case AUTH_OK:
		p->known = true;
		record_verb(&p->reply, "ok");
		if (p->auth.data.len > 0)
			record_add(&p->reply, "data", str_span(&p->auth.data));
		return reply_send(p, NULL);
	case AUTH_FAIL:
		break;
	}
	attempt_log(p, auth_code_text(p->auth.code));
	record_verb(&p->reply, "fail");
	record_add_number(&p->reply, "code", p->auth.code);
	auth_close(&p->auth);
	p->asking = false;
	return reply_send(p, NULL);
}

static int
on_auth(struct parent *p, struct span record)
{
	struct str initial = STR_INIT;
	struct auth_request q = { .service = p->service,
		.ip = fact("TCPREMOTEIP"),
		.local = fact_is_local() };
	enum auth_result r;

	if (p->asking || p->known)
		return -1;
	record_get(record, "mech", &p->mechanism);
	record_get(record, "tag", &p->tag);
	record_get(record, "name", &p->name);
	p->utf8 = record_get(record, "utf8", &initial);
	q.has_initial = record_get(record, "initial", &initial);
	q.initial = str_span(&initial);
	q.mechanism = str_span(&p->mechanism);
	if (p->has_tls) {
		q.tls = str_span(&p->tls.protocol);
		q.binding = str_span(&p->tls.binding);
		q.cert = str_span(&p->tls.cert);
	}
	p->asking = true;
	/* authd would refuse it too, but without the client's name in the
	 * log. */
	if (!p->has_tls && !q.local) {
		str_wipe(&initial);
		auth_init(&p->auth, AUTH_PLAINTEXT);
		return answer(p, AUTH_FAIL);
	}
	r = auth_open(&p->auth) < 0 ? AUTH_FAIL : auth_start(&p->auth, &q);
	str_wipe(&initial);
	return answer(p, r);
}

static int
on_response(struct parent *p, struct span record)
{
	struct str data = STR_INIT;
	int r = -1;

	if (p->asking && !p->known) {
		record_get(record, "data", &data);
		r = answer(p, auth_continue(&p->auth, str_span(&data)));
	}
	str_wipe(&data);
	return r;
}

static int
on_cancel(struct parent *p, struct span record)
{
	(void)record;
	if (!p->asking || p->known)
		return -1;
	auth_cancel(&p->auth);
	p->auth.code = AUTH_CANCELLED;
	return answer(p, AUTH_FAIL);
}

static const struct {
	const char *verb;
	int (*handle)(struct parent *p, struct span record);
} requests[] = {
	{ "auth", on_auth },
	{ "response", on_response },
	{ "cancel", on_cancel },
	{ "tls", on_tls },
};

static int
request_handle(struct parent *p, struct span record)
{
	for (size_t i = 0; i < COUNT(requests); i++)
		if (record_is(record, requests[i].verb))
			return requests[i].handle(p, record);
	return -1;
}

/* Relay until the front is gone; -1: it violated the protocol and is killed. */
static int
relay(struct parent *p)
{
	int fds[FDS_MAX];
	size_t count;

	for (int n = 0; n < PACKETS_MAX; n++) {
		int r = sock_receive(p->front, 0, &p->packet, fds, &count);

		while (r > 0 && count > 0)
			close(fds[--count]);
		if (r == 0)
			return 0;
		if (r < 0 || request_handle(p, str_span(&p->packet)) < 0)
			break;
	}
	return -1;
}

static int
front_start(struct parent *p)
{
	struct front f = { .imap = p->imap,
		.tls = p->has_tls,
		.local = fact_is_local(),
		.cert = p->tls.cert.len > 0 };
	struct timeval limit = { 0 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	conf_limits_refresh(p->login->etc, &p->login->limits, &p->login->stamp);
	f.limits = p->login->limits;
	offer_init(&f.offer);
	if (p->imap)
		offer_read(p->login->etc, span_text(fact("SERVICE")), &f.offer,
		    NULL, NULL);
	p->shared = p->imap && offer_has(&f.offer, SPAN("ACL"));
	f.tls_possible = !p->has_tls && tls_is_there(&p->login->tls);
	p->pid = proc_fork();
	if (p->pid == 0) {
		proc_end_with_parent(SIGKILL);
		close(ends[0]);
		f.parent = ends[1];
		session_run(&f);
	}
	close(ends[1]);
	p->front = ends[0];
	limit.tv_sec = (time_t)f.limits.login_time + GRACE_S;
	setsockopt(p->front, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return p->pid < 0 ? -1 : 0;
}

static bool
service_read(struct parent *p)
{
	const char *service = fact("SERVICE");

	p->imap = strncmp(service, "pop3", 4) != 0;
	p->service = p->imap ? "imap" : "pop3";
	return service[0] != '\0' && service[strlen(service) - 1] == 's';
}

static int
succeed(struct parent *p)
{
	const struct str *path = p->imap ? &p->login->imapd : &p->login->pop3d;
	struct session_exec e = { .program = path->at,
		.log = p->imap ? &p->login->imapd_log : &p->login->pop3d_log,
		.imap = p->imap,
		.utf8 = p->utf8,
		.shared = p->shared,
		.etc = p->login->etc,
		.tag = p->tag.at,
		.account = &p->auth };

	attempt_log(p, "ok");
	close(p->front);
	session_exec(&e);
}

int
parent_session(void *arg)
{
	struct parent p = { .login = arg,
		.packet = STR_INIT,
		.reply = STR_INIT,
		.mechanism = STR_INIT,
		.tag = STR_INIT,
		.name = STR_INIT,
		.auth = { .sock = -1, .user = STR_INIT } };
	int status = SIGKILL; /* for a front that violated the protocol */

	tls_session_init(&p.tls);
	if (service_read(&p) && tls_take(&p) < 0)
		return DONE;
	if (front_start(&p) < 0)
		die(TEMP, "start the front");
	if (relay(&p) == 0)
		while (waitpid(p.pid, &status, 0) < 0 && errno == EINTR)
			;
	if (p.known && WIFEXITED(status) && WEXITSTATUS(status) == DONE)
		return succeed(&p);
	if (p.known)
		attempt_log(&p, "gone");
	if (WIFSIGNALED(status)) {
		front_log(WTERMSIG(status));
		return TEMP;
	}
	return WEXITSTATUS(status) == DONE ? DONE : WEXITSTATUS(status);
}
