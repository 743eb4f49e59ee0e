#include "credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

enum { PEM_MAX = 1 << 20 };

/* The services that programs ask for; contexts for others are created on
 * demand. */
static const struct {
	const char *name, *alpn;
} services[SERVICES] = { { "smtp", "" }, { "submission", "" },
	{ "submissions", "" }, { "imap", "imap" }, { "imaps", "imap" },
	{ "pop3", "pop3" }, { "pop3s", "pop3" } };

bool
credentials_ask(const char *service, bool clients)
{
	return clients && strcmp(service, "smtp") != 0;
}

/* RFC 5929 4.1: the leaf's hash by its own signature's hash function; SHA-256
 * in place of MD5 and SHA-1, and where the signature names none. */
static void
binding_make(struct credentials *c)
{
	const EVP_MD *md = NULL;
	int hash = NID_undef;

	if (X509_get_signature_info(c->leaf, &hash, NULL, NULL, NULL) == 1 &&
	    hash != NID_undef && hash != NID_md5 && hash != NID_sha1)
		md = EVP_get_digestbynid(hash);
	if (md == NULL)
		md = EVP_sha256();
	if (X509_digest(c->leaf, md, c->binding, &c->binding_len) != 1)
		c->binding_len = 0;
}

static int
file_read(int dir, const char *name, struct str *text_r, struct str *why_r)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? -1 : read_all(fd, PEM_MAX, text_r);

	if (r < 0)
		str_setf(why_r, "%s: %s", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return r;
}

static int
leaf_read(struct credentials *c, struct str *why_r)
{
	BIO *pem = BIO_new_mem_buf(c->chain.at, (int)c->chain.len);

	if (pem != NULL)
		c->leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	BIO_free(pem);
	ERR_clear_error();
	if (c->leaf == NULL)
		str_set(why_r, SPAN("cert.pem: there is no certificate in it"));
	return c->leaf == NULL ? -1 : 0;
}

static int
ready_fill(struct credentials *c, size_t i, const struct terms *t,
    const struct tickets *tickets, struct str *why_r)
{
	c->ready[i].terms = *t;
	return context_fill(&c->ready[i].context, str_span(&c->chain),
	    secrets_key(&c->secrets), t, tickets, why_r);
}

static int
services_ready(
    struct credentials *c, const struct loading *l, struct str *why_r)
{
	for (size_t i = 0; i < c->count; i++)
		context_open(&c->ready[i].context);
	for (size_t i = 0; i < c->count; i++) {
		struct terms t = { l->name, services[i].name, services[i].alpn,
			credentials_ask(services[i].name, l->clients) };

		if (ready_fill(c, i, &t, l->tickets, why_r) < 0)
			return -1;
	}
	return 0;
}

static void
contexts_free(struct credentials *c)
{
	while (c->count > 0)
		context_free(&c->ready[--c->count].context);
}

static void
secrets_refresh(struct credentials *c)
{
	if (c->noted)
		return;
	c->noted = true;
	secrets_note(&c->secrets);
}

static int
key_read(struct credentials *c, int dir, struct span keys, struct str *why_r)
{
	struct str pem = STR_INIT;
	int r = file_read(dir, "key.pem", &pem, why_r);

	if (r == 0)
		secrets_keep(&c->secrets, str_span(&pem), keys);
	str_wipe(&pem);
	return r;
}

int
credentials_load(struct credentials *c_r, int dir, const struct loading *l,
    struct str *why_r)
{
	int r;

	*c_r = (struct credentials){ .chain = STR_INIT };
	r = file_read(dir, "cert.pem", &c_r->chain, why_r);
	if (r == 0)
		r = leaf_read(c_r, why_r);
	if (r == 0)
		r = key_read(c_r, dir, l->keys, why_r);
	/* At least one, as a test. */
	c_r->count = l->ready ? SERVICES : 1;
	if (r == 0)
		r = services_ready(c_r, l, why_r);
	if (r < 0) {
		credentials_free(c_r);
		return -1;
	}
	binding_make(c_r);
	for (size_t i = 0; l->ready && i < c_r->count; i++)
		context_warm(&c_r->ready[i].context);
	if (l->ready)
		secrets_refresh(c_r);
	else
		contexts_free(c_r);
	return 0;
}

void
credentials_free(struct credentials *c)
{
	contexts_free(c);
	secrets_free(&c->secrets);
	X509_free(c->leaf);
	str_free(&c->chain);
	*c = (struct credentials){ .chain = STR_INIT };
}

struct tls *
credentials_ready(const struct credentials *c, const struct terms *t)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct terms *ready = &c->ready[i].terms;

		if (strcmp(ready->service, t->service) == 0 &&
		    strcmp(ready->alpn, t->alpn) == 0 && ready->asks == t->asks)
			return c->ready[i].context.tls;
	}
	return NULL;
}

struct tls *
credentials_make(struct credentials *c, const struct terms *t,
    const struct tickets *tickets, struct str *why_r)
{
	size_t i = c->count;

	c->noted = false;
	/* Replace one created on demand. */
	if (i == SERVICES)
		context_free(&c->ready[--i].context);
	context_open(&c->ready[i].context);
	c->count = i + 1;
	return ready_fill(c, i, t, tickets, why_r) < 0
	    ? NULL
	    : c->ready[i].context.tls;
}

void
credentials_renew_tickets(struct credentials *c, const struct tickets *tickets)
{
	for (size_t i = 0; i < c->count; i++)
		if (!c->ready[i].terms.asks)
			tickets_add_latest(tickets, c->ready[i].context.config);
}

void
credentials_forget(struct credentials *c)
{
	for (size_t i = 0; i < c->count; i++)
		tickets_forget(c->ready[i].context.config);
	if (c->count > 0)
		secrets_refresh(c);
	secrets_wipe(&c->secrets);
}
