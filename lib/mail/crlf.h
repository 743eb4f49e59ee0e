/* Stored text (lines ended by LF, CRLF where a foreign program wrote it) in
 * wire format: every line ended by CRLF, and NUL, which a literal must not
 * contain (RFC 3501 9), as '?'. */
#ifndef MAIL_CRLF_H
#define MAIL_CRLF_H

#include "base/io.h"

/* Count the line ends of a text, and the bare LFs among them; before is the
 * byte before the text, or anything but CR. */
struct line_ends {
	uint64_t all, bare;
};
void line_ends_add(struct line_ends *ends, char before, struct span text);
/* Bytes of the text on the wire. */
uint64_t crlf_size(struct span text);
/* Write count of its wire bytes from offset from on; both must lie within. */
void crlf_put(struct io *io, struct span text, uint64_t from, uint64_t count);

#endif
