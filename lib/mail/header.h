/* The fields of a message's header, one by one. Lines end in LF or CRLF. The
 * header ends at the first empty line or with the bytes; nothing else ends it:
 * a line that is neither a field nor a continuation is a field without a name,
 * so every reader agrees where the body begins. */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/str.h"

struct header_field {
	struct span name; /* without blanks before the colon; empty: no field */
	struct span
	    value; /* behind the colon, folded, no line end at its end */
	struct span whole; /* all its lines with their ends */
};

/* Take the next field. False at the end; then the empty line is taken too and
 * rest is the body. */
bool header_next(struct span *rest, struct header_field *field_r);
/* The name is this one, in any case. */
bool header_is(const struct header_field *field, const char *name);
/* The first field of the name; false if there is none. */
bool header_find(
    struct span message, const char *name, struct header_field *field_r);
/* Bytes of the header with its empty line. */
size_t header_size(struct span message);
/* Append the value on one line, blanks at its ends left out (RFC 5322 2.2.3:
 * only the line ends go, the blanks behind them stay). */
void header_unfold(struct str *out, struct span value);

/* RFC 8689 5: the header says "TLS-Required: No", in exactly one such field. */
bool header_tls_optional(struct span header);

#endif
