/* The message of a job: read in chunks, looked over once before the other host
 * hears of it. */
#ifndef SEND_MESSAGE_H
#define SEND_MESSAGE_H

#include "base/str.h"

enum {
	MESSAGE_CHUNK = 65536,
	MESSAGE_LINE_MAX = 998, /* RFC 5322 2.1.1: without CRLF */
};

/* What is in it. */
struct message_facts {
	uint64_t header;   /* bytes of the header with its empty line */
	uint64_t wire;     /* bytes with CRLF, no dot doubled */
	bool eight_header; /* bytes above 127 */
	bool eight_body;
	bool long_lines;   /* in the body, over MESSAGE_LINE_MAX */
	bool odd;          /* CR: before LF, or alone */
	bool bare;         /* CR alone, or NUL */
	bool tls_optional; /* RFC 8689 5: the header says TLS-Required: No */
};

struct message {
	int fd; /* not owned */
	uint64_t offset, size;
	struct message_facts facts;
	struct str chunk; /* bytes from chunk_at on */
	uint64_t chunk_at;
	struct str other; /* what goes out instead, when converted */
	bool converted;
};

void message_init(struct message *m);
void message_free(struct message *m);
/* Take a file and look it over; -1 and errno. */
int message_open(struct message *m, int fd, uint64_t offset, uint64_t size);
/* The bytes from at on, as many as come at once, none at the end; good until
 * the next call. -1 and errno. */
int message_read(struct message *m, uint64_t at, struct span *bytes_r);
/* Append all bytes; -1 and errno. */
int message_whole(struct message *m, struct str *text);
/* Go on with the converted text in m->other, and look that over. */
void message_replace(struct message *m);

/* Look over bytes that come after those seen before; for message_open(), and
 * tests. */
struct message_look {
	struct message_facts *facts;
	uint64_t line; /* bytes of the line so far */
	char last;
	bool in_body;
};
void message_look(struct message_look *l, struct span bytes);
void message_look_end(struct message_look *l);

#endif
