/* The handshake against ourselves: see context.h. */
#include <openssl/err.h>

#include "base/die.h"
#include "context.h"

enum { ROUNDS_MAX = 20 };

static SSL_CTX *
client_new(int version)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	if (c == NULL || SSL_CTX_set_max_proto_version(c, version) != 1)
		die(TEMP, "prepare TLS: %s", context_error());
	return c;
}

/* Both sides in turn until neither waits for the other; then one byte each way,
 * which takes the record layer along. */
static void
talk(SSL *server, SSL *client)
{
	char byte = 'x';

	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < ROUNDS_MAX; i++)
		if (SSL_do_handshake(client) == 1 &&
		    SSL_do_handshake(server) == 1)
			break;
	SSL_write(server, &byte, 1);
	SSL_read(client, &byte, 1);
	SSL_write(client, &byte, 1);
	SSL_read(server, &byte, 1);
}

static void
warm_version(SSL_CTX *context, const struct credentials *c, int version)
{
	SSL_CTX *others = client_new(version);
	SSL *server = SSL_new(context), *client = SSL_new(others);
	BIO *a = NULL, *b = NULL;

	if (server == NULL || client == NULL ||
	    SSL_use_cert_and_key(server, c->leaf, c->key, c->chain, 1) != 1 ||
	    BIO_new_bio_pair(&a, 32768, &b, 32768) != 1)
		die(TEMP, "prepare TLS: %s", context_error());
	SSL_set_bio(server, a, a);
	SSL_set_bio(client, b, b);
	talk(server, client);
	SSL_shutdown(server);
	SSL_free(server);
	SSL_free(client);
	SSL_CTX_free(others);
	ERR_clear_error();
}

void
credentials_warm(const struct credentials *c)
{
	SSL_CTX *context = context_new();

	warm_version(context, c, TLS1_2_VERSION);
	warm_version(context, c, TLS1_3_VERSION);
	SSL_CTX_free(context);
}
