/* The keeper: relays between its front and authd, and adds the facts that the
 * front could lie about. */
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
#include "os/dirs.h"
#include "os/sock.h"

enum { GRACE_S = 5, PACKETS_MAX = 200 };

struct keeper {
	const struct login *login;
	const char *service; /* imap or pop3, without the s */
	bool imap, has_tls, utf8;
	int front;
	pid_t pid;
	struct tls_session tls;
	struct auth auth;
	bool asking; /* a dialogue is open */
	bool known;  /* authd said ok */
	struct str packet, reply;
	struct str mechanism, tag, name;
};

static void
attempt_log(const struct keeper *k, const char *result)
{
	struct logline l;

	log_start(&l, "auth");
	log_peer(&l);
	log_span(&l, "mech", str_span(&k->mechanism));
	log_span(&l, "user",
	    str_span(k->auth.user.len > 0 ? &k->auth.user : &k->name));
	if (k->has_tls)
		log_span(&l, "tls", str_span(&k->tls.protocol));
	log_text(&l, "result", result);
	log_write(&l);
}

static int
tls_take(struct keeper *k)
{
	struct logline l;
	int fd = tls_start(0, fact("SERVICE"), k->service, &k->tls);

	if (fd >= 0 && dup2(fd, 0) == 0 && dup2(fd, 1) == 1) {
		close(fd);
		k->has_tls = true;
		return 0;
	}
	log_start(&l, "tls");
	log_peer(&l);
	log_span(&l, "reason", str_span(&k->tls.reason));
	log_write(&l);
	return -1;
}

static int
reply_send(struct keeper *k, const int *fd)
{
	int r = sock_send(k->front, str_span(&k->reply), fd, fd != NULL);

	str_wipe(&k->reply);
	return r;
}

/* Handle "tls": 0, or -1 when there is nothing left to talk about. */
static int
on_tls(struct keeper *k, struct span record)
{
	int plain = 0;

	(void)record;
	if (k->has_tls || tls_take(k) < 0)
		return -1;
	record_verb(&k->reply, "tls");
	record_add_number(&k->reply, "cert", k->tls.cert.len > 0);
	return reply_send(k, &plain);
}

/* Pass authd's answer on. */
static int
answer(struct keeper *k, enum auth_result r)
{
	switch (r) {
	case AUTH_MORE:
		record_verb(&k->reply, "more");
		record_add(&k->reply, "data", str_span(&k->auth.data));
		return reply_send(k, NULL);
	case AUTH_OK:
		k->known = true;
		record_verb(&k->reply, "ok");
		if (k->auth.data.len > 0)
			record_add(&k->reply, "data", str_span(&k->auth.data));
		return reply_send(k, NULL);
	case AUTH_FAIL:
		break;
	}
	attempt_log(k, auth_code_text(k->auth.code));
	record_verb(&k->reply, "fail");
	record_add_number(&k->reply, "code", k->auth.code);
	auth_close(&k->auth);
	k->asking = false;
	return reply_send(k, NULL);
}

static int
on_auth(struct keeper *k, struct span record)
{
	struct str initial = STR_INIT;
	struct auth_request q = { .service = k->service,
		.ip = fact("TCPREMOTEIP"),
		.local = fact_is_local() };
	enum auth_result r;

	if (k->asking || k->known)
		return -1;
	record_get(record, "mech", &k->mechanism);
	record_get(record, "tag", &k->tag);
	record_get(record, "name", &k->name);
	k->utf8 = record_get(record, "utf8", &initial);
	q.has_initial = record_get(record, "initial", &initial);
	q.initial = str_span(&initial);
	q.mechanism = str_span(&k->mechanism);
	if (k->has_tls) {
		q.tls = str_span(&k->tls.protocol);
		q.binding = str_span(&k->tls.binding);
		q.cert = str_span(&k->tls.cert);
	}
	k->asking = true;
	r = auth_open(&k->auth) < 0 ? AUTH_FAIL : auth_start(&k->auth, &q);
	str_wipe(&initial);
	return answer(k, r);
}

