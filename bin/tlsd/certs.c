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
	c->context = context_new();
	if (tickets_init(&c->tickets) < 0)
		die(TEMP, "make ticket keys");
	tickets_use(c->context, &c->tickets);
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
	X509 *leaf = p->own.leaf;
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
		log_text(&l, "former", p->own.leaf == NULL ? "none" : "kept");
	}
	log_write(&l);
}

/* Load one pair anew; what was there stays when it does not work. */
static void
pair_load(struct certs *c, int dir, struct keypair *p)
{
	struct credentials fresh;
	struct str why = STR_INIT;

	if (credentials_load(&fresh, dir, &why) < 0) {
		loaded_log(c, p, why.at);
		str_free(&why);
		return;
	}
	credentials_free(&p->own);
	p->own = fresh;
	binding_make(p);
	if (c->parent)
		credentials_warm(&p->own);
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
pair_refresh(struct certs *c, int tls, const char *name)
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
	    (!stamp_same(&p->cert, &cert) || !stamp_same(&p->key, &key))) {
		p->cert = cert;
		p->key = key;
		pair_load(c, dir, p);
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
		credentials_free(&p->own);
		free(p->name);
		*p = c->pairs[--c->count];
	}
}

/* Authorities that can't be read leave the former ones in force. */
static void
authorities_refresh(struct certs *c, int tls)
{
	struct stamp now = stamp_of(tls, "clients-ca.pem");
	struct str why = STR_INIT;
	struct logline l;

	if (stamp_same(&now, &c->authorities))
		return;
	c->authorities = now;
	if (now.inode == 0)
		c->clients = false;
	else if (context_load_clients_ca(c->context, tls, &why) == 0)
		c->clients = true;
	else if (c->parent) {
		log_start(&l, "authorities");
		log_text(&l, "result", "refused");
		log_span(&l, "reason", str_span(&why));
		log_write(&l);
	}
	str_free(&why);
}

void
certs_refresh(struct certs *c)
{
	int tls = dir_open(AT_FDCWD, c->path.at);
	struct dirent *e;
	DIR *d;

	if (tls < 0)
		return;
	c->folder = stamp_of(tls, ".");
	authorities_refresh(c, tls);
	d = fdopendir(dup(tls));
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && e->d_type != DT_REG)
			pair_refresh(c, tls, e->d_name);
	if (d != NULL) {
		closedir(d);
		pairs_drop_missing(c, tls);
	}
	close(tls);
}

static bool
is_as_known(const struct certs *c, const char *folder, const char *name,
    const struct stamp *known)
{
	struct str path = STR_INIT;
	struct stamp now;

	str_setf(&path, "%s/%s/%s", c->path.at, folder, name);
	now = stamp_of(AT_FDCWD, path.at);
	str_free(&path);
	return stamp_same(&now, known);
}

void
certs_refresh_known(struct certs *c)
{
	bool same = is_as_known(c, ".", ".", &c->folder) &&
	    is_as_known(c, ".", "clients-ca.pem", &c->authorities);

	for (size_t i = 0; i < c->count && same; i++)
		same = is_as_known(c, c->pairs[i].name, "cert.pem",
			   &c->pairs[i].cert) &&
		    is_as_known(
			c, c->pairs[i].name, "key.pem", &c->pairs[i].key);
	if (!same)
		certs_refresh(c);
}

static struct keypair *
pair_for_host(struct certs *c, struct span name)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->pairs[i].own.leaf != NULL &&
		    X509_check_host(
			c->pairs[i].own.leaf, name.at, name.len, 0, NULL) == 1)
			return &c->pairs[i];
	return NULL;
}

struct keypair *
certs_find(struct certs *c, struct span name)
{
	struct keypair *p = NULL;

	if (name.len > 0)
		p = pair_named(c, name);
	if (name.len > 0 && (p == NULL || p->own.leaf == NULL))
		p = pair_for_host(c, name);
	if (p == NULL || p->own.leaf == NULL)
		p = pair_named(c, SPAN("default"));
	for (size_t i = 0; i < c->count && (p == NULL || p->own.leaf == NULL);
	     i++)
		p = &c->pairs[i];
	return p == NULL || p->own.leaf == NULL ? NULL : p;
}

void
certs_wipe(struct certs *c)
{
	for (size_t i = 0; i < c->count; i++) {
		EVP_PKEY_free(c->pairs[i].own.key);
		c->pairs[i].own.key = NULL;
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
