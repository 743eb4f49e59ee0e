/* What the files of the excerpts share; not for others. */
#ifndef STORE_EXCERPT_INSIDE_H
#define STORE_EXCERPT_INSIDE_H

#include "store/excerpt.h"

#define EXCERPT_FILE "index.content"
#define EXCERPT_MAGIC "chainmail-conten" /* without a NUL */
enum { EXCERPT_VERSION = 2, EXCERPT_SIGN = 0x63786d63 };
#define EXCERPT_NONE UINT32_MAX /* the length of a part that is not there */

struct excerpt_start {
	char magic[16];
	uint32_t version, start_size;
	uint64_t generation;
};

struct excerpt_head {
	uint32_t sign;
	uint32_t length; /* of the whole, the padding included */
	uint32_t uid, uidvalidity;
	uint32_t size; /* of the file, as the record has it */
	uint32_t len[EXCERPT_PARTS], sum[EXCERPT_PARTS];
	uint32_t crc; /* of all before it, for this place and generation */
};
_Static_assert(
    sizeof(struct excerpt_head) % EXCERPT_PLACE == 0, "parts are aligned");

uint32_t excerpt_head_sum(
    const struct excerpt_head *h, uint64_t generation, uint32_t place);
/* Open the file in dir, whatever its generation. */
bool excerpts_open_any(struct excerpts *x, int dir);
/* What is at this place, in the mapping; false: no excerpt. */
bool excerpt_at(struct excerpts *x, uint32_t place, struct excerpt_head *h_r,
    struct excerpt *e_r);
/* The head and all parts of what the record points to, in the mapping; false: it is
 * damaged, or of another message. */
bool excerpt_whole(struct excerpts *x, const struct index_record *r,
    uint32_t uidvalidity, struct span *whole_r);

#endif
