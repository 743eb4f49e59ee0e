#include "context.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"

enum { PEM_MAX = 1 << 20 };

/* TLS 1.2: forward secrecy only. The CBC ciphers are for older Outlook and for
 * mail servers that have nothing better (RFC 9325 4.2 asks for the others
 * first). */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES";
/* TLS 1.3: SHA-256 makes a handshake cheaper on both sides, and nobody breaks
 * AES-128. */
static const char suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
			     "TLS_CHACHA20_POLY1305_SHA256";
static const char groups[] = "X25519:P-256:P-384";

const char *
context_error(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return text != NULL ? text : "unknown error";
}

SSL_CTX *
context_new(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	/* RFC 8996: nothing below TLS 1.2. */
	if (c == NULL ||
	    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(c, ciphers) != 1 ||
	    SSL_CTX_set_ciphersuites(c, suites) != 1 ||
	    SSL_CTX_set1_groups_list(c, groups) != 1)
		die(TEMP, "prepare TLS: %s", context_error());
	SSL_CTX_set_options(c,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CIPHER_SERVER_PREFERENCE |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 1);
	SSL_CTX_set_read_ahead(c, 1);
	return c;
}

/* No pass phrase is ever asked for. */
static int
no_phrase(char *into, int size, int writing, void *arg)
{
	(void)into, (void)size, (void)writing, (void)arg;
	return -1;
}

static int
file_read(int dir, const char *name, struct str *text_r)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -1;
	r = read_all(fd, PEM_MAX, text_r);
	close(fd);
	return r;
}

/* The leaf and then the chain; 0 or -1. */
static int
chain_use(void *into, BIO *pem)
{
	struct credentials *c = into;
	X509 *x;

	c->leaf = PEM_read_bio_X509(pem, NULL, no_phrase, NULL);
	c->chain = sk_X509_new_null();
	if (c->leaf == NULL || c->chain == NULL)
		return -1;
	while ((x = PEM_read_bio_X509(pem, NULL, no_phrase, NULL)) != NULL)
		if (sk_X509_push(c->chain, x) <= 0) {
			X509_free(x);
			return -1;
		}
	ERR_clear_error(); /* "no start line": the end of the file */
	return 0;
}

static int
key_use(void *into, BIO *pem)
{
	struct credentials *c = into;

	c->key = PEM_read_bio_PrivateKey(pem, NULL, no_phrase, NULL);
	return c->key != NULL && X509_check_private_key(c->leaf, c->key) == 1
	    ? 0
	    : -1;
}

/* Read one file and give it to use; the text is wiped. */
static int
pem_use(void *into, int dir, const char *name, int (*use)(void *into, BIO *pem),
    struct str *why_r)
{
	struct str text = STR_INIT;
	BIO *pem;
	int r = -1;

	if (file_read(dir, name, &text) < 0) {
		str_setf(why_r, "%s: %s", name, strerror(errno));
		return -1;
	}
	pem = BIO_new_mem_buf(text.at, (int)text.len);
	if (pem != NULL)
		r = use(into, pem);
	BIO_free(pem);
	str_wipe(&text);
	if (r < 0)
		str_setf(why_r, "%s: %s", name, context_error());
	return r;
}

/* Would a handshake take them? */
static int
credentials_try(const struct credentials *c, struct str *why_r)
{
	SSL_CTX *context = context_new();
	int ok = SSL_CTX_use_cert_and_key(
	    context, c->leaf, c->key, c->chain, 1);

	if (ok != 1)
		str_setf(why_r, "cert.pem: %s", context_error());
	SSL_CTX_free(context);
	return ok == 1 ? 0 : -1;
}

int
credentials_load(struct credentials *c_r, int dir, struct str *why_r)
{
	*c_r = (struct credentials){ .leaf = NULL };
	if (pem_use(c_r, dir, "cert.pem", chain_use, why_r) == 0 &&
	    pem_use(c_r, dir, "key.pem", key_use, why_r) == 0 &&
	    credentials_try(c_r, why_r) == 0)
		return 0;
	credentials_free(c_r);
	return -1;
}

void
credentials_free(struct credentials *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	*c = (struct credentials){ .leaf = NULL };
}

static int
authorities_use(void *into, BIO *pem)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	X509 *x;

	while ((x = PEM_read_bio_X509(pem, NULL, no_phrase, NULL)) != NULL) {
		X509_NAME *name = X509_NAME_dup(X509_get_subject_name(x));

		if (X509_STORE_add_cert(store, x) != 1 ||
		    sk_X509_NAME_push(names, name) <= 0)
			X509_NAME_free(name);
		X509_free(x);
	}
	ERR_clear_error();
	if (sk_X509_NAME_num(names) <= 0) {
		X509_STORE_free(store);
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return -1;
	}
	SSL_CTX_set_cert_store(into, store);
	SSL_CTX_set_client_CA_list(into, names);
	return 0;
}

int
context_load_clients_ca(SSL_CTX *context, int dir, struct str *why_r)
{
	return pem_use(context, dir, "clients-ca.pem", authorities_use, why_r);
}
