/* The message of a job: read in chunks, scanned once before it is sent. */
#ifndef SEND_MESSAGE_H
#define SEND_MESSAGE_H

#include "mail/header.h"

enum {
	MESSAGE_CHUNK = 65536,
	MESSAGE_LINE_MAX = 998, /* RFC 5322 2.1.1: without CRLF */
};

/* Facts about its contents. */
struct message_facts {
	uint64_t header;   /* bytes of the header with its empty line */
	uint64_t wire;     /* bytes with CRLF, no dot doubled */
	bool eight_header; /* bytes above 127 */
	bool eight_body;
	bool long_lines;   /* over MESSAGE_LINE_MAX */
	bool odd;          /* CR: before LF, or alone */
	bool bare;         /* CR alone, or NUL */
	bool tls_optional; /* RFC 8689 5: the header says TLS-Required: No */
};

struct message {
	int fd;          /* not owned */
	uint64_t offset; /* of the message in it */
	uint64_t size;   /* bytes to send, including top */
	struct str top;  /* lines before it: Delivered-To */
	struct message_facts facts;
	struct str chunk; /* bytes from chunk_at on */
	uint64_t chunk_at;
	struct str other; /* the converted text to send instead */
	bool converted;
};

void message_init(struct message *m);
void message_free(struct message *m);
/* Open a message of size bytes from offset on, and scan it; -1 and errno. An
 * address in delivered_to is sent first, as a header line. */
int message_open(struct message *m, int fd, uint64_t offset, uint64_t size,
    struct span delivered_to);
/* The bytes from at on, as many as one read gives, none at the end; valid until
 * the next call. -1 and errno. */
int message_read(struct message *m, uint64_t at, struct span *bytes_r);
/* Append all bytes; -1 and errno. */
int message_whole(struct message *m, struct str *text);
/* Switch to the converted text in m->other, and scan it. */
void message_replace(struct message *m);

/* Scan further bytes; for message_open(), and tests. */
struct message_look {
	struct message_facts *facts;
	struct header_scan header;
	uint64_t line; /* bytes of the line so far */
	char last;
	bool in_body;
};
void message_look(struct message_look *l, struct span bytes);
void message_look_end(struct message_look *l);

#endif
