#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_inside.h"

enum { SECURITY_ANY = 1, SECURITY_CHECKED = 2 };
enum { USAGE_TA = 2, USAGE_EE = 3 }; /* RFC 7218 2.1 */

const char *
tls_error_text(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	ERR_clear_error();
	return text != NULL ? text : "unknown error";
}

/* Pass a name to one of the library's functions; false when it is refused. */
static bool
name_give(SSL *ssl, struct span name, int (*give)(SSL *, const char *))
{
	char *text;
	bool ok;

	if (name.len == 0 || memchr(name.at, '\0', name.len) != NULL)
		return false;
	text = mem_text(name);
	ok = give(ssl, text) == 1;
	free(text);
	return ok;
}

/* RFC 6066 3: SNI must not be an address. */
static bool
is_address(struct span name)
{
	char *text = mem_text(name);
	ASN1_OCTET_STRING *ip = a2i_IPADDRESS(text);
	bool is = ip != NULL;

	ASN1_OCTET_STRING_free(ip);
	free(text);
	ERR_clear_error();
	return is;
}

static int
server_name(SSL *ssl, const char *name)
{
	return (int)SSL_set_tlsext_host_name(ssl, name);
}

/* Add the records; returns how many are usable. RFC 7672 3.1.3: not those of
 * usage 0 and 1. */
static size_t
tlsa_add(SSL *ssl, const struct tls_wish *w)
{
	size_t usable = 0;

	for (size_t i = 0; i < w->tlsa_count; i++) {
		const struct span data = w->tlsa[i].is.tlsa.data;
		uint8_t usage = w->tlsa[i].is.tlsa.usage;

		if (usage != USAGE_TA && usage != USAGE_EE)
			continue;
		if (SSL_dane_tlsa_add(ssl, usage, w->tlsa[i].is.tlsa.selector,
			w->tlsa[i].is.tlsa.matching,
			(const unsigned char *)data.at, data.len) == 1)
			usable++;
	}
	ERR_clear_error();
	return usable;
}

/* Set the acceptable names of the certificate. */
static int
names_set(struct tls_wire *t)
{
	const struct tls_wish *w = t->wish;

	if (!name_give(t->ssl, w->server, SSL_set1_host))
		return -1;
	for (size_t i = 0; i < w->name_count; i++)
		if (!name_give(t->ssl, w->names[i], SSL_add1_host))
			return -1;
	return 0;
}

int
tls_verify_prepare(struct tls_wire *t)
{
	unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
	const struct tls_wish *w = t->wish;

	t->check = w->check;
	if (t->check == TLS_CHECK_DANE) {
		if (!name_give(t->ssl, w->server, SSL_dane_enable))
			return -1;
		if (tlsa_add(t->ssl, w) == 0)
			t->check = TLS_CHECK_NONE; /* RFC 7672 2.2, 3.1.3 */
	}
	/* RFC 8461 4.2: only a subject alternative name. RFC 7672 3.2.3 allows
	 * the common name too. */
	if (t->check == TLS_CHECK_PKIX)
		flags |= X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
	SSL_set_hostflags(t->ssl, flags);
	if ((t->check == TLS_CHECK_PKIX || t->check == TLS_CHECK_DANE) &&
	    names_set(t) < 0)
		return -1;
	/* SNI is sent even without a check: the host may need it. */
	if (w->server.len > 0 && !is_address(w->server))
		name_give(t->ssl, w->server, server_name);
	/* Without a check a weak key is still better than plain text. */
	SSL_set_security_level(t->ssl,
	    t->check == TLS_CHECK_NONE || w->lenient ? SECURITY_ANY
						     : SECURITY_CHECKED);
	SSL_set_verify(
	    t->ssl, w->lenient ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	ERR_clear_error();
	return 0;
}

static bool
pin_matches(const struct tls_wish *w, X509 *leaf)
{
	unsigned char *der = NULL, hash[SHA256_DIGEST_LENGTH];
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);

	if (len <= 0)
		return false;
	SHA256(der, (size_t)len, hash);
	OPENSSL_free(der);
	for (size_t i = 0; i < w->pin_count; i++)
		if (memcmp(w->pins[i], hash, sizeof hash) == 0)
			return true;
	return false;
}

int
tls_verify(X509_STORE_CTX *chain, void *arg)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
	    chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls_wire *t = SSL_get_app_data(ssl);
	X509 *leaf = X509_STORE_CTX_get0_cert(chain);

	(void)arg;
	switch (t->check) {
	case TLS_CHECK_NONE:
		break;
	case TLS_CHECK_PKIX:
	case TLS_CHECK_DANE:
		return X509_verify_cert(chain);
	case TLS_CHECK_PIN:
		if (leaf != NULL && pin_matches(t->wish, leaf))
			break;
		X509_STORE_CTX_set_error(
		    chain, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	X509_STORE_CTX_set_error(chain, X509_V_OK);
	return 1;
}

/* RFC 8460 4.3.1. */
static const char *
result_word(long error)
{
	switch (error) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "certificate-host-mismatch";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "certificate-expired";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_CERT_REVOKED:
	case X509_V_ERR_INVALID_CA:
		return "certificate-not-trusted";
	default:
		return "validation-failure";
	}
}

void
tls_verify_outcome(const struct tls_wire *t, struct tls_outcome *o)
{
	long error = SSL_get_verify_result(t->ssl);

	if (t->check == TLS_CHECK_NONE)
		return;
	o->authenticated = error == X509_V_OK;
	if (o->authenticated)
		return;
	o->result = result_word(error);
	if (t->check == TLS_CHECK_PIN)
		snprintf(o->text, sizeof o->text,
		    "the certificate's key is none of the pinned ones");
	else
		snprintf(o->text, sizeof o->text,
		    "the certificate is not accepted: %s",
		    X509_verify_cert_error_string(error));
}
