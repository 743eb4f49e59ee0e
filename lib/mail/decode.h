/* Content-Transfer-Encodings (RFC 2045 section 6), read as leniently as mail
 * readers do: malformed input is kept or skipped, never an error. */
#ifndef MAIL_DECODE_H
#define MAIL_DECODE_H

#include "base/str.h"

enum encoding { ENCODING_NONE, ENCODING_BASE64, ENCODING_QUOTED };

/* The word of a Content-Transfer-Encoding's value, without comments and
 * (forbidden) quotes; empty: there is none. */
struct span encoding_word(struct span value);
/* The encoding of that name; unknown: NONE. */
enum encoding encoding_of(struct span word);

/* Append the decoded bytes. */
void decode_base64(struct str *out, struct span in);
void decode_quoted(struct str *out, struct span in);
/* RFC 2047 4.2: quoted-printable where '_' is a space. */
void decode_q(struct str *out, struct span in);
void decode_body(struct str *out, enum encoding e, struct span in);

#endif
