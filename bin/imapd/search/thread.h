/* THREAD (RFC 5256): messages as trees. Nothing here recurses, and each step
 * takes linear time, except for the search bounded by THREAD_STEPS_MAX. */
#ifndef IMAPD_THREAD_H
#define IMAPD_THREAD_H

#include "base/hash.h"
#include "mail/sortkey.h"

enum {
	/* Messages, including those only referred to; bytes of their subjects
	 * and IDs. So a session stays within its memory limit. */
	THREAD_NODES_MAX = 2 << 20,
	THREAD_TEXT_MAX = 256 << 20,
	/* Total steps through messages' ancestors when checking for loops. */
	THREAD_STEPS_MAX = 256 << 20,
};
#define THREAD_NONE UINT32_MAX

enum thread_kind { THREAD_ORDEREDSUBJECT, THREAD_REFERENCES, THREAD_REFS };

struct thread_message {
	int64_t date;
	uint32_t number;  /* or UID, for the response */
	uint32_t at, len; /* base subject, in texts */
	bool reply;
};
/* nodes[0] is the root. A node without a message is a dummy. */
struct thread_node {
	uint32_t message; /* THREAD_NONE: dummy */
	uint32_t parent;
	uint32_t first, last; /* children; */
	uint32_t next;        /* sibling */
	uint32_t count;       /* of children; later: place below the root */
};
struct threads {
	enum thread_kind kind;
	struct thread_message *messages; /* in the mailbox's order */
	struct thread_node *nodes;
	uint32_t message_count, message_room, node_count, node_room;
	struct str texts;
	struct hash ids; /* Message IDs to nodes */
	struct arena id_texts;
	size_t id_bytes;
	uint64_t steps;
};

void threads_init(struct threads *t, enum thread_kind kind);
void threads_free(struct threads *t);
/* The keys needed (sortkey.h). */
unsigned threads_wanted(enum thread_kind kind);
/* Add the next message; number: its number or UID in the response. -1: a limit
 * was exceeded. */
int threads_add(
    struct threads *t, uint32_t number, int64_t date, const struct sortkeys *k);
/* All messages are added: build the trees. */
void threads_make(struct threads *t);
/* Append the trees, each in parentheses. */
void threads_put(struct str *out, const struct threads *t);

/* Internal: a message's subject, or that of a dummy's first child; empty for
 * none. */
struct span thread_subject(const struct threads *t, uint32_t node);
/* Make a new node, a dummy without parent. */
uint32_t thread_node_new(struct threads *t);
void thread_child_add(struct threads *t, uint32_t parent, uint32_t child);
/* Append all children of one to those of another. */
void thread_children_move(struct threads *t, uint32_t to, uint32_t from);
/* Steps 1 to 3. */
int thread_link(struct threads *t, uint32_t message, const struct sortkeys *k);
void thread_prune(struct threads *t);
/* Step 5. */
void thread_merge(struct threads *t);
/* Steps 4 and 6: the children of one, of all. */
void thread_sort(struct threads *t, uint32_t node);
void thread_sort_root(struct threads *t);
void thread_sort_all(struct threads *t);
/* REFS: sort threads by their latest message. */
void thread_sort_latest(struct threads *t);
/* Thread by subject, then date (ORDEREDSUBJECT). */
void thread_group(struct threads *t);

#endif
