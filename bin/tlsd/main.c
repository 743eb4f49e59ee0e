/* tlsd: holds the private keys; does the TLS handshake of a connection whose
 * descriptor another program passes to it, and gives back a plaintext one.
 *	descriptor 0	a listening SOCK_SEQPACKET socket, or anything else:
 *			then it binds CHAINMAIL_RUN/tls; 3: systemd's socket
 *	descriptor 2	the log
 * Runs as chainmail-tls, the only reader of CHAINMAIL_ETC/tls. One process per
 * connection, forked from a fully prepared one. Exit codes: 0 ended by SIGTERM,
 * 64 usage, 75 temporary, 78 configuration. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "handshake.h"
#include "missing.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/serve.h"
#include "os/share.h"
#include "relay.h"
#include "sandbox.h"

static const char help[] =
    "usage: tlsd\n"
    "Holds the private keys: takes a connection at CHAINMAIL_RUN/tls, does\n"
    "the handshake, and gives back plain text.\n"
    "A service; chainmail-service(8) starts it.\n"
    "See chainmail-tlsd(8).\n";

enum {
	CHILDREN_MAX = 20000,
	STALL_MS = 900000, /* without acknowledgement or progress */
	DRAIN_MS = 300000, /* for the program's last output */
};

struct tlsd {
	struct certs certs;
	struct missing missing;
};

static void
connection_prepare(int tcp)
{
	int one = 1;
	unsigned stall = STALL_MS;

	setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	/* The kernel knows whether a client receives the data, including a slow
	 * one's last byte. */
	setsockopt(tcp, IPPROTO_TCP, TCP_USER_TIMEOUT, &stall, sizeof stall);
}

/* The connection's own process: first everything that needs more than the
 * connection, then the sandbox, then the client's first byte. */
static int
session(void *arg)
{
	struct tlsd *t = arg;
	struct handshake h = HANDSHAKE_INIT(&t->certs);
	int plain[2];

	h.certs->parent = false;
	close(1);
	close(t->missing.fd);
	if (handshake_request(&h, 0) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, plain) < 0)
		return TEMP;
	certs_refresh_known(h.certs);
	connection_prepare(h.tcp);
	connection_sandbox();

	if (handshake_run(&h) < 0) {
		handshake_answer(&h, -1);
		_exit(DATA);
	}
	handshake_answer(&h, plain[1]);
	close(plain[1]);
	close(0);
	certs_wipe(h.certs);
	relay_run(&h.wire, plain[0], DRAIN_MS);
	_exit(DONE); /* the kernel cleans up */
}

static void
tick(void *arg)
{
	struct tlsd *t = arg;

	certs_refresh(&t->certs);
	certs_rotate(&t->certs);
	missing_tell(&t->missing, &t->certs);
}

int
main(int argc, char **argv)
{
	struct tlsd t = { .certs = { .path = STR_INIT, .parent = true } };
	struct serve how = {
		.session = session, .arg = &t, .tick = tick, .max = CHILDREN_MAX
	};
	struct str path = STR_INIT;

	share_pages();
	proc_start(argv[0], 4);
	help_answer(argc, argv, help);
	if (argc != 1)
		help_usage(help);
	certs_open(&t.certs);
	certs_refresh(&t.certs);
	missing_open(&t.missing);
	missing_tell(&t.missing, &t.certs);
	str_setf(&path, "%s/tls", dir_run());
	serve_bind(path.at, SOCK_SEQPACKET);
	str_free(&path);
	parent_sandbox(&t.certs);
	return serve(&how);
}
