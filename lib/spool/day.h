/* Daily files in folders of the spool, history/ and tls/: named YYYY-MM-DD, in
 * UTC. */
#ifndef SPOOL_DAY_H
#define SPOOL_DAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
	DAY_S = 86400,
	DAY_LEN = 10, /* YYYY-MM-DD */
};

struct day {
	char name[DAY_LEN + 1];
	int64_t begin; /* seconds of the epoch */
};
struct days {
	struct day *all;
	size_t count, size;
};

/* The day of this second; seconds before 1970 and after 9999 count as the first
 * and the last day. */
struct day day_of(int64_t seconds);
/* "2026-11-26"; false: not a day. */
bool day_parse(struct span text, struct day *d_r);
/* The days for which a folder has files, the oldest first; other names are
 * ignored. -1 and errno when it can't be read. */
int days_read(struct days *d_r, int folder);
void days_free(struct days *d);

#endif
