/* TLS, by tlsd: STARTTLS (RFC 3207) and from the first byte (RFC 8314). */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"
#include "os/sock.h"
#include "session.h"

/* Can the connection be handed on, and is somebody there to take it? */
bool
starttls_offered(const struct session *s)
{
	return !s->tls && s->io.socket_in &&
	    strcmp(fact("PROTO"), "TCP") == 0 &&
	    faccessat(AT_FDCWD, s->server->tls.at, F_OK, 0) == 0;
}

static void
tls_log(const struct session *s)
{
	struct logline l;

	log_start(&l, "tls");
	log_peer(&l);
	if (s->tls) {
		log_span(&l, "protocol", str_span(&s->tls_facts.protocol));
		log_span(&l, "cipher", str_span(&s->tls_facts.cipher));
	} else {
		log_span(&l, "error", str_span(&s->tls_facts.reason));
	}
	log_number(&l, "verdict", s->tls ? DONE : TEMP);
	log_write(&l);
}

/* Put the plaintext side of TLS where the connection was. */
static bool
switch_to_tls(struct session *s)
{
	const char *service = fact("SERVICE");
	int fd = tls_start(STDIN_FILENO, service[0] == '\0' ? "smtp" : service,
	    "", &s->tls_facts);

	s->tls = fd >= 0 && dup2(fd, STDIN_FILENO) >= 0 &&
	    dup2(fd, STDOUT_FILENO) >= 0;
	tls_log(s);
	if (fd >= 0)
		close(fd);
	if (s->tls)
		io_switch(&s->io, STDIN_FILENO, STDOUT_FILENO);
	else
		s->ended = true;
	return s->tls;
}

bool
starttls_now(struct session *s)
{
	/* At a terminal or in a pipe there is nobody to shake hands with. */
	if (strcmp(fact("PROTO"), "TCP") != 0 || !s->io.socket_in)
		return true;
	return switch_to_tls(s);
}

void
starttls_run(struct session *s, struct span argument)
{
	if (argument.len > 0) {
		reply(s, 501, "5.5.4", "STARTTLS has no parameter");
		return;
	}
	if (s->tls) {
		reply(s, 503, "5.5.1", "TLS is on already");
		return;
	}
	if (!starttls_offered(s)) {
		reply(s, 454, "4.7.0", "TLS is not there now");
		return;
	}
	/* RFC 3207 4.2: what came before the handshake is not of the session
	 * after it. It goes before the reply, which the handshake may follow
	 * at once. */
	io_discard(&s->io);
	reply(s, 220, "2.0.0", "Go on");
	if (io_flush(&s->io) != IO_OK) {
		s->ended = true;
		return;
	}
	session_forget(s);
	switch_to_tls(s);
}
