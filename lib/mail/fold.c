#include "mail/fold.h"

#include "mail/charset.h"

/* Upper-case letters first to last (every step-th) lie delta below their lower
 * case. */
static const struct {
	uint16_t first, last;
	uint8_t step;
	int16_t delta;
} ranges[] = {
	{ 0x00c0, 0x00d6, 1, 32 },
	{ 0x00d8, 0x00de, 1, 32 },
	{ 0x0100, 0x012e, 2, 1 },
	{ 0x0132, 0x0136, 2, 1 },
	{ 0x0139, 0x0147, 2, 1 },
	{ 0x014a, 0x0176, 2, 1 },
	{ 0x0178, 0x0178, 1, -121 },
	{ 0x0179, 0x017d, 2, 1 },
	{ 0x01cd, 0x01db, 2, 1 },
	{ 0x01de, 0x01ee, 2, 1 },
	{ 0x01f8, 0x021e, 2, 1 },
	{ 0x0222, 0x0232, 2, 1 },
	{ 0x0386, 0x0386, 1, 38 },
	{ 0x0388, 0x038a, 1, 37 },
	{ 0x038c, 0x038c, 1, 64 },
	{ 0x038e, 0x038f, 1, 63 },
	{ 0x0391, 0x03a1, 1, 32 },
	{ 0x03a3, 0x03ab, 1, 32 },
	{ 0x03c2, 0x03c2, 1, 1 }, /* final sigma */
	{ 0x0400, 0x040f, 1, 80 },
	{ 0x0410, 0x042f, 1, 32 },
	{ 0x0460, 0x0480, 2, 1 },
	{ 0x048a, 0x04be, 2, 1 },
	{ 0x04c1, 0x04cd, 2, 1 },
	{ 0x04d0, 0x052e, 2, 1 },
	{ 0x0531, 0x0556, 1, 48 },
	{ 0x1e00, 0x1e94, 2, 1 },
	{ 0x1ea0, 0x1efe, 2, 1 },
	{ 0xff21, 0xff3a, 1, 32 },
};

static uint32_t
fold_point(uint32_t p)
{
	for (size_t i = 0; i < COUNT(ranges) && ranges[i].first <= p; i++)
		if (p <= ranges[i].last &&
		    (p - ranges[i].first) % ranges[i].step == 0)
			return (uint32_t)((int32_t)p + ranges[i].delta);
	return p;
}

/* The ASCII bytes at the front, many at once. */
static void
ascii_add(struct str *out, struct span *rest)
{
	char *to = str_reserve(out, rest->len);
	size_t n = 0;

	for (; n < rest->len && (unsigned char)rest->at[n] < 0x80; n++)
		to[n] = byte_lower(rest->at[n]);
	out->len += n;
	out->at[out->len] = '\0';
	*rest = span_from(*rest, n);
}

void
fold_add(struct str *out, struct span text)
{
	uint32_t point;

	while (text.len > 0) {
		if ((unsigned char)text.at[0] < 0x80)
			ascii_add(out, &text);
		else if (utf8_take(&text, &point))
			utf8_add(out, fold_point(point));
	}
}
