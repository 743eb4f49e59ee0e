/* CONDSTORE and QRESYNC (RFC 7162). */
#ifndef IMAPD_CONDSTORE_H
#define IMAPD_CONDSTORE_H

#include "session.h"

/* A CONDSTORE enabling command (3.1) was given: from now on modseqs are told. The
 * first tells that of the selected mailbox. */
void condstore_enable(struct session *s);
/* Append "MODSEQ (n)" of a message that is told. */
void modseq_add(struct session *s, struct str *out, const struct message *m);
/* Call it behind each command: its answer names HIGHESTMODSEQ if that is due, or
 * if modseqs were told while changes before them were not (3.2). */
void condstore_answer(struct session *s);

/* What SELECT and EXAMINE may have behind the name. */
struct select_parameters {
	bool condstore, qresync;
	uint32_t uidvalidity; /* of QRESYNC: what the client knows, */
	uint64_t modseq;
	bool has_known;
	struct sequence known;         /* its UIDs; */
	struct sequence numbers, uids; /* some that belong together */
};
/* Take " (parameter ...)", if it is there. */
bool select_parameters_take(struct session *s, struct select_parameters *x_r);
/* The folder was selected: tell what the client missed (3.2.5). */
void qresync_tell(struct session *s, const struct select_parameters *x);
/* Send VANISHED (EARLIER) of those of the UIDs that were expunged after this
 * modseq; NULL: of all. */
void vanished_tell(
    struct session *s, uint64_t since, const struct sequence *uids);

/* The number of a message is the n-th number of one set, its UID the n-th of the
 * other (both resolved): the highest UID up to which they agree with the folder, or
 * 0. */
uint32_t sequences_match(struct folder *f, const struct sequence *numbers,
    const struct sequence *uids);

#endif
