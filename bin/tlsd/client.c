#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

enum { PEM_MAX = 1 << 20, AUTH_LEVEL = 2 };

/* All certificates of a PEM text. */
static STACK_OF(X509) * certificates_read(struct span text)
{
	STACK_OF(X509) *all = sk_X509_new_null();
	BIO *pem = BIO_new_mem_buf(text.at, (int)text.len);
	X509 *x;

	while (all != NULL && pem != NULL &&
	    (x = PEM_read_bio_X509(pem, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(all, x) <= 0) {
			X509_free(x);
			break;
		}
	BIO_free(pem);
	ERR_clear_error(); /* "no start line": the end */
	return all;
}

X509_STORE *
client_authorities(int dir, struct str *why_r)
{
	int fd = openat(dir, "clients-ca.pem", O_RDONLY | O_CLOEXEC);
	struct str text = STR_INIT;
	X509_STORE *store = NULL;
	STACK_OF(X509) * all;

	if (fd < 0 || read_all(fd, PEM_MAX, &text) < 0)
		str_setf(why_r, "clients-ca.pem: %s", strerror(errno));
	else
		str_set(why_r,
		    SPAN("clients-ca.pem: there is no certificate in it"));
	if (fd >= 0)
		close(fd);
	all = certificates_read(str_span(&text));
	if (sk_X509_num(all) > 0)
		store = X509_STORE_new();
	for (int i = 0; store != NULL && i < sk_X509_num(all); i++)
		X509_STORE_add_cert(store, sk_X509_value(all, i));
	sk_X509_pop_free(all, X509_free);
	str_free(&text);
	ERR_clear_error();
	return store;
}

/* The first mail address among the certificate's names (RFC 5280 4.2.1.6), as
 * one more part before its subject. */
static void
mail_name_add(X509 *cert, struct str *text)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(
	    cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		struct span mail;

		if (g->type != GEN_EMAIL)
			continue;
		mail.at = (const char *)ASN1_STRING_get0_data(g->d.rfc822Name);
		mail.len = (size_t)ASN1_STRING_length(g->d.rfc822Name);
		if (mail.len > 320 || span_find(mail, ',') < mail.len ||
		    span_find(mail, '+') < mail.len ||
		    span_find(mail, '\\') < mail.len)
			continue;
		str_add_text(text, "emailAddress=");
		str_add(text, mail);
		str_add_byte(text, ',');
		break;
	}
	GENERAL_NAMES_free(names);
}

static void
subject_add(X509 *cert, struct str *text)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *at;
	long len;

	if (b == NULL)
		return;
	X509_NAME_print_ex(b, X509_get_subject_name(cert), 0,
	    XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	len = BIO_get_mem_data(b, &at);
	if (len > 0)
		str_add(text, (struct span){ at, (size_t)len });
	BIO_free(b);
}

/* RFC 5280 6: by one of the authorities, in force, for a client of TLS, with
 * keys and hashes as strong as the handshake's own. */
static bool
verifies(X509_STORE *authorities, STACK_OF(X509) * chain)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	bool good = false;

	if (c != NULL &&
	    X509_STORE_CTX_init(
		c, authorities, sk_X509_value(chain, 0), chain) == 1 &&
	    X509_STORE_CTX_set_default(c, "ssl_client") == 1) {
		X509_VERIFY_PARAM_set_auth_level(
		    X509_STORE_CTX_get0_param(c), AUTH_LEVEL);
		good = X509_verify_cert(c) == 1;
	}
	X509_STORE_CTX_free(c);
	ERR_clear_error();
	return good;
}

void
client_subject(struct tls *tls, X509_STORE *authorities, struct str *text)
{
	size_t len = 0;
	const uint8_t *pem = tls_peer_cert_chain_pem(tls, &len);
	STACK_OF(X509) * chain;

	if (pem == NULL || authorities == NULL)
		return;
	chain = certificates_read((struct span){ (const char *)pem, len });
	if (sk_X509_num(chain) > 0 && verifies(authorities, chain)) {
		mail_name_add(sk_X509_value(chain, 0), text);
		subject_add(sk_X509_value(chain, 0), text);
	}
	sk_X509_pop_free(chain, X509_free);
}
