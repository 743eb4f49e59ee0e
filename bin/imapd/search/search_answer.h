/* The ESEARCH response (RFC 4466 2.6.2, RFC 4731, RFC 5267, RFC 7377). */
#ifndef IMAPD_SEARCH_ANSWER_H
#define IMAPD_SEARCH_ANSWER_H

#include "argument.h"
#include "search/search_return.h"

/* The messages found, in the order of the result. */
struct finding {
	struct folder *f;
	const struct chosen *found;
	bool uid;
	struct span mailbox; /* named by MULTISEARCH; at NULL: not named */
	bool modseq;         /* the answer has it, as RFC 7162 3.1.6 */
};

/* A message's number, or its UID. */
uint32_t finding_number(const struct finding *e, size_t i);
/* Append the messages from to to - 1 as a set in their order; ranges only where
 * the numbers ascend (RFC 5267 3.2). */
void finding_set_add(
    struct str *out, const struct finding *e, size_t from, size_t to);
/* Append " (MODSEQ n)", the highest of those found, if it is asked for. */
void finding_modseq_add(struct str *out, const struct finding *e);
/* Set s->text to "* ESEARCH (TAG "x")", and " UID" for UIDs. */
void esearch_start(struct session *s, const struct finding *e, struct span tag);
/* Write the response. */
void esearch_put(
    struct session *s, const struct returns *r, const struct finding *e);

#endif
