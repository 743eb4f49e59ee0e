/* Changes to the text `users` that leave everything else as it stands:
 * comments, order, blanks. */
#ifndef CHAINMAIL_USER_EDIT_H
#define CHAINMAIL_USER_EDIT_H

#include "users/text.h"

/* Where an entry's line is, or false. The line is without its LF. */
bool edit_find(struct span text, struct span key, enum entry_kind kind,
    struct span *line_r);
/* Append a line, with an LF before it if the last one lacks it. */
void edit_append(struct str *text, struct span line);
/* Take all lines of the key out; returns how many. */
unsigned edit_remove(struct str *text, struct span key);
/* In the mailbox's line, put these words ("password=…") in place of those of
 * the same names, at the end when there is none; comments stay. */
void edit_words(
    struct str *text, struct span line, const struct span *words, size_t n);

#endif
