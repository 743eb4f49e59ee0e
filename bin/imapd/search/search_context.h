/* Searches whose results are updated as they change (RFC 5267 4.3, UPDATE). Each
 * has its keys, and the UIDs of its result. Changes are found by comparing flags
 * with those of the last look, whichever session made them. */
#ifndef IMAPD_SEARCH_CONTEXT_H
#define IMAPD_SEARCH_CONTEXT_H

#include "search/search.h"
#include "search/search_answer.h"
#include "search/sort.h"

enum { CONTEXTS_MAX = 16 };

struct context;

/* Make one for the running command; NULL: there are too many. The keys go into
 * its arena. */
struct context *context_new(struct session *s);
struct arena *context_arena(struct context *c);
/* Does the command's tag have one already? */
bool context_exists(const struct session *s, struct span tag);
/* Keep it with these results, and report changes from now on. q is in its arena;
 * order NULL: SEARCH's. */
void context_start(struct session *s, struct context *c, const struct search *q,
    const struct sort_order *order, const struct finding *e);
/* Free one that was not started. */
void context_drop(struct context *c);

/* End the one of this tag, if there is one. */
void context_cancel(struct session *s, struct span tag);

/* Report changes of messages that the client knows, before EXPUNGE; then those of
 * the others, after EXISTS. */
void contexts_tell_known(struct session *s);
void contexts_tell_new(struct session *s);
/* The mailbox is closed. */
void contexts_end(struct session *s);

#endif
