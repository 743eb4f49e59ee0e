/* Wiping the private keys. libtls has no call for it: a connection keeps its
 * context, and the context its key. So the places of a key's numbers are found
 * when it is loaded, and a connection's process overwrites them once it no
 * longer needs the key. */
#ifndef TLSD_SECRETS_H
#define TLSD_SECRETS_H

#include "base/span.h"

struct secret_place {
	char *at;
	size_t number, len; /* of what is there: its offset in bytes */
};

/* Of one key. */
struct secrets {
	char *bytes; /* its PEM, and the numbers to search for */
	size_t key_len, used, room;
	struct secret_place *places;
	size_t count, size;
	struct span apart; /* also searched, besides the heap */
};

/* Take a copy of the key (PEM) in place of another. */
void secrets_keep(struct secrets *s, struct span key, struct span apart);
struct span secrets_key(const struct secrets *s);
void secrets_free(struct secrets *s);
/* Note every place that has a number of the key, in either byte order,
 * replacing earlier notes. */
void secrets_note(struct secrets *s);
/* Free the key, and overwrite its remaining copies: TLS contexts with it can no
 * longer sign. */
void secrets_wipe(struct secrets *s);

/* The numbers of a key in DER (all INTEGERs and OCTET STRINGs of 16 bytes and
 * more), one after the other; accepts any input. */
bool secrets_next(struct span *der, struct span *number_r);

#endif
