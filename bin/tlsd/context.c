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
chain_use(SSL_CTX *context, BIO *pem)
{
	X509 *x = PEM_read_bio_X509(pem, NULL, no_phrase, NULL);
	int ok = x != NULL && SSL_CTX_use_certificate(context, x) == 1;

	X509_free(x);
	SSL_CTX_clear_chain_certs(context);
	while (ok && (x = PEM_read_bio_X509(pem, NULL, no_phrase, NULL)))
		if (SSL_CTX_add0_chain_cert(context, x) != 1) {
			X509_free(x);
			ok = 0;
		}
	if (ok)
		ERR_clear_error(); /* "no start line": the end of the file */
	return ok ? 0 : -1;
}

static int
key_use(SSL_CTX *context, BIO *pem)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_phrase, NULL);
	int ok = key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1 &&
	    SSL_CTX_check_private_key(context) == 1;

	EVP_PKEY_free(key);
	return ok ? 0 : -1;
}

/* Read one file and give it to use; the text is wiped. */
static int
pem_use(SSL_CTX *context, int dir, const char *name,
    int (*use)(SSL_CTX *, BIO *), struct str *why_r)
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
		r = use(context, pem);
	BIO_free(pem);
	str_wipe(&text);
	if (r < 0)
		str_setf(why_r, "%s: %s", name, context_error());
	return r;
}

int
context_load(SSL_CTX *context, int dir, struct str *why_r)
{
	if (pem_use(context, dir, "cert.pem", chain_use, why_r) < 0)
		return -1;
	return pem_use(context, dir, "key.pem", key_use, why_r);
}

static int
authorities_use(SSL_CTX *context, BIO *pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(context);
	X509 *x;
	int count = 0;

	while ((x = PEM_read_bio_X509(pem, NULL, no_phrase, NULL))) {
		count += X509_STORE_add_cert(store, x) == 1 &&
		    SSL_CTX_add_client_CA(context, x) == 1;
		X509_free(x);
	}
	ERR_clear_error();
	return count > 0 ? 0 : -1;
}

int
context_load_clients_ca(SSL_CTX *context, int dir, struct str *why_r)
{
	return pem_use(context, dir, "clients-ca.pem", authorities_use, why_r);
}
