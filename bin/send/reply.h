/* What the other host says: replies of SMTP and LMTP (RFC 5321 4.2), read
 * leniently and kept harmless. */
#ifndef SEND_REPLY_H
#define SEND_REPLY_H

#include "base/io.h"

enum {
	REPLY_LINE_MAX = 4096, /* RFC 5321 4.5.3.1.5 says 512 */
	REPLY_LINES_MAX = 200,
	REPLY_TEXT_MAX = 600, /* bytes kept for logs and reports */
	STATUS_MAX = 16,
};

struct reply {
	unsigned code;           /* 200 to 599; 0: none */
	char status[STATUS_MAX]; /* RFC 2034's code; empty: none */
	struct str text;  /* for people: one line, without codes, clean UTF-8 */
	struct str lines; /* each line behind its code, LF between; of an EHLO
			   * the keywords */
	unsigned count;   /* lines */
};

void reply_init(struct reply *r);
void reply_free(struct reply *r);
void reply_clear(struct reply *r);

/* Add one line without its end. False: this is no reply. last_r: it was the
 * last of the reply. */
bool reply_add(struct reply *r, struct span line, bool *last_r);
/* Read one reply. IO_LONG: what came is no reply. */
enum io_result reply_read(struct io *io, struct reply *r);

/* The next line of r->lines. */
bool reply_next(struct span *rest, struct span *line_r);
/* 2 to 5: the class of the code. */
unsigned reply_class(const struct reply *r);

#endif
