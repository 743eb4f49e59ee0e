/* See library.h. libtls gives no access to OpenSSL's contexts, so the linker
 * redirects a call that it makes for each of them to here (--wrap in the
 * Makefile). With LibreSSL's own libtls nothing here is called. */
#include "library.h"

#include <openssl/ssl.h>
#include <stdint.h>
#include <string.h>
#include <tls.h>

#include "base/die.h"

/* TLS 1.3: SHA-256 makes a handshake cheaper on both sides, and nobody breaks
 * AES-128. */
static const char suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
			     "TLS_CHACHA20_POLY1305_SHA256";

typedef int ticket_keys(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, HMAC_CTX *mac, int seal);

long __real_SSL_CTX_callback_ctrl(
    SSL_CTX *context, int command, void (*function)(void));
long __wrap_SSL_CTX_callback_ctrl(
    SSL_CTX *context, int command, void (*function)(void));

#ifndef LIBRESSL_VERSION_NUMBER
enum {
	KEYS_ROOM = 512 << 10, /* a key and its contexts take 3-30 KB */
	KEYS_PIECE = 256,
	PAGE = 4096,
};

/* OpenSSL tells whether an address is in its secure heap, not where the heap
 * is. */
static struct span
keys_apart(void)
{
	char *piece, *from, *to;

	if (CRYPTO_secure_malloc_init(KEYS_ROOM, KEYS_PIECE) == 0 ||
	    (piece = OPENSSL_secure_malloc(1)) == NULL)
		die(TEMP, "memory for keys");
	from = to = piece - (uintptr_t)piece % PAGE;
	while (CRYPTO_secure_allocated(from - PAGE))
		from -= PAGE;
	while (CRYPTO_secure_allocated(to))
		to += PAGE;
	OPENSSL_secure_free(piece);
	return (struct span){ from, (size_t)(to - from) };
}
#else
static struct span
keys_apart(void)
{
	return (struct span){ NULL, 0 };
}
#endif

void
library_start(struct span *keys_r)
{
	*keys_r = keys_apart();
	OPENSSL_init_ssl(
	    OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	if (tls_init() < 0)
		die(TEMP, "prepare TLS");
}

/* POSIX lets a function's address fit into a `void *`; ISO C has no
 * conversion. */
_Static_assert(sizeof(void (*)(void)) == sizeof(void *), "kept by a pointer");

/* libtls' function to seal tickets returns 0 on success, as LibreSSL requires;
 * OpenSSL takes that for "no ticket", so that no session could be resumed. */
static int
keys_given(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, HMAC_CTX *mac, int seal)
{
	const void *kept = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	ticket_keys *theirs;
	int r;

	memcpy(&theirs, &kept, sizeof theirs);
	r = theirs(ssl, name, iv, cipher, mac, seal);
	return seal && r == 0 ? 1 : r;
}

/* An idle connection keeps no buffers; one ticket is enough; a client without
 * AES in its processor may have ChaCha20. */
static void
server_tune(SSL_CTX *context)
{
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(
	    context, SSL_OP_NO_COMPRESSION | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_num_tickets(context, 1);
	SSL_CTX_set_ciphersuites(context, suites);
}

long
__wrap_SSL_CTX_callback_ctrl(
    SSL_CTX *context, int command, void (*function)(void))
{
	if (command == SSL_CTRL_SET_TLSEXT_SERVERNAME_CB)
		server_tune(context);
	if (command == SSL_CTRL_SET_TLSEXT_TICKET_KEY_CB) {
		void *kept;

		memcpy(&kept, &function, sizeof kept);
		SSL_CTX_set_app_data(context, kept);
		function = (void (*)(void))keys_given;
	}
	return __real_SSL_CTX_callback_ctrl(context, command, function);
}
