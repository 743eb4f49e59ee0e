/* Selecting messages by words of the command line, all of which must match; of
 * several ids, one. */
#ifndef FILTER_H
#define FILTER_H

#include "base/arena.h"
#include "base/id.h"
#include "base/str.h"

enum { PREFIX_MIN = 8 }; /* characters of an id that are enough */

struct filter {
	struct span *ids; /* whole or begun, in upper case */
	size_t count;
	struct span from, to; /* an address, or "@domain"; "<>": nobody */
	struct span domain;   /* of a recipient, folded */
	struct span error;    /* part of the last error's text */
	int64_t older, newer; /* seconds; -1: not said */
	bool held;
	bool recipients; /* to, domain or error was said */
	struct arena text;
};

void filter_init(struct filter *f);
void filter_free(struct filter *f);
/* Take one word: from=, to=, domain=, older=, newer=, error=, held, or an id.
 * NULL, or the fault. */
const char *filter_word(struct filter *f, struct span word);
/* No words: everything matches. */
bool filter_is_empty(const struct filter *f);

bool filter_id(const struct filter *f, struct span id);
/* All but the recipients. age: seconds. */
bool filter_message(const struct filter *f, struct span id, struct span from,
    int64_t age, bool held);
bool filter_recipient(
    const struct filter *f, struct span address, struct span error);
/* A place also matches by the address it was reached through; empty: none. */
bool filter_place(const struct filter *f, struct span address,
    struct span through, struct span error);

#endif
