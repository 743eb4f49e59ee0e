/* The first words of a message, for a list of messages (RFC 8970). */
#ifndef MAIL_PREVIEW_H
#define MAIL_PREVIEW_H

#include "mail/mime.h"

enum { PREVIEW_MAX = 200 }; /* characters; RFC 8970 3.1 allows 256 */

/* Append them as UTF-8 in one line: of the first text/plain, else of the first
 * text/html without its markup. Nothing where there is no text. */
void preview_add(struct str *out, const struct part *message);

#endif
