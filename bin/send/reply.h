/* The other host's replies in SMTP and LMTP (RFC 5321 4.2), read leniently and
 * sanitised. */
#ifndef SEND_REPLY_H
#define SEND_REPLY_H

#include "base/io.h"

enum {
	/* Limits of the kept part; a reply is always read to its end, so that
	 * an accepted message is not sent again. RFC 5321 4.5.3.1.5: 512 bytes
	 * a line. */
	REPLY_LINE_MAX = 4096,
	REPLY_LINES_MAX = 200,
	REPLY_TEXT_MAX = 600, /* bytes kept for logs and reports */
	STATUS_MAX = 16,
};

struct reply {
	unsigned code;           /* 200 to 599; 0: none */
	char status[STATUS_MAX]; /* RFC 2034's code; empty: none */
	struct str text;  /* human-readable: one line, without codes, clean
			   * UTF-8 */
	struct str lines; /* the lines after their codes, separated by LF; of
			   * EHLO the keywords */
	uint64_t count;   /* lines, including dropped ones */
};

void reply_init(struct reply *r);
void reply_free(struct reply *r);
void reply_clear(struct reply *r);

/* Add one line without its end. False: not a reply. last_r: it was the reply's
 * last line. Any text between the lines counts as one of them. */
bool reply_add(struct reply *r, struct span line, bool *last_r);
/* Read one reply. IO_LONG: not a reply. */
enum io_result reply_read(struct io *io, struct reply *r);

/* The next line of r->lines. */
bool reply_next(struct span *rest, struct span *line_r);
/* 2 to 5: the class of the code. */
unsigned reply_class(const struct reply *r);

#endif
