/* Stored text on its way out: every line ended by CRLF, never a CR or LF by
 * itself, so that no two hosts can see different ends (SMTP smuggling). */
#ifndef SEND_WIRE_H
#define SEND_WIRE_H

#include "base/str.h"

struct wire {
	bool dots;   /* DATA: a dot at the start of a line is doubled */
	bool odd;    /* there are CRs: take care */
	bool inside; /* a line has begun */
	bool cr;     /* the last byte was a CR, not put out yet */
};

/* Append the bytes as they go out. */
void wire_add(struct wire *w, struct span bytes, struct str *out);
/* The end of the last line, if it has none. */
void wire_end(struct wire *w, struct str *out);

#endif
