/* A command of IMAP before login, as far as it is understood there. */
#ifndef LOGIN_IMAP_PARSE_H
#define LOGIN_IMAP_PARSE_H

#include "base/str.h"

/* Does the line end in a literal's head, {n} or {n+}? Its size and whether the
 * client waits for our "+". False also when the number is over 32 bits. */
bool imap_literal(struct span line, uint64_t *size_r, bool *waits_r);

/* Take a tag (RFC 3501 9) of at most max bytes and the space after it. */
bool imap_tag(struct span *rest, size_t max, struct span *tag_r);
/* Take an atom. */
bool imap_atom(struct span *rest, struct span *atom_r);
/* Take an atom, a quoted string, or a literal with its CRLF into value_r
 * (replaced). Refuses NUL, and CR and LF outside of literals. */
bool imap_astring(struct span *rest, struct str *value_r);

#endif
