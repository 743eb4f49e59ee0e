#include "certs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"
#include "context.h"
#include "os/dirs.h"
#include "os/file.h"

void
certs_open(struct certs *c)
{
	str_setf(&c->path, "%s/tls", dir_etc());
	c->front = context_new();
	if (tickets_init(&c->tickets) < 0)
		die(TEMP, "make ticket keys");
	tickets_use(c->front, &c->tickets);
	c->prepare(c->front);
}

static struct stamp
stamp_of(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0) < 0)
		return (struct stamp){ 0 };
	return (struct stamp){ st.st_ino, st.st_size, st.st_ctim };
}

static bool
stamp_same(const struct stamp *a, const struct stamp *b)
{
	return a->inode == b->inode && a->size == b->size &&
	    a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec;
}

/* RFC 5929 4.1: the leaf's hash by its own signature's hash function; SHA-256
 * in place of MD5 and SHA-1, and where the signature names none. */
static void
binding_make(struct keypair *p)
{
	X509 *leaf = SSL_CTX_get0_certificate(p->context);
	const EVP_MD *md = NULL;
	int hash = NID_undef;

	if (X509_get_signature_info(leaf, &hash, NULL, NULL, NULL) == 1 &&
	    hash != NID_undef && hash != NID_md5 && hash != NID_sha1)
		md = EVP_get_digestbynid(hash);
	if (md == NULL)
		md = EVP_sha256();
	if (X509_digest(leaf, md, p->binding, &p->binding_len) != 1)
		p->binding_len = 0;
}

static void
loaded_log(const struct certs *c, const struct keypair *p, const char *why)
{
	struct logline l;

	if (!c->parent)
		return;
	log_start(&l, "certificate");
	log_text(&l, "name", p->name);
	log_text(&l, "result", why == NULL ? "loaded" : "refused");
	if (why != NULL) {
		log_text(&l, "reason", why);
		log_text(&l, "former", p->context == NULL ? "none" : "kept");
	}
	log_write(&l);
}

/* Load one pair anew; what was there stays when it does not work. */
static void
pair_load(struct certs *c, int tls, int dir, struct keypair *p)
{
	SSL_CTX *context = context_new();
	struct str why = STR_INIT;

	if (context_load(context, dir, &why) < 0 ||
	    (c->clients && context_load_clients_ca(context, tls, &why) < 0)) {
		loaded_log(c, p, why.at);
		SSL_CTX_free(context);
		str_free(&why);
		return;
	}
	tickets_use(context, &c->tickets);
	SSL_CTX_free(p->context);
	p->context = context;
	binding_make(p);
	if (c->parent)
		context_warm(context);
	c->prepare(context);
	loaded_log(c, p, NULL);
	str_free(&why);
}

static struct keypair *
pair_named(struct certs *c, struct span name)
{
	for (size_t i = 0; i < c->count; i++)
		if (span_equal_case(span_text(c->pairs[i].name), name))
			return &c->pairs[i];
	return NULL;
}

static void
pair_refresh(struct certs *c, int tls, const char *name, bool all)
{
	struct keypair *p = pair_named(c, span_text(name));
	int dir = dir_open(tls, name);
	struct stamp cert, key;

	if (dir < 0)
		return;
	cert = stamp_of(dir, "cert.pem");
	key = stamp_of(dir, "key.pem");
	if (p == NULL && cert.inode != 0 && key.inode != 0) {
		c->pairs = mem_resize(c->pairs, c->count + 1, sizeof *c->pairs);
		p = &c->pairs[c->count++];
		*p = (struct keypair){ .name = mem_text(span_text(name)) };
	}
	if (p != NULL &&
	    (all || !stamp_same(&p->cert, &cert) ||
		!stamp_same(&p->key, &key))) {
		p->cert = cert;
		p->key = key;
		pair_load(c, tls, dir, p);
	}
	close(dir);
}

/* Folders that were removed serve no more. */
static void
pairs_drop_missing(struct certs *c, int tls)
{
	struct stat st;

	for (size_t i = c->count; i-- > 0;) {
		struct keypair *p = &c->pairs[i];

		if (fstatat(tls, p->name, &st, 0) == 0 || errno != ENOENT)
			continue;
		SSL_CTX_free(p->context);
		free(p->name);
		*p = c->pairs[--c->count];
	}
}

void
certs_refresh(struct certs *c)
{
	int tls = dir_open(AT_FDCWD, c->path.at);
	struct stamp authorities;
	struct dirent *e;
	bool all;
	DIR *d;

	if (tls < 0)
		return;
	authorities = stamp_of(tls, "clients-ca.pem");
	all = !stamp_same(&authorities, &c->authorities);
	c->authorities = authorities;
	c->clients = authorities.inode != 0;
	d = fdopendir(dup(tls));
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && e->d_type != DT_REG)
			pair_refresh(c, tls, e->d_name, all);
	if (d != NULL) {
		closedir(d);
		pairs_drop_missing(c, tls);
	}
	close(tls);
}

static struct keypair *
pair_for_host(struct certs *c, struct span name)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->pairs[i].context != NULL &&
		    X509_check_host(
			SSL_CTX_get0_certificate(c->pairs[i].context), name.at,
			name.len, 0, NULL) == 1)
			return &c->pairs[i];
	return NULL;
}

struct keypair *
certs_find(struct certs *c, struct span name)
{
	struct keypair *p = NULL;

	if (name.len > 0)
		p = pair_named(c, name);
	if (name.len > 0 && (p == NULL || p->context == NULL))
		p = pair_for_host(c, name);
	if (p == NULL || p->context == NULL)
		p = pair_named(c, SPAN("default"));
	for (size_t i = 0; i < c->count && (p == NULL || p->context == NULL);
	     i++)
		p = &c->pairs[i];
	return p == NULL || p->context == NULL ? NULL : p;
}

void
certs_wipe(struct certs *c)
{
	for (size_t i = 0; i < c->count; i++) {
		SSL_CTX_free(c->pairs[i].context);
		c->pairs[i].context = NULL;
	}
	tickets_wipe(&c->tickets);
}

/* The folder of the file that a path leads to, through symbolic links. */
static void
folder_resolve(struct span path, const char *name,
    void (*seen)(const char *folder, void *arg), void *arg)
{
	struct str file = STR_INIT;
	char *real, *slash;

	str_add(&file, path);
	str_add_byte(&file, '/');
	str_add_text(&file, name);
	str_add_text(&file, "/cert.pem");
	real = realpath(file.at, NULL);
	slash = real == NULL ? NULL : strrchr(real, '/');
	if (slash != NULL) {
		*slash = '\0';
		seen(real, arg);
	}
	free(real);
	str_free(&file);
}

void
certs_folders(const struct certs *c,
    void (*seen)(const char *folder, void *arg), void *arg)
{
	for (size_t i = 0; i < c->count; i++)
		folder_resolve(str_span(&c->path), c->pairs[i].name, seen, arg);
}
