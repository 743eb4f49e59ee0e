/* Annotations of a mailbox or of the account (RFC 5464): names like
 * "/private/comment", each with bytes of any kind. The file `metadata` in the
 * mailbox's directory, so that they go where it goes and end with it; those of
 * the account are in `metadata-server` of the root. Replaced as a whole,
 * durably, under the root's metadata.lock. */
#ifndef STORE_METADATA_H
#define STORE_METADATA_H

#include "base/arena.h"
#include "store/store.h"

enum {
	METADATA_NAME_MAX = 255,         /* bytes of a name */
	METADATA_VALUE_MAX = 64 * 1024,  /* of a value */
	METADATA_TOTAL_MAX = 256 * 1024, /* of all values of a mailbox */
	METADATA_COUNT_MAX = 100,        /* annotations of a mailbox */
};

struct annotation {
	struct span name;  /* ASCII, compared without case */
	struct span value; /* at == NULL: none, it is to be removed */
};
struct metadata {
	struct annotation *at;
	size_t count;
	struct arena arena; /* what they point to */
};

/* A name that an annotation can have (RFC 5464 3.2): below /private or /shared,
 * ASCII without controls, '*', '%', "//" and a '/' at the end. With parent
 * those two themselves too, and what vendors' annotations are below. */
bool metadata_name_is_valid(struct span name, bool parent);

/* Read what a mailbox has; no name (len 0): the account. Free it. -1 and errno:
 * ENOENT no such mailbox, EINVAL, EBADMSG the file is damaged. */
int metadata_read(
    const struct store *s, struct span mailbox, struct metadata *m_r);
void metadata_free(struct metadata *m);
/* The file's text; false when it is no such file. Lines that are not understood
 * are left out. */
bool metadata_parse(struct span text, struct metadata *m_r);
/* Append the file's text for these. */
void metadata_format(
    struct str *text, const struct annotation *at, size_t count);
/* The same as metadata_read() for a directory of the root ("." is INBOX),
 * without looking for other forms of its name. */
int metadata_read_directory(
    const struct store *s, struct span dir, struct metadata *m_r);
/* The annotation, or NULL. */
const struct annotation *metadata_find(
    const struct metadata *m, struct span name);

/* Change n of them, all or nothing. -1 and errno: E2BIG more than there may be
 * (METADATA_COUNT_MAX, METADATA_TOTAL_MAX), EAGAIN locked too long, or as
 * above. Names are valid, values not over METADATA_VALUE_MAX. */
int metadata_change(const struct store *s, struct span mailbox,
    const struct annotation *changes, size_t n);
/* The annotations of one mailbox for another one, which is new. */
int metadata_copy(const struct store *s, struct span from, struct span to);

#endif
