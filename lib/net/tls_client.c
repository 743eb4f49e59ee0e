#include "net/tls_client.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "net/tls_inside.h"

enum { PEM_MAX = 16 << 20 };
static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

/* TLS 1.2: forward secrecy first. The last are for hosts with nothing better,
 * which would get plain text otherwise (RFC 7435 3). */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:"
			      "ECDHE+AES:DHE+AES:RSA+AESGCM:RSA+AES:!aNULL";
static const char groups[] = "X25519:P-256:P-384:P-521";

struct tls_client {
	SSL_CTX *context;
	size_t authorities;
};

static SSL_CTX *
context_new(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	/* RFC 8996, RFC 8461 4.2: nothing below TLS 1.2. */
	if (c == NULL ||
	    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(c, ciphers) != 1 ||
	    SSL_CTX_set1_groups_list(c, groups) != 1 ||
	    SSL_CTX_dane_enable(c) != 1)
		die_text(TEMP, "prepare TLS: %s", tls_error_text());
	/* SMTP marks its own end, so a missing close_notify is harmless. */
	SSL_CTX_set_options(c,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(c,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	/* RFC 7672 3.1.1: with DANE-EE(3) the key alone counts, no name. */
	SSL_CTX_dane_set_flags(c, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	SSL_CTX_set_cert_verify_callback(c, tls_verify, NULL);
	return c;
}

/* All certificates of a PEM file into the store; how many there are. */
static size_t
authorities_add(X509_STORE *store, struct span text)
{
	BIO *pem = BIO_new_mem_buf(text.at, (int)text.len);
	size_t count = 0;
	X509 *x;

	while (pem != NULL &&
	    (x = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL) {
		if (X509_STORE_add_cert(store, x) == 1)
			count++;
		X509_free(x);
	}
	BIO_free(pem);
	ERR_clear_error(); /* "no start line": the end of the file */
	return count;
}

/* 0, or -1 and errno. */
static int
authorities_read(struct tls_client *c, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), r;
	struct str text = STR_INIT;

	if (fd < 0)
		return -1;
	r = read_all(fd, PEM_MAX, &text);
	close(fd);
	if (r == 0)
		c->authorities = authorities_add(
		    SSL_CTX_get_cert_store(c->context), str_span(&text));
	str_free(&text);
	return r;
}

struct tls_client *
tls_client_open(int etc)
{
	struct tls_client *c = mem_new(sizeof *c);

	OPENSSL_init_ssl(
	    OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	c->context = context_new();
	if (etc >= 0 && authorities_read(c, etc, "authorities.pem") == 0) {
		errno = 0;
		if (c->authorities == 0)
			die(CONFIG,
			    "authorities.pem holds no certificate (PEM); "
			    "remove it to trust those of the system");
		return c;
	}
	if (etc >= 0 && errno != ENOENT)
		die(errno == EACCES ? CONFIG : TEMP, "read authorities.pem");
	authorities_read(c, AT_FDCWD, system_authorities);
	errno = 0;
	return c;
}

size_t
tls_client_authorities(const struct tls_client *c)
{
	return c->authorities;
}

void
tls_client_close(struct tls_client *c)
{
	SSL_CTX_free(c->context);
	free(c);
}

SSL *
tls_client_new(struct tls_client *c)
{
	return SSL_new(c->context);
}
