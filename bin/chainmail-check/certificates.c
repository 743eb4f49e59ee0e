/* Certificates and keys. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"

enum { DAY_S = 86400, SOON_DAYS = 14 };

static BIO *
pem_open(struct span text)
{
	return BIO_new_mem_buf(text.at, (int)text.len);
}

/* The first certificate of a text; NULL: there is none. */
static X509 *
leaf_read(struct span text)
{
	BIO *pem = pem_open(text);
	X509 *leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);

	BIO_free(pem);
	ERR_clear_error();
	return leaf;
}

/* Without this the library would prompt for a key's password. */
static int
no_password(char *buffer, int size, int writing, void *arg)
{
	(void)buffer, (void)size, (void)writing, (void)arg;
	return -1;
}

static EVP_PKEY *
key_read(struct span text)
{
	BIO *pem = pem_open(text);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_password, NULL);

	BIO_free(pem);
	ERR_clear_error();
	return key;
}

static void
dates_check(struct check *c, const char *name, const X509 *cert)
{
	time_t soon = time(NULL) + (time_t)SOON_DAYS * DAY_S;
	int days = 0, seconds = 0;

	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		finding_add(&c->found, MISTAKE, name, 0,
		    "the certificate is not valid yet; see the clock of this "
		    "machine, or wait");
	if (X509_cmp_current_time(X509_get0_notAfter(cert)) < 0)
		finding_add(&c->found, MISTAKE, name, 0,
		    "the certificate has expired; get a new one (see "
		    "chainmail-certificate(8))");
	else if (X509_cmp_time(X509_get0_notAfter(cert), &soon) < 0 &&
	    ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(cert)) ==
		1)
		finding_addf(&c->found, WARNING, name, 0,
		    "the certificate expires in %d day%s; see what should have "
		    "renewed it",
		    days, days == 1 ? "" : "s");
}

/* Check that the file has at least one authority. */
void
check_authorities(struct check *c, const char *name)
{
	struct str text = STR_INIT;
	X509 *first;

	if (text_read(c, name, &text)) {
		first = leaf_read(str_span(&text));
		if (first == NULL)
			finding_add(&c->found, MISTAKE, name, 0,
			    "holds no certificate (PEM); put one in, or remove "
			    "the file");
		X509_free(first);
	}
	str_free(&text);
}

/* `default` is for this host; another folder for the name that it has. */
static void
names_check(
    struct check *c, const char *cert_name, const char *folder, X509 *leaf)
{
	bool ours = strcmp(folder, "default") == 0;
	const char *host = ours ? c->me.at : folder;

	if ((c->me_good || !ours) &&
	    X509_check_host(leaf, host, strlen(host), 0, NULL) != 1)
		finding_addf(&c->found, WARNING, cert_name, 0,
		    "the certificate does not name %s, so clients that "
		    "connect to that name refuse it; get one that does",
		    host);
}

static void
key_check(struct check *c, const char *name, X509 *leaf)
{
	struct str text = STR_INIT;
	EVP_PKEY *key;

	if (text_read(c, name, &text)) {
		key = key_read(str_span(&text));
		if (key == NULL)
			finding_add(&c->found, MISTAKE, name, 0,
			    "holds no private key (PEM, without a password); "
			    "run chainmail certificate CERT KEY");
		else if (leaf != NULL && X509_check_private_key(leaf, key) != 1)
			finding_add(&c->found, MISTAKE, name, 0,
			    "is not the key of cert.pem beside it; run "
			    "chainmail certificate CERT KEY");
		EVP_PKEY_free(key);
		ERR_clear_error();
	}
	str_wipe(&text);
}

