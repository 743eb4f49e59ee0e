/* The name of a message's file in a Maildir: reading, writing and changing it
 * (the UIDs in names are up to reading.h). Ours:
 *	TIME.IDrHHHHHHHH.HOST,S=4096,W=4180,U=17:2,FSab
 * Those of qmail, Courier, Dovecot, mbsync, offlineimap and mutt are read too:
 * fields after a ',' may be missing or in any order; unknown fields are kept
 * unchanged. */
#ifndef STORE_NAME_H
#define STORE_NAME_H

#include "base/str.h"

/* System flags: bit n is the capital letter n of the alphabet, so unknown
 * letters survive. Keywords: bit n is the small letter n. */
enum {
	FLAG_DRAFT = 1 << ('D' - 'A'),
	FLAG_FLAGGED = 1 << ('F' - 'A'),
	FLAG_PASSED = 1 << ('P' - 'A'), /* resent, forwarded, bounced */
	FLAG_ANSWERED = 1 << ('R' - 'A'),
	FLAG_SEEN = 1 << ('S' - 'A'),
	FLAG_DELETED = 1 << ('T' - 'A'),
	FLAG_COMPRESSED = 1 << ('Z' - 'A'), /* by Dovecot's zlib plugin */
	FLAGS_IMAP = FLAG_DRAFT | FLAG_FLAGGED | FLAG_ANSWERED | FLAG_SEEN |
	    FLAG_DELETED,
	KEYWORDS_MAX = 26,
	LETTERS = (1 << 26) - 1, /* every flag, or every keyword */
};

enum { NAME_MAX_LEN = 255, NAME_HOST_MAX = 64 };
#define NAME_NO_SIZE UINT64_MAX

struct name {
	struct span base; /* up to the first ',' or ':': the message itself */
	struct span head; /* up to the ':' */
	bool ours;        /* made by name_make(): time is the internal date */
	bool delivered;   /* likewise, with a recipient's mark */
	int64_t time;     /* the number at the front, or -1 */
	uint64_t size;    /* S=, or NAME_NO_SIZE */
	uint64_t wire;    /* W=, each LF without a CR before it counted as two;
			   * or NAME_NO_SIZE */
	uint32_t uid;     /* U=, or 0 */
	uint32_t flags;
	uint32_t keywords;
};

/* Read a file's name; the spans point into it. False if it is no message:
 * empty, beginning with '.', over 255 bytes, holding '/' or NUL. */
bool name_parse(struct span file, struct name *n_r);
/* A file's name up to the first ',' or ':': the message itself. */
struct span name_base_of(struct span file);
/* The message's id in the log: the id in a name of ours, else the base.
 */
struct span name_id(const struct name *n);
/* Append the name with n's uid, flags and keywords; everything else in head
 * stays. ":2," is always written for cur/, never for new/ (info false). */
void name_format(struct str *out, const struct name *n, bool info);
/* Append the part of a new name before the first ',': TIME.ID.HOST, or with a
 * mark TIME.IDrHHHHHHHH.HOST. The host is cut to 64 bytes and '/', ':' and ','
 * in it become \057, \072 and \054. */
void name_make(struct str *out, int64_t time, struct span id, struct span mark,
    struct span host);
/* Append a recipient's mark: 'r' and the first four bytes of the SHA-256 of
 * its lower-case form. (In a file of its own: only deliver needs the
 * library.) */
void name_mark(struct str *out, struct span recipient);
/* Append a name up to the ':' without its S= and W=. */
void name_without_sizes(struct str *out, struct span head);
/* Append ",S=size,W=wire". */
void name_sizes(struct str *out, uint64_t size, uint64_t wire);

/* Rename a file; -1 and errno: ENOENT, EEXIST … A name is never replaced. */
int name_change(int from_dir, const char *from, int to_dir, const char *to);

#endif
