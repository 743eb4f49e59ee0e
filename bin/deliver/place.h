/* The final places of an address, each once. */
#ifndef DELIVER_PLACE_H
#define DELIVER_PLACE_H

#include "base/arena.h"
#include "base/str.h"

enum place_kind {
	PLACE_MAILBOX, /* of an account, whatever its other targets */
	PLACE_PIPE,    /* a command of an entry */
	PLACE_REMOTE,  /* an address of another host */
	PLACE_UNKNOWN, /* no such user: fails when tried */
	PLACE_BAD,     /* an invalid line of a list */
};
struct place {
	enum place_kind kind;
	struct span to;
	struct span command; /* of a pipe, */
	uint64_t order;      /* and its index in the entry */
	struct span list;    /* of a bad one: the file, for the log */
	uint32_t node;       /* expand.c: its entry */
	bool copy;           /* expand.c: only if that is in a loop */
	struct place *next;
};
struct places {
	struct arena memory;
	struct place *first, *last;
	size_t count;
};

void places_free(struct places *p);
/* Append one of this kind; to is copied. */
struct place *place_add(struct places *p, enum place_kind kind, struct span to);

/* RFC 3463 5.1.3: the fault of a bad one, for the sender. */
enum { PLACE_BAD_VERDICT = 65 };
extern const char place_bad_status[], place_bad_text[];
/* Append "place n=… …", without the line's end. */
void place_write(const struct place *p, uint64_t n, struct str *out);

#endif
