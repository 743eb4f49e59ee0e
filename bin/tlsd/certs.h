/* The certificates: one folder each below CHAINMAIL_ETC/tls, with cert.pem and
 * key.pem. The folder's name is the host name it serves; `default` answers when
 * no other fits. */
#ifndef TLSD_CERTS_H
#define TLSD_CERTS_H

#include <openssl/ssl.h>
#include <sys/stat.h>

#include "base/str.h"
#include "context.h"
#include "tickets.h"

enum { BINDING_MAX = 64 };

/* What tells one state of a file from another. */
struct stamp {
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct keypair {
	char *name;
	struct stamp cert, key; /* of the files last tried */
	struct credentials own; /* own.leaf NULL: none have worked yet */
	/* tls-server-end-point (RFC 5929 4.1) */
	unsigned char binding[BINDING_MAX];
	unsigned binding_len;
};

struct certs {
	struct str path; /* the folder of folders */
	struct keypair *pairs;
	size_t count;
	struct stamp folder;      /* names came or went */
	struct stamp authorities; /* of clients-ca.pem */
	bool clients;             /* there are authorities for clients */
	bool parent;              /* logs, and warms what it loads */
	SSL_CTX *context;         /* no certificate: the hello chooses */
	struct tickets tickets;
};

void certs_open(struct certs *c);
/* Look at the files and load what has changed. A pair that can't be loaded
 * keeps its former certificate in force. */
void certs_refresh(struct certs *c);
/* The same for one connection, with fewer questions: is any file that we know
 * another one now, or did any folder come or go? */
void certs_refresh_known(struct certs *c);
/* The pair for a host name (any case, may be empty), or NULL when there is no
 * certificate at all. */
struct keypair *certs_find(struct certs *c, struct span name);
/* Forget every private key and ticket key; connections made before go on. */
void certs_wipe(struct certs *c);
/* Is reading this path needed for later changes? Calls seen() for each folder
 * that holds a certificate, symbolic links resolved. */
void certs_folders(const struct certs *c,
    void (*seen)(const char *folder, void *arg), void *arg);

#endif
