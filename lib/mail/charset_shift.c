/* Character sets that switch by escape sequences in an all-ASCII text: see
 * charset_inside.h. */
#include "mail/charset_inside.h"
#include "mail/utf8.h"

enum set { ASCII, KATAKANA, JIS0208, JIS0212, KS1001, GB2312, AS_BEFORE };

struct shift {
	const char *sequence;
	enum set to;
};

/* RFC 1468, and RFC 1554's and Microsoft's additions. */
static const struct shift japanese[] = {
	{ "\033(B", ASCII },
	{ "\033(J", ASCII },
	{ "\033(I", KATAKANA },
	{ "\033$@", JIS0208 },
	{ "\033$B", JIS0208 },
	{ "\033$(D", JIS0212 },
};
/* RFC 1557: the designation only defines the meaning of SO. */
static const struct shift korean[] = {
	{ "\033$)C", AS_BEFORE },
	{ "\016", KS1001 },
	{ "\017", ASCII },
};
/* RFC 1843 */
static const struct shift chinese[] = {
	{ "~{", GB2312 },
	{ "~}", ASCII },
	{ "~\n", AS_BEFORE },
};

static uint32_t
pair_point(enum set set, unsigned row, unsigned cell)
{
	switch (set) {
	case JIS0208:
		return charset_jis0208(row, cell);
	case JIS0212:
		return charset_jis0212(row, cell);
	case KS1001:
		return charset_ks1001(row, cell);
	case GB2312:
		return charset_gb2312(row, cell);
	case ASCII:
	case KATAKANA:
	case AS_BEFORE:
		break;
	}
	return 0;
}

static bool
is_graphic(char c)
{
	return c > 0x20 && c < 0x7f;
}

/* Take one character. */
static uint32_t
take_in(enum set set, struct span *rest)
{
	char c = rest->at[0], next = rest->len > 1 ? rest->at[1] : '\0';
	uint32_t point = (unsigned char)c;

	if (set != ASCII && set != KATAKANA && is_graphic(c) &&
	    is_graphic(next)) {
		*rest = span_from(*rest, 2);
		point = pair_point(set, c - 0x21U, next - 0x21U);
		return point == 0 ? REPLACEMENT : point;
	}
	*rest = span_from(*rest, 1);
	if (set == KATAKANA && c >= 0x21 && c <= 0x5f)
		return 0xff61 + point - 0x21;
	return point < 0x80 && (set == ASCII || !is_graphic(c)) ? point
								: REPLACEMENT;
}

static bool
take_shift(
    struct span *rest, const struct shift *shifts, size_t count, enum set *set)
{
	for (size_t i = 0; i < count; i++)
		if (span_take_text(rest, span_text(shifts[i].sequence))) {
			if (shifts[i].to != AS_BEFORE)
				*set = shifts[i].to;
			return true;
		}
	return false;
}

static void
read_shifted(
    struct str *out, struct span in, const struct shift *shifts, size_t count)
{
	enum set set = ASCII;

	while (in.len > 0) {
		if (take_shift(&in, shifts, count, &set))
			continue;
		if (in.at[0] == '\n') /* every line begins in ASCII */
			set = ASCII;
		if (shifts == chinese && span_starts(in, SPAN("~~")))
			in = span_from(in, 1);
		utf8_add(out, take_in(set, &in));
	}
}

void
charset_iso2022_jp(struct str *out, struct span in)
{
	read_shifted(out, in, japanese, COUNT(japanese));
}

void
charset_iso2022_kr(struct str *out, struct span in)
{
	read_shifted(out, in, korean, COUNT(korean));
}

void
charset_hz(struct str *out, struct span in)
{
	read_shifted(out, in, chinese, COUNT(chinese));
}
