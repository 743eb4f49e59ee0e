/* Character sets that are tables: see charset_inside.h. */
#include "mail/charset_tables.h"

#include <string.h>

#include "base/crc32c.h"
#include "mail/charset.h"
#include "mail/charset_inside.h"
#include "mail/utf8.h"

enum {
	LEAD = 0x81, /* where the tables of two bytes begin */
	TRAIL = 0x40,
	HIGH = 0xa1, /* where rows and cells begin, as EUC has them */
	HALF_WIDTH = 0xff61,
	BEYOND_16_BITS = 189000, /* GB 18030: 90308130 is U+10000 */
};

void
charset_plain_name(struct span name, char plain_r[CHARSET_NAME])
{
	size_t n = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = byte_lower(name.at[i]);

		if (!byte_is_alpha(c) && !byte_is_digit(c))
			continue;
		if (n == CHARSET_NAME - 1) {
			n = 0; /* unknown name */
			break;
		}
		plain_r[n++] = c;
	}
	plain_r[n] = '\0';
}

const uint16_t *
charset_single(const char *plain)
{
	char name[CHARSET_NAME];

	for (size_t i = 0; i < COUNT(singles); i++) {
		charset_plain_name(span_text(singles[i].name), name);
		if (strcmp(name, plain) == 0)
			return singles[i].high;
	}
	return NULL;
}

void
charset_read_single(struct str *out, struct span in, const uint16_t *high)
{
	while (utf8_add_ascii(out, &in), in.len > 0) {
		unsigned point = high[(unsigned char)in.at[0] - 0x80];

		utf8_add(out, point == 0 ? REPLACEMENT : point);
		in = span_from(in, 1);
	}
}

/* From a table of two bytes. */
static uint32_t
look_up(const uint16_t table[126][192], unsigned lead, unsigned trail)
{
	if (lead < LEAD || lead > 0xfe || trail < TRAIL || trail > 0xff)
		return 0;
	return table[lead - LEAD][trail - TRAIL];
}

/* JIS X 0208 is Shift_JIS with its rows folded, two to a lead byte. */
uint32_t
charset_jis0208(unsigned row, unsigned cell)
{
	unsigned lead = 0x81 + row / 2;
	unsigned trail = row % 2 == 1 ? 0x9f + cell : 0x40 + cell;

	if (lead > 0x9f)
		lead += 0x40;
	if (row % 2 == 0 && trail >= 0x7f)
		trail++;
	return look_up(cp932, lead, trail);
}

uint32_t
charset_jis0212(unsigned row, unsigned cell)
{
	return row < COUNT(jis0212) && cell < COUNT(jis0212[0])
	    ? jis0212[row][cell]
	    : 0;
}

uint32_t
charset_ks1001(unsigned row, unsigned cell)
{
	return look_up(cp949, HIGH + row, HIGH + cell);
}

uint32_t
charset_gb2312(unsigned row, unsigned cell)
{
	return look_up(gb18030, HIGH + row, HIGH + cell);
}

/* take: returns the length of a non-ASCII character, or 0, and its code
 * point. */
static void
read_with(struct str *out, struct span in,
    size_t (*take)(const unsigned char *at, size_t len, uint32_t *point_r))
{
	while (in.len > 0) {
		const unsigned char *at = (const unsigned char *)in.at;
		uint32_t point = at[0];
		size_t n = at[0] < 0x80 ? 1 : take(at, in.len, &point);

		if (n == 0 || (point == 0 && at[0] != 0)) {
			n = 1;
			point = REPLACEMENT;
		}
		utf8_add(out, point);
		in = span_from(in, n);
	}
}

static uint32_t
gb_run_point(unsigned linear)
{
	size_t low = 0, high = COUNT(gb_runs);

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (gb_runs[middle].linear <= linear)
			low = middle;
		else
			high = middle;
	}
	return gb_runs[low].point == 0
	    ? 0
	    : gb_runs[low].point + linear - gb_runs[low].linear;
}

static size_t
gb18030_four(const unsigned char *at, uint32_t *point_r)
{
	unsigned linear;

	if (at[2] < 0x81 || at[2] > 0xfe || at[3] < 0x30 || at[3] > 0x39)
		return 0;
	linear = ((at[0] - 0x81U) * 10 + at[1] - 0x30U) * 126 + at[2] - 0x81U;
	linear = linear * 10 + at[3] - 0x30U;
	*point_r = linear < 39420 ? gb_run_point(linear)
	    : linear < BEYOND_16_BITS || linear > BEYOND_16_BITS + 0xfffff
	    ? 0
	    : 0x10000 + linear - BEYOND_16_BITS;
	return 4;
}

static size_t
gb18030_take(const unsigned char *at, size_t len, uint32_t *point_r)
{
	*point_r = 0x20ac; /* GBK of Windows */
	if (at[0] == 0x80)
		return 1;
	if (len >= 4 && at[0] < 0xff && at[1] >= 0x30 && at[1] <= 0x39)
		return gb18030_four(at, point_r);
	*point_r = len < 2 ? 0 : look_up(gb18030, at[0], at[1]);
	return 2;
}

static size_t
big5_take(const unsigned char *at, size_t len, uint32_t *point_r)
{
	*point_r = len < 2 ? 0 : look_up(big5, at[0], at[1]);
	return 2;
}

static size_t
cp949_take(const unsigned char *at, size_t len, uint32_t *point_r)
{
	*point_r = len < 2 ? 0 : look_up(cp949, at[0], at[1]);
	return 2;
}

static size_t
cp932_take(const unsigned char *at, size_t len, uint32_t *point_r)
{
	if (at[0] >= HIGH && at[0] <= 0xdf) {
		*point_r = HALF_WIDTH + at[0] - HIGH;
		return 1;
	}
	*point_r = len < 2 ? 0 : look_up(cp932, at[0], at[1]);
	return 2;
}

static size_t
euc_jp_take(const unsigned char *at, size_t len, uint32_t *point_r)
{
	*point_r = 0;
	if (len >= 3 && at[0] == 0x8f && at[1] >= HIGH && at[2] >= HIGH) {
		*point_r = charset_jis0212(at[1] - HIGH, at[2] - HIGH);
		return 3;
	}
	if (len < 2 || at[1] < HIGH || at[1] == 0xff)
		return 0;
	if (at[0] == 0x8e && at[1] <= 0xdf)
		*point_r = HALF_WIDTH + at[1] - HIGH;
	else if (at[0] >= HIGH && at[0] < 0xff)
		*point_r = charset_jis0208(at[0] - HIGH, at[1] - HIGH);
	return 2;
}

void
charset_gb18030(struct str *out, struct span in)
{
	read_with(out, in, gb18030_take);
}

void
charset_big5(struct str *out, struct span in)
{
	read_with(out, in, big5_take);
}

void
charset_cp949(struct str *out, struct span in)
{
	read_with(out, in, cp949_take);
}

void
charset_cp932(struct str *out, struct span in)
{
	read_with(out, in, cp932_take);
}

void
charset_euc_jp(struct str *out, struct span in)
{
	read_with(out, in, euc_jp_take);
}

uint32_t
charset_sum(void)
{
	uint32_t sum = crc32c(0, singles, sizeof singles);

	sum = crc32c(sum, gb18030, sizeof gb18030);
	sum = crc32c(sum, gb_runs, sizeof gb_runs);
	sum = crc32c(sum, big5, sizeof big5);
	sum = crc32c(sum, cp949, sizeof cp949);
	sum = crc32c(sum, cp932, sizeof cp932);
	return crc32c(sum, jis0212, sizeof jis0212);
}
