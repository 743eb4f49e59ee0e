#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/record.h"
#include "os/dirs.h"
#include "os/sock.h"

enum { MISSING_FRESH_S = 10 };

void
tls_place_init(struct tls_place *p)
{
	*p = (struct tls_place){ STR_INIT, STR_INIT };
	str_setf(&p->socket, "%s/tls", dir_run());
	str_setf(&p->missing, "%s/" TLS_MISSING, dir_run());
}

/* An old file was left by a tlsd that has ended; a request starts the next
 * one. */
static bool
is_missing(const struct tls_place *p)
{
	struct stat st;
	int64_t age;

	if (fstatat(AT_FDCWD, p->missing.at, &st, 0) < 0 || st.st_size == 0)
		return false;
	age = clock_wall_s() - st.st_mtim.tv_sec;
	return age > -MISSING_FRESH_S && age < MISSING_FRESH_S;
}

bool
tls_is_there(const struct tls_place *p)
{
	return faccessat(AT_FDCWD, p->socket.at, F_OK, 0) == 0 &&
	    !is_missing(p);
}

void
tls_session_init(struct tls_session *t)
{
	*t = (struct tls_session){ STR_INIT, STR_INIT, STR_INIT, STR_INIT,
		STR_INIT, STR_INIT, STR_INIT };
}

void
tls_session_free(struct tls_session *t)
{
	str_free(&t->protocol);
	str_free(&t->cipher);
	str_free(&t->sni);
	str_free(&t->alpn);
	str_free(&t->binding);
	str_free(&t->cert);
	str_free(&t->reason);
}

static int
request_send(int sock, int tcp, const char *service, const char *alpn)
{
	struct str record = STR_INIT;
	int r;

	record_verb(&record, "handshake");
	record_add_text(&record, "service", service);
	if (alpn[0] != '\0')
		record_add_text(&record, "alpn", alpn);
	record_add_text(&record, "peer", fact("TCPREMOTEIP"));
	if (fact("CONNECTION")[0] != '\0')
		record_add_text(&record, "conn", fact("CONNECTION"));
	r = sock_send(sock, str_span(&record), &tcp, 1);
	str_free(&record);
	return r;
}

/* Wait for the one answer; -1 and errno (ETIMEDOUT). */
static int
answer_wait(int sock)
{
	int64_t until = clock_mono_ms() + TLS_TIME_MS;

	for (;;) {
		struct pollfd p = { .fd = sock, .events = POLLIN };
		int64_t left = until - clock_mono_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (n == 0)
			errno = ETIMEDOUT;
		if (n == 0 || errno != EINTR)
			return -1;
	}
}

/* Take the answer apart; the descriptor, or -1. */
static int
answer_take(int sock, struct tls_session *t)
{
	struct str packet = STR_INIT;
	int fds[FDS_MAX], fd = -1;
	size_t count = 0;
	struct span line;

	if (answer_wait(sock) < 0 ||
	    sock_receive(sock, 0, &packet, fds, &count) < 0)
		str_setf(&t->reason, "tlsd: %s", strerror(errno));
	line = str_span(&packet);
	if (record_is(line, "ok") && count == 1) {
		fd = fds[--count];
		record_get(line, "protocol", &t->protocol);
		record_get(line, "cipher", &t->cipher);
		record_get(line, "sni", &t->sni);
		record_get(line, "alpn", &t->alpn);
		record_get(line, "binding", &t->binding);
		record_get(line, "cert", &t->cert);
	} else if (record_is(line, "fail")) {
		record_get(line, "reason", &t->reason);
	}
	while (count > 0)
		close(fds[--count]);
	if (fd < 0 && t->reason.len == 0)
		str_set(&t->reason, SPAN("tlsd ended without an answer"));
	str_free(&packet);
	return fd;
}

int
tls_start(
    int tcp, const char *service, const char *alpn, struct tls_session *t_r)
{
	struct str path = STR_INIT;
	int sock, fd = -1;

	str_setf(&path, "%s/tls", dir_run());
	sock = sock_connect_unix(path.at, SOCK_SEQPACKET, TLS_TIME_MS);
	if (sock < 0 || request_send(sock, tcp, service, alpn) < 0)
		str_setf(&t_r->reason, "ask %s: %s", path.at, strerror(errno));
	else
		fd = answer_take(sock, t_r);
	if (sock >= 0)
		close(sock);
	str_free(&path);
	return fd;
}
