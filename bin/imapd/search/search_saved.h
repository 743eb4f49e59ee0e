/* The search result variable, "$" (RFC 5182). */
#ifndef IMAPD_SEARCH_SAVED_H
#define IMAPD_SEARCH_SAVED_H

#include "argument.h"
#include "search/search_return.h"

/* Save the messages of the returned items; c: in the order of the result, without
 * gaps. UIDs are saved, so expunged messages drop out automatically. */
void saved_set(
    struct session *s, const struct returns *r, const struct chosen *c);
/* Save an empty result: at SELECT, and for a refused search. */
void saved_clear(struct session *s);

#endif
