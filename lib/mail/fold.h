/* Text compared without case, for SEARCH. */
#ifndef MAIL_FOLD_H
#define MAIL_FOLD_H

#include "base/str.h"

/* Append UTF-8 text with upper-case letters made lower: ASCII, Latin, Greek,
 * Cyrillic, Armenian and full-width letters.
 */
void fold_add(struct str *out, struct span text);

#endif
