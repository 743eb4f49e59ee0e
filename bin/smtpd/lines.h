/* Converting line ends from the network to the disk, block by block: the dot at
 * the start of a line (RFC 5321 4.5.2), CRLF to LF, and the end of the message.
 * Only CRLF.CRLF is that end; a bare CR or LF never is, nor is it part of one
 * (SMTP smuggling). */
#ifndef SMTPD_LINES_H
#define SMTPD_LINES_H

#include "base/str.h"

enum lines_state {
	LINES_START, /* at the start of a line; so is the message */
	LINES_MIDDLE,
	LINES_CR,     /* a CR was seen, not written yet */
	LINES_DOT,    /* a dot at the start of a line, not written */
	LINES_DOT_CR, /* and a CR after it */
};

struct lines {
	enum lines_state state;
	uint64_t ends; /* out: CRLFs that became LF */
	bool opaque;   /* BDAT: no dots, no end mark */
	bool bare_lf;  /* out: a LF without CR was seen (and written as LF) */
	bool bare_cr;  /* out: a CR without LF was seen (and written) */
	bool nul;      /* out: a NUL was seen */
};

/* Take bytes off in, append text to out. True at the end of the message; then
 * in is what follows it. */
bool lines_feed(struct lines *l, struct span *in, struct str *out);
/* After the last chunk: write what is held back. */
void lines_finish(struct lines *l, struct str *out);

#endif