/* tls/NAME: cert.pem and key.pem. */
static void
pair_check(struct check *c, const char *folder)
{
	struct str cert = STR_INIT, key = STR_INIT, text = STR_INIT;
	X509 *leaf = NULL;

	str_setf(&cert, "tls/%s/cert.pem", folder);
	str_setf(&key, "tls/%s/key.pem", folder);
	readable_check(c, cert.at, 0, (enum person[]){ TLSD, NOBODY });
	readable_check(c, key.at, 07, (enum person[]){ TLSD, NOBODY });
	if (text_read(c, cert.at, &text)) {
		leaf = leaf_read(str_span(&text));
		if (leaf == NULL)
			finding_add(&c->found, MISTAKE, cert.at, 0,
			    "holds no certificate (PEM); run chainmail "
			    "certificate CERT KEY");
	}
	if (leaf != NULL) {
		dates_check(c, cert.at, leaf);
		names_check(c, cert.at, folder, leaf);
	}
	key_check(c, key.at, leaf);
	X509_free(leaf);
	str_free(&cert);
	str_free(&key);
	str_free(&text);
}

static bool
has(struct check *c, const char *folder, const char *name)
{
	struct str path = STR_INIT;
	bool there;

	str_setf(&path, "tls/%s/%s", folder, name);
	there = faccessat(c->etc, path.at, F_OK, 0) == 0 || errno != ENOENT;
	str_free(&path);
	return there;
}

static void
tls_entry(struct check *c, const char *name, unsigned *pairs)
{
	struct str path = STR_INIT;

	str_setf(&path, "tls/%s", name);
	if (strcmp(name, "clients-ca.pem") == 0) {
		check_authorities(c, path.at);
	} else if (has(c, name, "cert.pem") && has(c, name, "key.pem")) {
		pair_check(c, name);
		++*pairs;
	} else {
		finding_addf(&c->found, WARNING, path.at, 0,
		    "is no folder with cert.pem and key.pem, so tlsd does not "
		    "use it; run chainmail certificate CERT KEY, or remove it");
	}
	str_free(&path);
}

void
check_tls(struct check *c, const char *name)
{
	int fd = openat(c->etc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	unsigned pairs = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			tls_entry(c, e->d_name, &pairs);
	if (d != NULL && pairs == 0)
		finding_add(&c->found, MISTAKE, name, 0,
		    "holds no certificate, so nobody gets TLS; run chainmail "
		    "setup, or chainmail certificate CERT KEY");
	if (d != NULL)
		closedir(d);
}

void
check_ca(struct check *c, const char *name)
{
	struct str text = STR_INIT;
	X509 *ca;

	(void)name;
	readable_check(c, "ca/key.pem", 07, (enum person[]){ NOBODY });
	if (faccessat(c->etc, "ca/ca.pem", F_OK, 0) == 0 &&
	    text_read(c, "ca/ca.pem", &text)) {
		ca = leaf_read(str_span(&text));
		if (ca == NULL)
			finding_add(&c->found, MISTAKE, "ca/ca.pem", 0,
			    "holds no certificate (PEM); remove ca and "
			    "tls/default, and run chainmail setup");
		else
			dates_check(c, "ca/ca.pem", ca);
		X509_free(ca);
	}
	str_free(&text);
}

static void
signing_key_check(struct check *c, const char *file)
{
	struct span rest = span_text(file);
	struct str path = STR_INIT, text = STR_INIT;
	EVP_PKEY *key = NULL;

	str_setf(&path, "dkim/%s", file);
	readable_check(c, path.at, 07, (enum person[]){ NOBODY });
	if (!span_ends_case(rest, SPAN(".pem")) ||
	    span_find(span_head(rest, rest.len - 4), '.') == rest.len - 4)
		finding_add(&c->found, WARNING, path.at, 0,
		    "is not named DOMAIN.SELECTOR.pem, so nobody uses it; "
		    "rename or remove it");
	else if (text_read(c, path.at, &text) &&
	    (key = key_read(str_span(&text))) == NULL)
		finding_add(&c->found, MISTAKE, path.at, 0,
		    "holds no private key (PEM, without a password); remove "
		    "it, and run chainmail setup DOMAIN");
	EVP_PKEY_free(key);
	str_free(&path);
	str_wipe(&text);
}

void
check_dkim(struct check *c, const char *name)
{
	int fd = openat(c->etc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			signing_key_check(c, e->d_name);
	if (d != NULL)
		closedir(d);
}
