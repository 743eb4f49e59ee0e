/* The certificates: one folder each below CHAINMAIL_ETC/tls, with cert.pem and
 * key.pem. The folder's name is the host name it serves; `default` answers when
 * no other fits. */
#ifndef TLSD_CERTS_H
#define TLSD_CERTS_H

#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include "base/str.h"
#include "credentials.h"
#include "tickets.h"

/* Identifies a version of a file. */
struct stamp {
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct keypair {
	char *name;
	struct stamp cert, key; /* of the files last tried */
	struct credentials own; /* own.leaf NULL: none loaded yet */
};

struct certs {
	struct str path; /* the folder of folders */
	struct keypair *pairs;
	size_t count;
	struct stamp folder;      /* changes with added or removed names */
	struct stamp authorities; /* of clients-ca.pem */
	X509_STORE *clients;      /* the authorities; NULL: there are none */
	bool parent;              /* the parent, which logs and warms what it
				   * loads */
	struct tickets tickets;
	struct span keys; /* memory of keys: library.h */
};

void certs_open(struct certs *c);
/* Check the files and load changed ones. A pair that can't be loaded keeps its
 * former certificate in force. */
void certs_refresh(struct certs *c);
/* The same for one connection, with fewer system calls: checks only known
 * files, and for new or removed folders. */
void certs_refresh_known(struct certs *c);
/* The pair for a host name (any case, may be empty), or NULL when there is no
 * certificate at all. */
struct keypair *certs_find(struct certs *c, struct span name);
/* The context of a pair for this service and protocol; NULL and why_r when it
 * can't be made. */
struct tls *certs_context(struct certs *c, struct keypair *p,
    const char *service, const char *alpn, struct str *why_r);
/* Rotate the tickets' key when it is due. */
void certs_rotate(struct certs *c);
/* Wipe all private keys and ticket keys; existing connections continue, new
 * ones can't be made. */
void certs_wipe(struct certs *c);
/* Call seen() for each folder that must stay readable for later changes,
 * symbolic links resolved. */
void certs_folders(const struct certs *c,
    void (*seen)(const char *folder, void *arg), void *arg);

#endif