static int
on_response(struct keeper *k, struct span record)
{
	struct str data = STR_INIT;
	int r = -1;

	if (k->asking && !k->known) {
		record_get(record, "data", &data);
		r = answer(k, auth_continue(&k->auth, str_span(&data)));
	}
	str_wipe(&data);
	return r;
}

static int
on_cancel(struct keeper *k, struct span record)
{
	(void)record;
	if (!k->asking || k->known)
		return -1;
	auth_cancel(&k->auth);
	k->auth.code = AUTH_CANCELLED;
	return answer(k, AUTH_FAIL);
}

static const struct {
	const char *verb;
	int (*handle)(struct keeper *k, struct span record);
} requests[] = {
	{ "auth", on_auth },
	{ "response", on_response },
	{ "cancel", on_cancel },
	{ "tls", on_tls },
};

static int
request_handle(struct keeper *k, struct span record)
{
	for (size_t i = 0; i < COUNT(requests); i++)
		if (record_is(record, requests[i].verb))
			return requests[i].handle(k, record);
	return -1;
}

/* Until the front is gone, of itself or because it does not behave. */
static void
relay(struct keeper *k)
{
	int fds[FDS_MAX];
	size_t count;

	for (int n = 0; n < PACKETS_MAX; n++) {
		int r = sock_receive(k->front, 0, &k->packet, fds, &count);

		while (r > 0 && count > 0)
			close(fds[--count]);
		if (r == 0)
			return;
		if (r < 0 || request_handle(k, str_span(&k->packet)) < 0)
			break;
	}
	kill(k->pid, SIGKILL);
}

static int
front_start(struct keeper *k)
{
	struct front f = { .imap = k->imap,
		.tls = k->has_tls,
		.local = fact_is_local(),
		.cert = k->tls.cert.len > 0 };
	struct str path = STR_INIT;
	struct timeval limit = { 0 };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	conf_limits(k->login->etc, &f.limits, NULL, NULL);
	str_setf(&path, "%s/tls", dir_run());
	f.tls_possible = !k->has_tls && access(path.at, F_OK) == 0;
	str_free(&path);
	k->pid = fork();
	if (k->pid == 0) {
		close(ends[0]);
		f.keeper = ends[1];
		front_run(&f);
	}
	close(ends[1]);
	k->front = ends[0];
	limit.tv_sec = (time_t)f.limits.login_time + GRACE_S;
	setsockopt(k->front, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return k->pid < 0 ? -1 : 0;
}

static bool
service_read(struct keeper *k)
{
	const char *service = fact("SERVICE");

	k->imap = strncmp(service, "pop3", 4) != 0;
	k->service = k->imap ? "imap" : "pop3";
	return service[0] != '\0' && service[strlen(service) - 1] == 's';
}

static int
succeed(struct keeper *k)
{
	const struct str *path = k->imap ? &k->login->imapd : &k->login->pop3d;
	struct heir h = { .program = path->at,
		.imap = k->imap,
		.utf8 = k->utf8,
		.tag = k->tag.at,
		.account = &k->auth };

	attempt_log(k, "ok");
	close(k->front);
	keeper_become(&h);
}

int
keeper_session(void *arg)
{
	struct keeper k = { .login = arg,
		.packet = STR_INIT,
		.reply = STR_INIT,
		.mechanism = STR_INIT,
		.tag = STR_INIT,
		.name = STR_INIT,
		.auth = { .sock = -1, .user = STR_INIT } };
	int status;

	tls_session_init(&k.tls);
	if (service_read(&k) && tls_take(&k) < 0)
		return DONE;
	if (front_start(&k) < 0)
		die(TEMP, "start the front");
	relay(&k);
	while (waitpid(k.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (k.known && WIFEXITED(status) && WEXITSTATUS(status) == DONE)
		return succeed(&k);
	if (k.known)
		attempt_log(&k, "gone");
	if (WIFSIGNALED(status)) {
		struct logline l;

		log_start(&l, "front");
		log_peer(&l);
		log_number(&l, "signal", WTERMSIG(status));
		log_write(&l);
		return TEMP;
	}
	return WEXITSTATUS(status) == DONE ? DONE : WEXITSTATUS(status);
}
