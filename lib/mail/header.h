/* The fields of a message's header, one by one. Lines end in LF or CRLF. The
 * header ends with its empty line, with the bytes, or before the first line
 * that is neither a field nor the continuation of one: there the body begins,
 * for all callers. Only an mbox's "From ..." line before a field, which some
 * programs leave there, counts as a field without a name. */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/str.h"

struct header_field {
	struct span
	    name; /* without blanks before the colon; empty: an mbox's */
	struct span
	    value; /* after the colon, folded, without the last line end */
	struct span whole; /* all its lines with their ends */
};

/* Take the next field. False at the end; then the empty line, if there is one,
 * is taken too and rest is the body. */
bool header_next(struct span *rest, struct header_field *field_r);
/* The field has this name, in any case. */
bool header_is(const struct header_field *field, const char *name);
/* The first field of the name; false if there is none. */
bool header_find(
    struct span message, const char *name, struct header_field *field_r);
/* Bytes of the header with its empty line. */
size_t header_size(struct span message);

/* The same for bytes that arrive in pieces; initially all zero. */
struct header_scan {
	uint64_t seen; /* bytes so far */
	uint64_t size; /* after its end: bytes of the header */
	bool ended;
	enum { SCAN_LINE, SCAN_NAME, SCAN_BLANKS, SCAN_REST, SCAN_CR } state;
	bool fields;  /* there was a field, which a line may continue */
	bool mbox;    /* this may be an mbox's line, if a field follows */
	bool waiting; /* the previous line may be an mbox's, if this is a
		       * field */
	char name[5]; /* beginning of the line */
	size_t named; /* bytes of its name */
};
/* Scan more bytes; true when the header has ended, whatever follows. */
bool header_scan(struct header_scan *s, struct span bytes);
/* It ended with its empty line. */
bool header_scan_closed(const struct header_scan *s);
/* header_size() of the bytes so far. */
uint64_t header_scan_size(const struct header_scan *s);

/* Append the value on one line, trimmed (RFC 5322 2.2.3: unfolding removes only
 * the line ends, not the blanks after them). */
void header_unfold(struct str *out, struct span value);

/* RFC 8689 5: the header has exactly one field "TLS-Required: No". */
bool header_tls_optional(struct span header);

#endif
