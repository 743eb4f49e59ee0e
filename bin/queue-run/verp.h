/* Variable envelope return paths: a separate sender for each recipient, so that
 * a bounce identifies its recipient. */
#ifndef VERP_H
#define VERP_H

#include "base/str.h"

/* list@here with the delimiters "-=" for bob@example.org is
 * list-bob=example.org@here. False, and nothing appended: the sender is null,
 * or it can't be written this way (quotes, lengths, delimiters that aren't
 * two). */
bool verp_sender(struct span sender, struct span delimiters,
    struct span recipient, struct str *out_r);

#endif
