/* What the asker and the log learn of a handshake: see handshake.h. */
#include <openssl/x509v3.h>

#include "base/encode.h"
#include "base/log.h"
#include "base/record.h"
#include "handshake.h"
#include "os/sock.h"

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

/* The verified certificate's mail address and subject as RFC 2253 writes it;
 * nothing when there is none or it does not verify. */
static void
client_subject(SSL *ssl, struct str *text)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);
	BIO *b = BIO_new(BIO_s_mem());
	char *at;
	long len;

	if (cert != NULL && b != NULL &&
	    SSL_get_verify_result(ssl) == X509_V_OK) {
		mail_name_add(cert, text);
		X509_NAME_print_ex(b, X509_get_subject_name(cert), 0,
		    XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
		len = BIO_get_mem_data(b, &at);
		if (len > 0)
			str_add(text, (struct span){ at, (size_t)len });
	}
	BIO_free(b);
}

static struct span
alpn_of(SSL *ssl)
{
	const unsigned char *at;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &at, &len);
	return (struct span){ at == NULL ? "" : (const char *)at, len };
}

static void
success_tell(struct handshake *h, int plain, struct logline *l)
{
	struct str record = STR_INIT, hex = STR_INIT, cert = STR_INIT;
	const char *protocol = SSL_get_version(h->ssl);
	const char *cipher = SSL_get_cipher_name(h->ssl);

	hex_encode(&hex,
	    (struct span){
		(const char *)h->pair->binding, h->pair->binding_len });
	client_subject(h->ssl, &cert);
	record_verb(&record, "ok");
	record_add_text(&record, "protocol", protocol);
	record_add_text(&record, "cipher", cipher);
	log_text(l, "protocol", protocol);
	log_text(l, "cipher", cipher);
	if (h->sni.len > 0)
		record_add(&record, "sni", str_span(&h->sni));
	if (alpn_of(h->ssl).len > 0) {
		record_add(&record, "alpn", alpn_of(h->ssl));
		log_span(l, "alpn", alpn_of(h->ssl));
	}
	record_add(&record, "binding", str_span(&hex));
	if (cert.len > 0) {
		record_add(&record, "cert", str_span(&cert));
		log_span(l, "cert", str_span(&cert));
	}
	log_number(l, "resumed", SSL_session_reused(h->ssl));
	sock_send(h->asker, str_span(&record), &plain, 1);
	str_free(&record);
	str_free(&hex);
	str_free(&cert);
}

static void
failure_tell(struct handshake *h, struct logline *l)
{
	struct str record = STR_INIT;

	record_verb(&record, "fail");
	record_add_text(&record, "reason", h->reason);
	sock_send(h->asker, str_span(&record), NULL, 0);
	log_text(l, "reason", h->reason);
	str_free(&record);
}

void
handshake_answer(struct handshake *h, int plain)
{
	struct logline l;

	log_start(&l, "handshake");
	log_text(&l, "result", plain < 0 ? "fail" : "ok");
	log_span(&l, "client", str_span(&h->peer));
	log_span(&l, "service", str_span(&h->service));
	if (h->sni.len > 0)
		log_span(&l, "sni", str_span(&h->sni));
	if (plain < 0)
		failure_tell(h, &l);
	else
		success_tell(h, plain, &l);
	log_write(&l);
}
