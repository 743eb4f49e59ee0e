/* The parts of charset_decode(): tables made at build time from what iconv(3)
 * knows, and the encodings around them. */
#ifndef MAIL_CHARSET_INSIDE_H
#define MAIL_CHARSET_INSIDE_H

#include "base/str.h"

/* Names are reduced to lower-case letters and digits before they get here. */
enum { CHARSET_NAME = 32 };
void charset_plain_name(struct span name, char plain_r[CHARSET_NAME]);

/* One byte a character: code points of bytes 80 to ff (0: none), or NULL. */
const uint16_t *charset_single(const char *plain);
void charset_read_single(struct str *out, struct span in, const uint16_t *high);

/* The others append to out too, U+FFFD for invalid bytes.
 *
 * Two bytes a character, and more. */
void charset_gb18030(struct str *out, struct span in);
void charset_big5(struct str *out, struct span in);
void charset_cp949(struct str *out, struct span in);
void charset_cp932(struct str *out, struct span in);
void charset_euc_jp(struct str *out, struct span in);
/* Character sets that switch within the text (RFC 1468, 1557, 1843). */
void charset_iso2022_jp(struct str *out, struct span in);
void charset_iso2022_kr(struct str *out, struct span in);
void charset_hz(struct str *out, struct span in);
/* Unicode in other ways. The first two look for a byte order mark. */
void charset_utf16(struct str *out, struct span in);
void charset_utf32(struct str *out, struct span in);
void charset_utf16le(struct str *out, struct span in);
void charset_utf16be(struct str *out, struct span in);
void charset_utf32le(struct str *out, struct span in);
void charset_utf32be(struct str *out, struct span in);
void charset_utf7(struct str *out, struct span in);

/* Code points of rows and cells from 0 to 93; 0: none. */
uint32_t charset_jis0208(unsigned row, unsigned cell);
uint32_t charset_jis0212(unsigned row, unsigned cell);
uint32_t charset_ks1001(unsigned row, unsigned cell);
uint32_t charset_gb2312(unsigned row, unsigned cell);

#endif
