/* tlsd: holds the private keys; does the TLS handshake of a connection whose
 * descriptor another program passes to it, and gives back a plaintext one.
 *	descriptor 0	a listening SOCK_SEQPACKET socket, or anything else:
 *			then it binds CHAINMAIL_RUN/tls; 3: systemd's socket
 *	descriptor 2	the log
 * Runs as chainmail-tls, the only reader of CHAINMAIL_ETC/tls. One process per
 * connection, forked from one that has everything prepared.
 * Exit codes: 0 ended by SIGTERM, 64 usage, 75 temporary, 78 configuration. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/die.h"
#include "context.h"
#include "handshake.h"
#include "heap.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/serve.h"
#include "relay.h"
#include "sandbox.h"

enum { CHILDREN_MAX = 20000 };

/* The connection's own process: first everything that needs more than the
 * connection, then the sandbox, then the client's first byte. */
static int
session(void *arg)
{
	struct handshake h = { .certs = arg,
		.service = STR_INIT,
		.alpn = STR_INIT,
		.peer = STR_INIT,
		.sni = STR_INIT };
	int plain[2], one = 1;

	h.certs->parent = false;
	close(1);
	if (handshake_request(&h, 0) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, plain) < 0)
		return TEMP;
	certs_refresh_known(h.certs);
	setsockopt(h.tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	connection_sandbox();

	if (handshake_run(&h) < 0) {
		handshake_answer(&h, -1);
		_exit(DATA);
	}
	handshake_answer(&h, plain[1]);
	close(plain[1]);
	close(0);
	SSL_certs_clear(h.ssl);
	certs_wipe(h.certs);
	relay_run(h.ssl, h.tcp, plain[0]);
	_exit(DONE); /* nothing to clean up that the kernel does not */
}

static void
tick(void *arg)
{
	struct certs *c = arg;

	certs_refresh(c);
	tickets_rotate(&c->tickets);
}

int
main(int argc, char **argv)
{
	struct certs certs = { .path = STR_INIT, .parent = true };
	struct serve how = { .session = session,
		.arg = &certs,
		.tick = tick,
		.max = CHILDREN_MAX };
	struct str path = STR_INIT;

	proc_start(argv[0], 4);
	if (argc != 1)
		die(USAGE, "usage: tlsd");
	OPENSSL_init_ssl(
	    OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	certs_open(&certs);
	handshake_prepare(certs.context);
	certs_refresh(&certs);
	str_setf(&path, "%s/tls", dir_run());
	serve_bind(path.at, SOCK_SEQPACKET);
	str_free(&path);
	heap_settle();
	parent_sandbox(&certs);
	return serve(&how);
}
