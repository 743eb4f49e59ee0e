/* What a report is about. The report's kind, envelope and times are known. */
#ifndef CHOOSE_H
#define CHOOSE_H

#include "report.h"

/* The recipients of a state file that the sender is to be told of; false when
 * there is none. The arena is the envelope's. */
bool choose_known(struct report *r, struct arena *a, struct span state);
/* All recipients, for the one reason. */
void choose_all(struct report *r, struct arena *a, struct span reason);
/* What of the message is returned; text begins it, size is its length. */
void choose_original(struct report *r, struct span text, uint64_t size);

#endif
