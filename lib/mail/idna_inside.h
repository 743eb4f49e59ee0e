/* The parts of idna_ascii(). */
#ifndef MAIL_IDNA_INSIDE_H
#define MAIL_IDNA_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POINTS_MAX = 256 }; /* a domain has fewer: RFC 1035 2.3.4 */

/* Code points; over: there were more. */
struct points {
	uint32_t at[POINTS_MAX];
	size_t len;
	bool over;
};
void points_add(struct points *p, uint32_t c);
/* The two code points that c decomposes into; false: none. */
bool pair_take_apart(uint32_t c, uint32_t *first_r, uint32_t *second_r);
/* Their composition; 0: none. */
uint32_t pair_put_together(uint32_t first, uint32_t second);
/* The canonical composition (NFC). */
void points_compose(const struct points *in, struct points *out);

#endif
