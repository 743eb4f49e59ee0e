/* Stored text in wire format: every line ended by CRLF, never a bare CR or LF,
 * so that all hosts see the same end (SMTP smuggling). */
#ifndef SEND_WIRE_H
#define SEND_WIRE_H

#include "base/str.h"

struct wire {
	bool dots;   /* DATA: a dot at the start of a line is doubled */
	bool odd;    /* there are CRs to handle */
	bool inside; /* a line has begun */
	bool cr;     /* the last byte was a CR, not put out yet */
};

/* Append the bytes in wire format. */
void wire_add(struct wire *w, struct span bytes, struct str *out);
/* Terminate the last line, if needed. */
void wire_end(struct wire *w, struct str *out);

#endif
