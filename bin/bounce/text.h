/* Foreign text in a report, kept to its own line or lines. */
#ifndef TEXT_H
#define TEXT_H

#include "base/str.h"

/* Control characters, and those that turn the direction of writing, as blanks;
 * what is not UTF-8 as U+FFFD. */
void text_clean(struct str *out, struct span text);
/* The same in ASCII: other characters as \x{HEXPOINT}, RFC 6533's unitext. */
void text_ascii(struct str *out, struct span text);
/* RFC 6533 3, utf-8-addr-xtext: all that an address needs to be ASCII, without
 * blanks. */
void text_unitext(struct str *out, struct span address);
/* The reverse; anything that is not an EmbeddedUnicodeChar is copied. */
void text_from_unitext(struct str *out, struct span text);
/* "name: value", folded at blanks where it would be longer than 78. */
void text_field(struct str *out, const char *name, struct span value);
/* The words of the text in lines of 72 characters, each behind the indent. */
void text_wrap(struct str *out, struct span text, const char *indent);

#endif
