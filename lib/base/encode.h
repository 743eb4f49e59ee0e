/* Bytes as text and back. Decoders are strict: false on anything that the
 * encoder would not have written. */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/str.h"

/* RFC 4648 section 4, with padding, no line ends. Appends. */
void base64_encode(struct str *out, struct span in);
bool base64_decode(struct str *out, struct span in);
/* Lower-case hexadecimal; the decoder takes either case. */
void hex_encode(struct str *out, struct span in);
bool hex_decode(struct str *out, struct span in);
/* RFC 3986: %XX for every byte that is not a letter, digit or one of keep. */
void percent_encode(struct str *out, struct span in, const char *keep);
/* Refuses raw spaces, control bytes and bytes above 126 too. */
bool percent_decode(struct str *out, struct span in);

#endif
