#include "mail/charset.h"

#include <errno.h>
#include <iconv.h>

enum { NAME_MAX_LEN = 40, REPLACEMENT = 0xfffd };

void
utf8_add(struct str *out, uint32_t p)
{
	if (p < 0x80) {
		str_add_byte(out, (char)p);
		return;
	}
	if (p < 0x800) {
		str_add_byte(out, (char)(0xc0 | p >> 6));
	} else {
		if (p < 0x10000) {
			str_add_byte(out, (char)(0xe0 | p >> 12));
		} else {
			str_add_byte(out, (char)(0xf0 | p >> 18));
			str_add_byte(out, (char)(0x80 | (p >> 12 & 0x3f)));
		}
		str_add_byte(out, (char)(0x80 | (p >> 6 & 0x3f)));
	}
	str_add_byte(out, (char)(0x80 | (p & 0x3f)));
}

bool
utf8_take(struct span *rest, uint32_t *point_r)
{
	unsigned char first;
	size_t n;
	uint32_t p;

	if (rest->len == 0)
		return false;
	first = (unsigned char)rest->at[0];
	n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (!span_is_utf8(span_head(*rest, n)) || rest->len < n) {
		*rest = span_from(*rest, 1);
		*point_r = REPLACEMENT;
		return true;
	}
	p = n == 1 ? first : first & (0x7fU >> n);
	for (size_t i = 1; i < n; i++)
		p = p << 6 | ((unsigned char)rest->at[i] & 0x3f);
	*rest = span_from(*rest, n);
	*point_r = p;
	return true;
}

static void
utf8_decode(struct str *out, struct span in)
{
	uint32_t point;

	if (span_is_utf8(in)) {
		str_add(out, in);
		return;
	}
	while (utf8_take(&in, &point))
		utf8_add(out, point);
}

/* The block 0x80 to 0x9f of windows-1252. Mail that says ISO-8859-1 means it
 * too: the C1 controls are never meant. */
static const uint16_t cp1252[32] = { 0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e,
	0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd,
	0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
	0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e,
	0x0178 };

static void
latin1_decode(struct str *out, struct span in)
{
	for (size_t i = 0; i < in.len; i++) {
		unsigned char c = (unsigned char)in.at[i];

		utf8_add(out, c >= 0x80 && c < 0xa0 ? cp1252[c - 0x80] : c);
	}
}

static bool
iconv_decode(struct str *out, const char *name, struct span in)
{
	iconv_t cd = iconv_open("UTF-8", name);
	char *from = (char *)(uintptr_t)in.at;
	size_t left = in.len;

	if (cd == (iconv_t)-1)
		return false;
	while (left > 0) {
		char chunk[1024], *to = chunk;
		size_t room = sizeof chunk;
		size_t r = iconv(cd, &from, &left, &to, &room);

		str_add(out, (struct span){ chunk, sizeof chunk - room });
		if (r != (size_t)-1 || errno == E2BIG)
			continue;
		utf8_add(out, REPLACEMENT);
		from++;
		left--;
	}
	iconv_close(cd);
	return true;
}

static const struct {
	const char *name;
	void (*decode)(struct str *out, struct span in);
} own[] = {
	{ "utf-8", utf8_decode },
	{ "utf8", utf8_decode },
	{ "us-ascii", utf8_decode },
	{ "ascii", utf8_decode },
	{ "ansi_x3.4-1968", utf8_decode },
	{ "iso-8859-1", latin1_decode },
	{ "latin1", latin1_decode },
	{ "windows-1252", latin1_decode },
	{ "cp1252", latin1_decode },
};

/* iconv(3) takes a path-like "//" suffix and other words: only plain names. */
static bool
name_is_plain(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_alpha(s.at[i]) && !byte_is_digit(s.at[i]) &&
		    span_find(SPAN("-_.:()+"), s.at[i]) == 7)
			return false;
	return s.len > 0 && s.len < NAME_MAX_LEN;
}

bool
charset_decode(struct str *out, struct span charset, struct span in)
{
	char name[NAME_MAX_LEN];

	for (size_t i = 0; i < COUNT(own); i++)
		if (span_equal_case(charset, span_text(own[i].name))) {
			own[i].decode(out, in);
			return true;
		}
	if (!name_is_plain(charset))
		return false;
	for (size_t i = 0; i < charset.len; i++)
		name[i] = charset.at[i];
	name[charset.len] = '\0';
	return iconv_decode(out, name, in);
}

bool
charset_known(struct span charset)
{
	struct str none = STR_INIT;
	bool known = charset_decode(&none, charset, SPAN(""));

	str_free(&none);
	return known;
}
