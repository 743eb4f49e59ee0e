/* A message as POP3 sends it: CRLF at line ends, a dot doubled at the front of
 * a line, NUL replaced, an end of the header supplied where there is none. */
#ifndef POP3D_RETRIEVE_H
#define POP3D_RETRIEVE_H

#include "base/io.h"

struct retrieve {
	struct io *io;
	uint64_t lines; /* of the body still wanted; UINT64_MAX: all */
	bool in_header;
	bool line_begins; /* nothing of the line was sent */
	char last;        /* the byte before */
	bool only_cr;     /* the line is one CR so far */
	bool done;        /* all that is wanted was sent */
};

void retrieve_start(struct retrieve *r, struct io *io, uint64_t lines);
/* Some more of the file. */
void retrieve_bytes(struct retrieve *r, struct span bytes);
/* The end, and the final dot. */
void retrieve_end(struct retrieve *r);

#endif
