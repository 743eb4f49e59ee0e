/* White space and comments between the words of a field (RFC 5322 3.2.2), and
 * quoted words. Nothing here is an error: an unterminated comment or string
 * extends to the end. */
#ifndef MAIL_CFWS_H
#define MAIL_CFWS_H

#include "base/span.h"

/* Take blanks, folds and comments off the front. */
void cfws_skip(struct span *rest);
/* Take a comment, with nested ones; rest begins with '('. */
void comment_skip(struct span *rest);
/* Take a quoted string (RFC 5322 3.2.4) with its quotes, as it is written; rest
 * begins with '"'. */
struct span quoted_take(struct span *rest);

#endif
