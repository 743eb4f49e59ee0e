/* Arguments that several commands share. */
#ifndef IMAPD_ARGUMENT_H
#define IMAPD_ARGUMENT_H

#include "session.h"

/* A mailbox's name, decoded to UTF-8 (INBOX in upper case). False: the answer
 * is set. */
bool argument_mailbox(struct session *s, struct span *name_r);
/* The same behind a space. */
bool argument_next_mailbox(struct session *s, struct span *name_r);
/* The same for a name as it came on the wire; false: it can't be one. */
bool mailbox_name_decode(const struct session *s, struct arena *a,
    struct span coded, struct span *name_r);
/* The end of the command. False: the answer is set. */
bool argument_end(struct session *s);
/* Append a mailbox's name as it goes on the wire: in modified UTF-7, or UTF-8
 * to a client that has enabled it. */
void mailbox_name_add(
    const struct session *s, struct str *out, struct span name);

/* The chosen messages: numbers less one, ascending. */
struct chosen {
	uint32_t *at;
	size_t count;
};
/* A sequence set, of UIDs in a UID command, or "$". False: the answer is
 * set. */
bool argument_messages(struct session *s, struct chosen *c_r);

#endif
