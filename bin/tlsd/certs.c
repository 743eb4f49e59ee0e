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
#include "client.h"
#include "library.h"
#include "os/dirs.h"
#include "os/file.h"

/* A context takes 30 KB, and each child overwrites its key: contexts of up to
 * this many certificates are kept ready; with more each connection makes its
 * own. */
enum { READY_MAX = 16 };

void
certs_open(struct certs *c)
{
	str_setf(&c->path, "%s/tls", dir_etc());
	library_start(&c->keys);
	if (tickets_init(&c->tickets) < 0)
		die(TEMP, "make ticket keys");
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

static void
loaded_log(const struct certs *c, const struct keypair *p, const char *why)
{
	struct logline l;

	if (!c->parent)
		return;
	log_start(&l, "certificate");
	if (why != NULL)
		log_level(&l, LEVEL_ERROR);
	log_text(&l, "name", p->name);
	log_text(&l, "result", why == NULL ? "loaded" : "refused");
	if (why != NULL) {
		log_text(&l, "reason", why);
		log_text(&l, "former", p->own.leaf == NULL ? "none" : "kept");
	}
	log_write(&l);
}

static bool
is_kept_ready(const struct certs *c, const struct keypair *p)
{
	return p - c->pairs < READY_MAX || strcmp(p->name, "default") == 0;
}

/* Reload one pair; on failure the old one stays. */
static void
pair_load(struct certs *c, int dir, struct keypair *p)
{
	struct loading l = { p->name, c->clients != NULL,
		c->parent && is_kept_ready(c, p), &c->tickets, c->keys };
	struct credentials fresh;
	struct str why = STR_INIT;

	if (credentials_load(&fresh, dir, &l, &why) < 0) {
		loaded_log(c, p, why.at);
		str_free(&why);
		return;
	}
	credentials_free(&p->own);
	p->own = fresh;
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
		*p = (struct keypair){ .name = mem_text(span_text(name)),
			.own = { .chain = STR_INIT } };
	}
	if (p != NULL &&
	    (!stamp_same(&p->cert, &cert) || !stamp_same(&p->key, &key))) {
		p->cert = cert;
		p->key = key;
		pair_load(c, dir, p);
	}
	close(dir);
}

/* Drop the pairs of removed folders. */
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

/* Contexts are recreated when asking for client certificates changes. */
static void
clients_set(struct certs *c, X509_STORE *clients)
{
	if ((clients == NULL) != (c->clients == NULL))
		for (size_t i = 0; i < c->count; i++)
			c->pairs[i].cert = (struct stamp){ 0 };
	X509_STORE_free(c->clients);
	c->clients = clients;
}

/* If the authorities can't be read, the former ones stay in force. */
static void
authorities_refresh(struct certs *c, int tls)
{
	struct stamp now = stamp_of(tls, "clients-ca.pem");
	struct str why = STR_INIT;
	X509_STORE *fresh = NULL;
	struct logline l;

	if (stamp_same(&now, &c->authorities))
		return;
	c->authorities = now;
	if (now.inode != 0)
		fresh = client_authorities(tls, &why);
	if (now.inode == 0 || fresh != NULL) {
		clients_set(c, fresh);
	} else if (c->parent) {
		log_start(&l, "authorities");
		log_level(&l, LEVEL_ERROR);
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
certs_rotate(struct certs *c)
{
	if (!tickets_rotate(&c->tickets))
		return;
	for (size_t i = 0; i < c->count; i++)
		credentials_renew_tickets(&c->pairs[i].own, &c->tickets);
}

struct tls *
certs_context(struct certs *c, struct keypair *p, const char *service,
    const char *alpn, struct str *why_r)
{
	struct terms t = { p->name, service, alpn,
		credentials_ask(service, c->clients != NULL) };
	struct tls *ready = credentials_ready(&p->own, &t);

	return ready != NULL
	    ? ready
	    : credentials_make(&p->own, &t, &c->tickets, why_r);
}

void
certs_wipe(struct certs *c)
{
	for (size_t i = 0; i < c->count; i++)
		credentials_forget(&c->pairs[i].own);
	tickets_wipe(&c->tickets);
}

/* The folder of the file that a path resolves to. */
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
