/* Stored text (lines ended by LF, CRLF where a foreign program wrote it) as it
 * goes on the wire: every line ended by CRLF, and NUL, which no literal may
 * hold (RFC 3501 9), as '?'. */
#ifndef MAIL_CRLF_H
#define MAIL_CRLF_H

#include "base/io.h"

/* Add the line ends of a text, and those of them that are a bare LF; before is
 * the byte in front of it, anything but CR where there is none. */
struct line_ends {
	uint64_t all, bare;
};
void line_ends_add(struct line_ends *ends, char before, struct span text);
/* Bytes of the text on the wire. */
uint64_t crlf_size(struct span text);
/* Write count of its wire bytes from offset from on; both must lie within. */
void crlf_put(struct io *io, struct span text, uint64_t from, uint64_t count);

#endif
