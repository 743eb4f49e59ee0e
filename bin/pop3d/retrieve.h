/* A message as POP3 sends it: CRLF at line ends, a leading dot doubled, NUL
 * replaced, a missing end of the header supplied. */
#ifndef POP3D_RETRIEVE_H
#define POP3D_RETRIEVE_H

#include "session.h"

struct retrieve {
	struct io *io;
	uint64_t lines;   /* of the body still to send; UINT64_MAX: all */
	uint64_t at;      /* bytes of the file so far */
	uint64_t bare;    /* lines of them that end without CR */
	uint64_t header;  /* of these, those of the header */
	bool closed;      /* the header has its empty line */
	bool line_begins; /* at the start of a line */
	char last;        /* the previous byte */
	bool done;        /* everything requested was sent */
};

/* Start, after the caller has set header and closed. */
void retrieve_start(struct retrieve *r);
/* Send more bytes of the file. */
void retrieve_bytes(struct retrieve *r, struct span bytes);
/* Send the end and the final dot. */
void retrieve_end(struct retrieve *r);

/* The size of a message as RETR sends it, without the final dot and doubled
 * dots; false when it is gone. */
bool retrieve_size(struct session *s, uint32_t at, uint64_t *size_r);

#endif
