/* Changes to the text `users` that preserve everything else: comments, order,
 * blanks. */
#ifndef CHAINMAIL_USER_EDIT_H
#define CHAINMAIL_USER_EDIT_H

#include "users/text.h"

/* Where an entry's line is, or false. The line is without its LF. */
bool edit_find(struct span text, struct span key, enum entry_kind kind,
    struct span *line_r);
/* Append a line, with an LF before it if the last one lacks it. */
void edit_append(struct str *text, struct span line);
/* Put another entry in place of this line's, whose comment stays; an empty one
 * removes the line. */
void edit_replace(struct str *text, struct span line, struct span with);
/* Remove all lines of the key; returns how many. */
unsigned edit_remove(struct str *text, struct span key);
/* In the mailbox's line, put these words ("password=…") in place of those of
 * the same names, or append them; comments stay. */
void edit_words(
    struct str *text, struct span line, const struct span *words, size_t n);

#endif
