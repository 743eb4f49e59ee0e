/* verifyd's answer, and the message with it. */
#ifndef ANSWER_H
#define ANSWER_H

#include "base/str.h"

struct answer {
	int verdict;      /* exit code */
	bool junk;        /* mark the message */
	struct str text;  /* for the client */
	struct str field; /* Authentication-Results */
};
/* False: it is malformed. */
bool answer_parse(struct span packet, struct answer *a_r);
void answer_free(struct answer *a);

/* Append the header of the message without fields of others that claim to be
 * ours (RFC 8601 5), and behind the answer's. */
void header_write(const struct answer *a, struct span header, struct span me,
    struct str *out);

/* confine.c: the sandbox, with room for messages of this size. No file can be
 * opened and nothing connected to any more. */
void filter_confine(uint64_t message_size);

#endif
