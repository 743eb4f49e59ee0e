/* How to send a message, given the host's extensions. */
#ifndef SEND_PLAN_H
#define SEND_PLAN_H

#include "conn.h"

struct plan {
	bool utf8;  /* RFC 6531: MAIL says SMTPUTF8 */
	bool eight; /* RFC 6152: MAIL says BODY=8BITMIME */
	bool bdat;  /* RFC 3030 */
	bool whole; /* small enough to go in one packet with its envelope */
};

/* Decide; recipients that the host can't take (perhaps all) get their results.
 * The message is converted if needed. */
void plan_make(struct plan *p, struct conn *c, struct job *j);
/* Append MAIL and RCPT with their parameters, CRLF at the end. */
void plan_mail(const struct plan *p, const struct conn *c, const struct job *j,
    struct str *out);
void plan_rcpt(const struct plan *p, const struct conn *c,
    const struct job_recipient *t, struct str *out);

/* RFC 3461 4: xtext. */
void xtext_add(struct str *out, struct span text);
/* The "type;address" of ORCPT; utf8: raw UTF-8 is allowed (RFC 6533 3). */
void orcpt_add(struct str *out, struct span orcpt, bool utf8);

#endif
