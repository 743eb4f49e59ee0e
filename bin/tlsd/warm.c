/* The handshake with ourselves: see context.h. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "context.h"

enum { ROUNDS_MAX = 20, PIPE = 32768 };

/* One direction, in memory. */
struct pipe {
	char bytes[PIPE];
	size_t at, len;
};

struct end {
	struct pipe *in, *out;
};

static ssize_t
end_read(struct tls *tls, void *into, size_t room, void *arg)
{
	struct pipe *p = ((struct end *)arg)->in;
	size_t n = p->len < room ? p->len : room;

	(void)tls;
	if (n == 0)
		return TLS_WANT_POLLIN;
	memcpy(into, p->bytes + p->at, n);
	p->at += n;
	p->len -= n;
	return (ssize_t)n;
}

static ssize_t
end_write(struct tls *tls, const void *bytes, size_t len, void *arg)
{
	struct pipe *p = ((struct end *)arg)->out;
	size_t room = PIPE - p->at - p->len;

	(void)tls;
	if (len > room)
		len = room;
	memcpy(p->bytes + p->at + p->len, bytes, len);
	p->len += len;
	return len > 0 ? (ssize_t)len : TLS_WANT_POLLOUT;
}

static struct tls *
client_new(uint32_t version)
{
	struct tls_config *config = tls_config_new();
	struct tls *client = tls_client();

	if (config == NULL || client == NULL ||
	    tls_config_set_protocols(config, version) < 0)
		die(TEMP, "prepare TLS");
	tls_config_insecure_noverifycert(config);
	tls_config_insecure_noverifyname(config);
	if (tls_configure(client, config) < 0)
		die_text(TEMP, "prepare TLS: %s", tls_error(client));
	tls_config_free(config);
	return client;
}

/* Both sides in turn until neither waits for the other; then one byte each way,
 * to initialise the record layer too. */
static void
talk(struct tls *server, struct tls *client)
{
	char byte = 'x';

	for (int i = 0; i < ROUNDS_MAX; i++)
		if (tls_handshake(client) == 0 && tls_handshake(server) == 0)
			break;
	tls_write(server, &byte, 1);
	tls_read(client, &byte, 1);
	tls_write(client, &byte, 1);
	tls_read(server, &byte, 1);
}

static void
warm_version(const struct context *x, uint32_t version)
{
	struct pipe *there = mem_new(sizeof *there),
		    *back = mem_new(sizeof *back);
	struct end ours = { there, back }, others = { back, there };
	struct tls *client = client_new(version), *server;

	*there = *back = (struct pipe){ .len = 0 };
	if (tls_accept_cbs(x->tls, &server, end_read, end_write, &ours) < 0 ||
	    tls_connect_cbs(client, end_read, end_write, &others, "x") < 0)
		die_text(TEMP, "prepare TLS: %s", tls_error(client));
	talk(server, client);
	tls_close(server);
	tls_free(server);
	tls_free(client);
	free(there);
	free(back);
}

void
context_warm(const struct context *x)
{
	warm_version(x, TLS_PROTOCOL_TLSv1_2);
	warm_version(x, TLS_PROTOCOL_TLSv1_3);
}
