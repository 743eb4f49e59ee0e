/* TLS, by tlsd: STARTTLS (RFC 3207) and from the first byte (RFC 8314). */
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"
#include "command.h"
#include "os/sock.h"
#include "policy.h"
#include "reply.h"
#include "transaction.h"

/* Can the connection be passed on, and is tlsd available? */
bool
starttls_offered(const struct session *s, struct str *parameters)
{
	(void)parameters;
	return !s->tls && s->io.socket_in &&
	    strcmp(fact("PROTO"), "TCP") == 0 && tls_is_there(&s->server->tls);
}

/* Never inlined: a log line takes a page of the stack. */
static __attribute__((noinline)) void
tls_log(const struct session *s)
{
	struct logline l;

	log_start(&l, "tls");
	log_peer(&l);
	if (s->tls) {
		log_span(&l, "protocol", str_span(&s->tls_facts.protocol));
		log_span(&l, "cipher", str_span(&s->tls_facts.cipher));
	} else {
		log_level(&l, LEVEL_NOTICE);
		log_span(&l, "reason", str_span(&s->tls_facts.reason));
	}
	log_text(&l, "result", s->tls ? "ok" : "fail");
	log_write(&l);
}

/* Replace the connection by the plaintext side of TLS. */
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
	/* No handshake is possible on a terminal or pipe. */
	if (strcmp(fact("PROTO"), "TCP") != 0 || !s->io.socket_in)
		return true;
	return switch_to_tls(s);
}

/* RFC 3207 4.2: discard all state from before TLS. */
static void
forget(struct session *s)
{
	transaction_reset(s);
	s->state = START;
	str_clear(&s->helo);
	str_clear(&s->user);
	grant_close(&s->grant);
	s->trusted = policy_trusts(s);
}

void
starttls_run(struct session *s, struct span argument)
{
	if (argument.len > 0) {
		refuse(
		    s, "syntax", 501, "5.5.4", "STARTTLS takes no parameter");
		return;
	}
	if (s->tls) {
		refuse(s, "order", 503, "5.5.1", "TLS is already active");
		return;
	}
	if (!starttls_offered(s, NULL)) {
		refuse(s, "tls", 454, "4.7.0", "TLS is not available now");
		return;
	}
	/* RFC 3207 4.2: input before the handshake is not part of the TLS
	 * session. Discard it before the reply, which the handshake may follow
	 * at once. */
	io_discard(&s->io);
	reply(s, 220, "2.0.0", "Ready to start TLS");
	if (io_flush(&s->io) != IO_OK) {
		s->ended = true;
		return;
	}
	forget(s);
	switch_to_tls(s);
}
