/* Results of a message that was not finished in one go: CHAINMAIL_SPOOL/
 * state/ID, one line each, appended. The last line of a recipient counts. */
#ifndef SPOOL_STATE_H
#define SPOOL_STATE_H

#include "base/arena.h"
#include "spool/spool.h"

/* What became of one recipient. */
struct result {
	int64_t at;         /* seconds since the epoch */
	uint64_t index;     /* which to= line, from 0 */
	int verdict;        /* exit code: 0 done, 75 later, else failed */
	struct span status; /* RFC 3463, "4.4.1" */
	int64_t next;       /* when to try again; only for verdict 75 */
	struct span text;   /* for a person to read */
	bool reported;      /* the sender has been told */
	unsigned attempts;  /* reading: lines of this recipient so far */
};

/* Append n results and make them durable (fdatasync; the directory too when
 * the file is new); -1 and errno. */
int state_add(
    const struct spool *s, const char *name, const struct result *r, size_t n);
/* Read what is known of the recipients 0 to count - 1 into results_r, which
 * has count elements; those without a line have attempts 0. Texts are copied
 * into the arena. 0, also without a file; -1 and errno. Lines that make no
 * sense are skipped. */
int state_read(const struct spool *s, const char *name, struct arena *a,
    struct result *results_r, size_t count);
/* The same from text in memory. */
void state_parse(
    struct span text, struct arena *a, struct result *results_r, size_t count);

#endif
