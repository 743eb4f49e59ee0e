/* SORT (RFC 5256, RFC 5957): messages ordered by criteria. */
#ifndef IMAPD_SORT_H
#define IMAPD_SORT_H

#include "mail/sortkey.h"
#include "search/search.h"

enum {
	SORT_CRITERIA_MAX = 16,
	/* Bytes of all keys' text together; so a session stays within its
	 * memory limit. */
	SORT_TEXT_MAX = 256 << 20,
};

enum sort_kind {
	SORT_ARRIVAL,
	SORT_CC,
	SORT_DATE,
	SORT_DISPLAYFROM,
	SORT_DISPLAYTO,
	SORT_FROM,
	SORT_SIZE,
	SORT_SUBJECT,
	SORT_TO,
};

struct sort_order {
	struct {
		enum sort_kind kind;
		bool reverse;
	} by[SORT_CRITERIA_MAX];
	size_t count;
};
/* Take "(SUBJECT REVERSE DATE)". */
bool sort_order_take(struct session *s, struct sort_order *o_r);

/* A message's values, one for each criterion. */
union sort_value {
	int64_t number;
	struct {
		uint32_t at, len; /* in the sorter's texts */
	} text;
};
struct sorter {
	const struct sort_order *order;
	struct sortkeys keys; /* of the message being added */
	unsigned wanted;      /* the keys needed */
	struct str texts;
	union sort_value *values; /* order->count for each message */
	uint32_t *at;             /* the messages */
	size_t count, room;
};
void sorter_init(struct sorter *r, const struct sort_order *o);
void sorter_free(struct sorter *r);
/* The part of a message that must be read for it. */
enum content_need sorter_need(const struct sorter *r);
/* Add the matcher's current message. -1: it is gone; or, with errno E2BIG, there
 * is no room for its keys. */
int sorter_add(struct sorter *r, struct matcher *m, uint32_t at);
/* Compare the i-th and the j-th message added; 0 only if i is j. */
int sorter_compare(const struct sorter *r, uint32_t i, uint32_t j);
/* The messages in order, into c_r (an array for all of them). */
void sorter_run(const struct sorter *r, struct chosen *c_r);

#endif
