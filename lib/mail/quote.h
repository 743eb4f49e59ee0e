/* Encoding text as ASCII; the reverse of decode.h and word.h. */
#ifndef MAIL_QUOTE_H
#define MAIL_QUOTE_H

#include "base/str.h"

/* Append lines of any bytes (LF ends them, or CR and LF) as quoted-printable
 * (RFC 2045 6.7) with LF line ends, the last with one only if the text has
 * it. */
void quoted_encode(struct str *out, struct span text);
/* Append supposed quoted-printable text, encoding bytes that are not allowed in
 * it. */
void quoted_repair(struct str *out, struct span text);
/* Append text for a header field's value (RFC 2047): unchanged when it is
 * ASCII, else as encoded words of UTF-8 separated by blanks. Control characters
 * become blanks, invalid UTF-8 becomes U+FFFD. */
void word_encode(struct str *out, struct span text);

#endif
