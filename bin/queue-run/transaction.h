/* Recipients of one message that are sent in one SMTP transaction, and lines of
 * transactions. A transaction lives in its message's arena. */
#ifndef TRANSACTION_H
#define TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TRANSACTION_RECIPIENTS = 100 /* RFC 5321 4.5.3.1.8: any host accepts as
				      * many */
};

struct message;
struct destination;
struct transaction {
	struct transaction *after;
	struct message *message;
	struct destination *destination;
	uint32_t first, last; /* a chain of attempts */
	size_t count, size;   /* recipients; bytes of their lines, at most */
	size_t open;          /* sent, not answered */
};
struct transaction_line {
	struct transaction *first, *last;
	size_t count;
};

/* A new one without recipients, at the line's end. */
struct transaction *transaction_new(
    struct message *m, struct destination *d, struct transaction_line *line);
/* Recipient i fits into t (NULL: does not). */
bool transaction_has_room(
    const struct transaction *t, const struct message *m, size_t i);
void transaction_add(struct transaction *t, struct message *m, size_t i);
void transaction_push(struct transaction_line *l, struct transaction *t);
void transaction_push_front(struct transaction_line *l, struct transaction *t);
/* NULL: the line is empty. */
struct transaction *transaction_pop(struct transaction_line *l);
/* Skip all its recipients in this pass; they are due then. */
void transaction_skip(struct transaction *t, int64_t due);
/* The next of this message for the destination, off the message's own line;
 * NULL if there is none. */
struct transaction *transaction_reserve(
    struct message *m, const struct destination *d);

#endif
