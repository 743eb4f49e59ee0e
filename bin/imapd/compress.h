/* COMPRESS=DEFLATE (RFC 4978): the connection through zlib, both ways. Its memory,
 * some 120 KB, is allocated at the command and kept until the end. */
#ifndef IMAPD_COMPRESS_H
#define IMAPD_COMPRESS_H

#include "session.h"

enum {
	/* Bytes that one command may inflate to besides a message: discarded
	 * literals, and lines. */
	COMPRESS_MORE = 260 << 20,
};

/* Call it after each command: compression starts here if COMPRESS was answered
 * with OK. */
void compress_begin(struct session *s);
/* Call it at the start of each command, and of each message of one: it may inflate
 * to message-size and COMPRESS_MORE. More ends the connection: a byte of the
 * client's can inflate to a thousand. */
void compress_renew(struct session *s);
/* Was the connection ended for that? */
bool compress_is_over(const struct session *s);
/* Free its memory; safe without compression. */
void compress_end(struct session *s);

#endif
