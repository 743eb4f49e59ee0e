/* Choosing the contents of a report whose kind, envelope and times are
 * known. */
#ifndef CHOOSE_H
#define CHOOSE_H

#include "report.h"

/* The recipients of a state file to report on; false when there are none. The
 * arena is the envelope's. */
bool choose_known(struct report *r, struct arena *a, const struct state *st);
/* All recipients, for the one reason. */
void choose_all(struct report *r, struct arena *a, struct span reason);
/* The returned part of the message; text is its beginning, size its length. */
void choose_original(struct report *r, struct span text, uint64_t size);

#endif
