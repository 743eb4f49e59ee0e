/* What others may do in a folder (RFC 4314). The file `acl` in the folder's
 * directory has it, so that it goes where the folder goes and ends with it; it
 * is replaced as a whole, durably, under the root's acl.lock. Its owner may do
 * everything, which is written nowhere. */
#ifndef STORE_ACL_H
#define STORE_ACL_H

#include "base/arena.h"
#include "store/store.h"

/* Bits, by their letters (RFC 4314 2.1). */
enum {
	RIGHT_LOOKUP = 1,        /* l */
	RIGHT_READ = 2,          /* r */
	RIGHT_SEEN = 4,          /* s */
	RIGHT_FLAGS = 8,         /* w: all but \Seen and \Deleted */
	RIGHT_INSERT = 16,       /* i */
	RIGHT_POST = 32,         /* p: nothing to this server */
	RIGHT_CREATE = 64,       /* k */
	RIGHT_DELETE = 128,      /* x: the folder itself */
	RIGHT_DELETED = 256,     /* t: \Deleted */
	RIGHT_EXPUNGE = 512,     /* e */
	RIGHT_ADMINISTER = 1024, /* a */
	RIGHTS_ALL = 2047,
	/* What can be given to others: all that writes nothing into the owner's
	 * mail (\Seen is each reader's own). */
	RIGHTS_GRANTABLE = RIGHT_LOOKUP | RIGHT_READ | RIGHT_SEEN,
};

enum {
	ACL_COUNT_MAX = 100, /* entries of a folder */
	ACL_ID_MAX = 254,    /* bytes of an address */
};

/* "lrs", in any order; c and d stand for several (2.1.1). False: a letter that
 * is no right. */
bool rights_parse(struct span text, unsigned *rights_r);
/* Append the letters, and c and d as 2.1.1 wants them. */
void rights_add(struct str *out, unsigned rights);

struct acl_entry {
	struct span id; /* "anyone", or an address in lower case */
	unsigned rights;
};
struct acl {
	struct acl_entry *at;
	size_t count;
	struct arena arena; /* what they point to */
};

/* An identifier as it is stored (id_r, replaced); false when it can be none:
 * neither "anyone" nor an address, or one of negative rights. */
bool acl_id(struct span id, struct str *id_r);

/* The file's text; false when it is no such file. Lines that are not understood
 * give nothing. */
bool acl_parse(struct span text, struct acl *a_r);
/* Append the file's text. */
void acl_format(struct str *text, const struct acl *a);
void acl_free(struct acl *a);

/* The acl of the directory at path below the directory `at`; without a file an
 * empty one. -1 and errno, EBADMSG: damaged. */
int acl_read(int at, const char *path, struct acl *a_r);
/* The entry of an id, or NULL. */
struct acl_entry *acl_find(const struct acl *a, struct span id);
/* What an account may do by it: what its address and "anyone" have. */
unsigned acl_rights(const struct acl *a, struct span user);

/* Change the rights of one id in a mailbox of this account; without any it has
 * no entry. -1 and errno: ENOENT, EINVAL, EPERM the INBOX, EACCES it is another
 * account's, E2BIG too many entries, EAGAIN locked too long. id: as by acl_id(). */
enum acl_how { ACL_SET, ACL_ADD, ACL_REMOVE };
int acl_change(const struct store *s, struct span mailbox, struct span id,
    enum acl_how how, unsigned rights);
/* The acl of a mailbox of this account; errno as above. */
int acl_of(const struct store *s, struct span mailbox, struct acl *a_r);
/* RFC 4314 4: a new mailbox gets the acl of the nearest one above it. */
int acl_inherit(const struct store *s, struct span mailbox);

#endif
