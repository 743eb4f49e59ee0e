/* The common steps of SEARCH, SORT and ESEARCH: RETURN, the keys, and handling of
 * the result. In this order: start, keys, and end or drop. */
#ifndef IMAPD_SEARCHING_H
#define IMAPD_SEARCHING_H

#include "search/search_answer.h"
#include "search/search_context.h"

struct searching {
	struct returns returns;
	struct search q;
	struct context *context; /* if UPDATE was requested and is possible */
};

/* Take RETURN, after the blank. False: the command is answered. */
bool searching_start(struct session *s, struct searching *x_r);
/* Take the keys, up to the command's end. False: the command is answered, and x
 * dropped. */
bool searching_keys(
    struct session *s, struct searching *x, enum charset_place place);
/* The argument for search_bind(). */
struct arena *searching_arena(struct session *s, const struct searching *x);
/* The command is malformed: answer, and drop. */
void searching_refuse(struct session *s, struct searching *x);
/* The same with this text. */
void searching_refuse_as(
    struct session *s, struct searching *x, const char *text);
/* The command has failed and is answered: RFC 5182 2.1 empties "$". */
void searching_fail(struct session *s, struct searching *x);
/* Send ESEARCH, if it is requested, set "$" and the context, with messages of the
 * selected folder in the order of the result; then answer. order NULL: the
 * mailbox's. */
void searching_end(struct session *s, struct searching *x,
    const struct sort_order *order, const struct finding *e);

#endif
