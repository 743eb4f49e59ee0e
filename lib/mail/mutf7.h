/* Modified UTF-7 of IMAP mailbox names (RFC 3501 5.1.3). Strict and canonical:
 * each text has exactly one form, and all others are refused, so that two names
 * never mean the same mailbox. */
#ifndef MAIL_MUTF7_H
#define MAIL_MUTF7_H

#include "base/str.h"

/* Append the modified UTF-7 of well-formed UTF-8; false (out as it was) when
 * text is not well-formed or holds a control character. Bytes in also (may be
 * "") are written in base64 although they are printable: a directory's name
 * must not hold the separator itself. */
bool mutf7_encode(struct str *out, struct span text, const char *also);
/* Append the UTF-8; false (out as it was) unless mutf7_encode() with the same
 * also gives back exactly these bytes. */
bool mutf7_decode(struct str *out, struct span coded, const char *also);
/* The same for names made by others: any modified UTF-7 of well-formed text
 * without control characters, canonical or not. */
bool mutf7_decode_loose(struct str *out, struct span coded);

#endif
