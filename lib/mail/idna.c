#include "mail/idna.h"

#include "mail/idna_inside.h"
#include "mail/idna_tables.h"
#include "mail/utf8.h"

/* UTS 46 4, step 1. */
static void
point_map(struct points *out, uint32_t c)
{
	size_t low = 0, high = COUNT(idna_maps);
	struct span to;

	if (c < 0x80) {
		points_add(out, (unsigned char)byte_lower((char)c));
		return;
	}
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (idna_maps[middle].from < c)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == COUNT(idna_maps) || idna_maps[low].from != c) {
		points_add(out, c);
		return;
	}
	to = (struct span){ (const char *)idna_texts + idna_maps[low].at,
		idna_maps[low].len };
	while (utf8_take(&to, &c))
		points_add(out, c);
}

/* RFC 3492 5. */
enum {
	BASE = 36,
	T_MIN = 1,
	T_MAX = 26,
	SKEW = 38,
	DAMP = 700,
	BIAS = 72,
	FIRST = 0x80
};

static uint32_t
adapt(uint32_t delta, uint32_t count, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / count;
	for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
		delta /= BASE - T_MIN;
	return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static void
number_add(struct str *out, uint32_t n, uint32_t bias)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t t = k <= bias  ? T_MIN
		    : k >= bias + T_MAX ? T_MAX
					: k - bias;

		if (n < t)
			break;
		str_add_byte(out, digits[t + (n - t) % (BASE - t)]);
		n = (n - t) / (BASE - t);
	}
	str_add_byte(out, digits[n]);
}

/* The smallest code point that is not in yet. */
static uint32_t
next_point(const uint32_t *at, size_t len, uint32_t from)
{
	uint32_t next = UINT32_MAX;

	for (size_t i = 0; i < len; i++)
		if (at[i] >= from && at[i] < next)
			next = at[i];
	return next;
}

/* RFC 3492 6.3; numbers stay small: a label has POINTS_MAX code points. */
static void
punycode_add(struct str *out, const uint32_t *at, size_t len)
{
	uint32_t n = FIRST, delta = 0, bias = BIAS, done, basic = 0;

	for (size_t i = 0; i < len; i++)
		if (at[i] < FIRST) {
			str_add_byte(out, (char)at[i]);
			basic++;
		}
	if (basic > 0)
		str_add_byte(out, '-');
	for (done = basic; done < len; n++, delta++) {
		uint32_t next = next_point(at, len, n);

		delta += (next - n) * (done + 1);
		n = next;
		for (size_t i = 0; i < len; i++) {
			delta += at[i] < n;
			if (at[i] != n)
				continue;
			number_add(out, delta, bias);
			bias = adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
	}
}

static void
label_add(struct str *out, const uint32_t *at, size_t len)
{
	bool ascii = true;

	for (size_t i = 0; i < len; i++)
		ascii &= at[i] < FIRST;
	if (!ascii) {
		str_add_text(out, "xn--");
		punycode_add(out, at, len);
		return;
	}
	for (size_t i = 0; i < len; i++)
		str_add_byte(out, (char)at[i]);
}

bool
idna_ascii(struct span domain, struct str *out)
{
	struct points mapped = { .len = 0 }, p;
	size_t start = 0;
	uint32_t c;

	if (!span_is_utf8(domain))
		return false;
	while (!mapped.over && utf8_take(&domain, &c))
		point_map(&mapped, c);
	if (mapped.over)
		return false;
	points_compose(&mapped, &p);
	if (p.len > 0 && p.at[p.len - 1] == '.')
		p.len--;
	for (size_t i = 0; i <= p.len; i++) {
		if (i < p.len && p.at[i] != '.')
			continue;
		label_add(out, p.at + start, i - start);
		if (i < p.len)
			str_add_byte(out, '.');
		start = i + 1;
	}
	return !p.over;
}
