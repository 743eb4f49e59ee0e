/* Constants shared by the writer and the reader of spool files;
 * doc/formats.md. */
#ifndef SPOOL_FORMAT_H
#define SPOOL_FORMAT_H

#define SPOOL_MAGIC "chainmail-spool 1 "
/* Lengths of fixed width, so that they can be filled in afterwards. */
#define SPOOL_FIRST_LINE SPOOL_MAGIC "header=%010llu size=%020llu\n"
#define STATE_MAGIC "chainmail-state 1"

enum {
	SPOOL_FIRST_LEN = 18 + 7 + 10 + 6 + 20 + 1,
	SPOOL_FIRST_MAX = SPOOL_FIRST_LEN + 20,
	/* Thousands of recipients with long addresses and orcpt. */
	SPOOL_HEADER_MAX = 8 << 20,
	SPOOL_MODE = 0640,
	SPOOL_MODE_SHARED = 0440, /* a filter wrote it */
};

#endif
