/* The spool: one immutable file per message, CHAINMAIL_SPOOL/new/ID. A message
 * is accepted, and may be answered with 250, only when spool_commit() has
 * returned 0. See chainmail-spool(5). */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <sys/types.h>

#include "base/id.h"
#include "base/str.h"
#include "spool/envelope.h"

struct spool {
	int tmp, new, state, bad; /* directories */
	int blank;                /* used files, see blank.h */
	int hold;                 /* held messages, not tried */
	gid_t group;              /* of new/, and so of every file in it */
};

/* Open the spool of dir_spool(), creating missing directories (mode 2770); -1
 * and errno. Call it before entering the sandbox. */
int spool_open(struct spool *s);
void spool_close(struct spool *s);
/* Open a further folder of the spool, creating it if missing; -1 and errno. */
int spool_part(const char *name);

/* Is there room for a message of size bytes (0: not known)? -1 with ENOSPC
 * when less than max(reserve, 2 x size) bytes or fewer than 1000 inodes are
 * free; of reserve and inodes at most a tenth of the file system's. Writes nothing. */
int spool_room(const struct spool *s, uint64_t size, uint64_t reserve);

/* The SMTP reply code for a failed call: 452 for ENOSPC, EDQUOT and EFBIG, else
 * 451. */
int spool_reply(int error);

/* An unnamed file in this directory, open for reading and writing (input of
 * filters); -1 and errno. */
int spool_scratch(int dir);

/* A message being written. Errors are sticky: after one, every further call
 * including spool_commit() fails with it. */
struct spool_file {
	const struct spool *spool;
	struct id id;
	struct id temporary; /* name in tmp/ */
	int fd;              /* -1: none */
	struct str pending;  /* not written yet */
	size_t header;       /* bytes before the message */
	uint64_t size;       /* bytes of the message so far */
	bool shared;         /* another program writes it too */
	int error;           /* 0, or errno of the first failure */
};

/* Create tmp/ID and write the envelope; -1 and errno (nothing is left then, and
 * neither commit nor abort is needed). */
int spool_create(struct spool_file *f, const struct spool *s,
    const struct id *id, const struct envelope *e);
/* Append bytes of the message (LF line ends); -1 and errno. */
int spool_write(struct spool_file *f, struct span bytes);
/* The descriptor, for a program that appends the rest of the message (the last
 * filter); pending bytes are written first. -1 and errno. On commit the length
 * is then taken from the file. */
int spool_share(struct spool_file *f);
/* Fill in the lengths, fsync, give the name new/ID (never replacing one), fsync
 * the directory. 0: the message is safe. -1 and errno: it is gone, whatever the
 * error (EEXIST: a message with this id exists). Closes and frees in every
 * case. */
int spool_commit(struct spool_file *f);
/* Discard the message. Does nothing when it is already closed. */
void spool_abort(struct spool_file *f);

/* Reading. */
enum spool_found {
	SPOOL_WHOLE,
	SPOOL_BROKEN, /* permanently not a valid spool file */
	SPOOL_GONE,   /* no such file (any more) */
	SPOOL_LATER,  /* can't be read now: EIO (or it ends early), ...;
		       * errno */
};
struct spool_message {
	int fd;          /* open for reading; the message is at offset header */
	uint64_t header; /* bytes before the message */
	uint64_t size;   /* bytes of the message */
};

/* Check an open spool file: a regular file, magic, version, lengths that match
 * its size. The descriptor stays the caller's. why_r (may be NULL) gets the
 * fault. */
enum spool_found spool_check(
    int fd, struct spool_message *m_r, const char **why_r);
/* The envelope of a file's first header bytes; false: malformed. */
bool spool_envelope(struct envelope *e, struct span head);
/* Open and check new/NAME, its owner too, and read its envelope (NULL: don't).
 * Only with SPOOL_WHOLE m_r->fd is open; the caller closes it. */
enum spool_found spool_read(const struct spool *s, const char *name,
    struct spool_message *m_r, struct envelope *e, const char **why_r);
/* Move new/NAME to bad/ and log why, once. */
void spool_reject(const struct spool *s, const char *name, const char *why);

#endif
