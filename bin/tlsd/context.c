#include "context.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/die.h"

/* TLS 1.2: forward secrecy only. The CBC ciphers are for older Outlook and for
 * mail servers that have nothing better (RFC 9325 4.2 asks for the others
 * first). */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES";
static const char groups[] = "X25519,P-256,P-384";

struct span
context_reason(const char *error)
{
	struct span text = span_text(error != NULL ? error : "unknown error");

	for (size_t i = text.len; i-- > 0;)
		if (text.at[i] == ':') {
			text = span_from(text, i + 1);
			break;
		}
	while (text.len > 0 && text.at[0] == ' ')
		text = span_from(text, 1);
	return text;
}

/* A session of one service or certificate is never resumed at another (the
 * ALPACA attack): the id is derived from both. */
static int
session_set(struct tls_config *c, const struct terms *t)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	struct str text = STR_INIT;

	str_addf(&text, "%s %s", t->service, t->certificate);
	SHA256((const unsigned char *)text.at, text.len, hash);
	str_free(&text);
	return tls_config_set_session_id(c, hash, sizeof hash);
}

static int
tickets_set(
    struct tls_config *c, const struct terms *t, const struct tickets *tickets)
{
	/* A resumed session has the client's certificate without its
	 * intermediates, so it could not be verified. */
	if (t->asks)
		return 0;
	return session_set(c, t) < 0 ||
		tls_config_set_session_lifetime(c, TICKET_LIFE_S) < 0
	    ? -1
	    : tickets_add(tickets, c);
}

static int
config_fill(struct tls_config *c, struct span chain, struct span key,
    const struct terms *t, const struct tickets *tickets)
{
	tls_config_prefer_ciphers_server(c);
	if (t->asks) {
		/* An unknown certificate is no reason to refuse a client; it is
		 * verified later. */
		tls_config_verify_client_optional(c);
		tls_config_insecure_noverifycert(c);
	}
	/* RFC 8996: nothing below TLS 1.2. */
	if (tls_config_set_protocols(
		c, TLS_PROTOCOL_TLSv1_2 | TLS_PROTOCOL_TLSv1_3) < 0 ||
	    tls_config_set_ciphers(c, ciphers) < 0 ||
	    tls_config_set_ecdhecurves(c, groups) < 0 ||
	    (t->alpn[0] != '\0' && tls_config_set_alpn(c, t->alpn) < 0) ||
	    tickets_set(c, t, tickets) < 0)
		return -1;
	return tls_config_set_keypair_mem(c, (const uint8_t *)chain.at,
	    chain.len, (const uint8_t *)key.at, key.len);
}

void
context_open(struct context *x_r)
{
	x_r->config = tls_config_new();
	x_r->tls = tls_server();
	if (x_r->config == NULL || x_r->tls == NULL)
		die(TEMP, "prepare TLS");
}

int
context_fill(struct context *x, struct span chain, struct span key,
    const struct terms *t, const struct tickets *tickets, struct str *why_r)
{
	const char *error = NULL;

	if (config_fill(x->config, chain, key, t, tickets) < 0)
		error = tls_config_error(x->config);
	else if (tls_configure(x->tls, x->config) < 0)
		error = tls_error(x->tls);
	else {
		tls_config_clear_keys(x->config);
		return 0;
	}
	str_set(why_r, context_reason(error));
	return -1;
}

void
context_free(struct context *x)
{
	tls_free(x->tls);
	tls_config_free(x->config);
	*x = (struct context){ .tls = NULL };
}
