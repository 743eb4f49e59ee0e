/* What the files of the index share; not for others. */
#ifndef STORE_INDEX_INSIDE_H
#define STORE_INDEX_INSIDE_H

#include "store/index.h"

#define INDEX_FILE "index"
#define INDEX_NAMES "index.names"
#define INDEX_MAGIC "chainmail-index" /* and its NUL */
#define INDEX_NAMES_MAGIC "cm-names"  /* without */
enum { INDEX_VERSION = 3, INDEX_PAGE = 4096 };

struct index_names_start {
	char magic[8];
	uint64_t generation;
};

/* A random number, never 0. */
uint64_t index_generation_new(void);
uint32_t index_header_sum(const struct index_header *h);
uint32_t index_record_sum(
    const struct index *ix, uint32_t row, const struct index_record *r);
/* From now on what was cut off a mapped file reads as zeros. */
void index_bus_errors(void);
/* What of a record's name lies in index.names; false: damaged. */
bool index_name_stored(
    struct index *ix, const struct index_record *r, struct span *stored_r);
/* Append ":2," and the letters, sorted. */
void index_letters(struct str *out, uint32_t flags, uint32_t keywords);

#endif
