/* What is done to many bytes at once gives what it gives byte by byte, for random
 * texts of every length around the blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/fold.h"
#include "mail/utf8.h"
#include "mail/word.h"

enum { ROUNDS = 5000, LONGEST = 150 };

/* The same texts each time. */
static unsigned
chance(unsigned below)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state = state * 6364136223846793005 + 1442695040888963407;
	return (unsigned)(state >> 33) % below;
}

/* Mostly of one kind, with other bytes here and there. */
static struct span
random_text(struct str *s, const char *kind, unsigned strange)
{
	unsigned n = chance(LONGEST);
	struct span bytes = span_text(kind);

	str_clear(s);
	while (s->len < n)
		if (chance(100) < strange)
			str_add_byte(s, (char)chance(256));
		else
			str_add_byte(s, bytes.at[chance((unsigned)bytes.len)]);
	return str_span(s);
}

static void
assert_same(const struct str *fast, const struct str *slow)
{
	assert_int_equal(fast->len, slow->len);
	assert_memory_equal(fast->at, slow->at, slow->len);
}

static size_t
ascii_slowly(struct span s)
{
	size_t n = 0;

	while (n < s.len && (unsigned char)s.at[n] < 0x80)
		n++;
	return n;
}

/* RFC 3629 4, by its table. */
static bool
is_utf8_slowly(struct span s)
{
	static const struct {
		unsigned char first[2], second[2];
		size_t len;
	} rows[] = { { { 0xc2, 0xdf }, { 0x80, 0xbf }, 2 },
		{ { 0xe0, 0xe0 }, { 0xa0, 0xbf }, 3 },
		{ { 0xe1, 0xec }, { 0x80, 0xbf }, 3 },
		{ { 0xed, 0xed }, { 0x80, 0x9f }, 3 },
		{ { 0xee, 0xef }, { 0x80, 0xbf }, 3 },
		{ { 0xf0, 0xf0 }, { 0x90, 0xbf }, 4 },
		{ { 0xf1, 0xf3 }, { 0x80, 0xbf }, 4 },
		{ { 0xf4, 0xf4 }, { 0x80, 0x8f }, 4 } };

	while (s.len > 0) {
		const unsigned char *at = (const unsigned char *)s.at;
		size_t n = at[0] < 0x80 ? 1 : 0;

		for (size_t i = 0; i < COUNT(rows); i++)
			if (at[0] >= rows[i].first[0] &&
			    at[0] <= rows[i].first[1] && s.len >= rows[i].len &&
			    at[1] >= rows[i].second[0] &&
			    at[1] <= rows[i].second[1])
				n = rows[i].len;
		for (size_t i = 2; i < n; i++)
			if (at[i] < 0x80 || at[i] > 0xbf)
				return false;
		if (n == 0)
			return false;
		s = span_from(s, n);
	}
	return true;
}

static void
ascii_and_utf8_are_told(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct span s = random_text(
		    &text, chance(2) ? "abc \n" : "aé\xf0\x9f\x98\x80й漢", 1);

		assert_int_equal(span_ascii(s), ascii_slowly(s));
		assert_int_equal(span_is_ascii(s), ascii_slowly(s) == s.len);
		assert_int_equal(span_is_utf8(s), is_utf8_slowly(s));
	}
	str_free(&text);
}

static void
text_is_folded(void **state)
{
	struct str text = STR_INIT, fast = STR_INIT, slow = STR_INIT;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct span s = random_text(&text,
		    chance(2) ? "abcxyzABCXYZ@[`{ \n" : "azéßσςфиıİ漢", 2);
		uint32_t point;

		str_clear(&fast);
		str_clear(&slow);
		fold_add(&fast, s);
		while (utf8_take(&s, &point)) {
			struct str one = STR_INIT;

			if (point >= 'a' && point <= 'z')
				point -= 'a' - 'A';
			utf8_add(&one, point);
			if (point < 0x80)
				str_add(&slow, str_span(&one));
			else
				fold_add(&slow, str_span(&one));
			str_free(&one);
		}
		assert_same(&fast, &slow);
	}
	str_free(&text);
	str_free(&fast);
	str_free(&slow);
}

/* RFC 2045 6.8 */
static void
base64_slowly(struct str *out, struct span in)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0, have = 0;

	for (size_t i = 0; i < in.len; i++) {
		size_t v = span_find(span_text(alphabet), in.at[i]);

		if (in.at[i] == '=')
			have = 0;
		if (v >= 64)
			continue;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			str_add_byte(out, (char)(bits >> have & 0xff));
		}
	}
}

static void
base64_is_decoded(void **state)
{
	struct str text = STR_INIT, fast = STR_INIT, slow = STR_INIT;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct span s = random_text(&text, "QUJDRGabz019+/", chance(8));

		str_clear(&fast);
		str_clear(&slow);
		decode_base64(&fast, s);
		base64_slowly(&slow, s);
		assert_same(&fast, &slow);
	}
	str_free(&text);
	str_free(&fast);
	str_free(&slow);
}

/* These have no state, so a text is its bytes one by one. */
static void
single_bytes_are_decoded(void **state)
{
	static const char *const sets[] = { "iso-8859-1", "windows-1251",
		"iso-8859-7", "windows-1254", "tis-620" };
	struct str text = STR_INIT, fast = STR_INIT, slow = STR_INIT;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct span set = span_text(sets[chance(COUNT(sets))]);
		struct span s = random_text(&text, "abc \n", chance(60));

		str_clear(&fast);
		str_clear(&slow);
		assert_true(charset_decode(&fast, set, s));
		for (size_t k = 0; k < s.len; k++)
			charset_decode(
			    &slow, set, span_head(span_from(s, k), 1));
		assert_same(&fast, &slow);
	}
	str_free(&text);
	str_free(&fast);
	str_free(&slow);
}

/* What fold_add() is given may be malformed: it then folds what charset_decode()
 * would have made of it. */
static void
malformed_utf8_is_folded_as_if_decoded(void **state)
{
	struct str text = STR_INIT, decoded = STR_INIT, fast = STR_INIT,
		   slow = STR_INIT;

	(void)state;
	assert_true(charset_is_utf8(SPAN("UTF-8")));
	assert_true(charset_is_utf8(SPAN("us-ascii")));
	assert_false(charset_is_utf8(SPAN("iso-8859-1")));
	assert_false(charset_is_utf8(SPAN("utf-7")));
	assert_false(charset_is_utf8(SPAN("")));
	for (int i = 0; i < ROUNDS; i++) {
		struct span s = random_text(&text, "abcéй漢", 5);

		str_clear(&decoded);
		str_clear(&fast);
		str_clear(&slow);
		fold_add(&fast, s);
		assert_true(charset_decode(&decoded, SPAN("utf-8"), s));
		fold_add(&slow, str_span(&decoded));
		assert_same(&fast, &slow);
	}
	str_free(&text);
	str_free(&decoded);
	str_free(&fast);
	str_free(&slow);
}

static void
single_bytes_are_folded_as_if_decoded(void **state)
{
	static const char *const sets[] = { "iso-8859-1", "koi8-r",
		"windows-1253", "iso-8859-9", "tis-620", "macintosh" };
	struct str text = STR_INIT, decoded = STR_INIT, fast = STR_INIT,
		   slow = STR_INIT;
	uint16_t high[128];

	(void)state;
	assert_false(charset_high(SPAN("utf-8"), high));
	assert_false(charset_high(SPAN("big5"), high));
	assert_false(charset_high(SPAN("no-such-set"), high));
	for (int i = 0; i < ROUNDS; i++) {
		struct span set = span_text(sets[chance(COUNT(sets))]);
		struct span s = random_text(
		    &text, "abz \n\xe9\xc1\xd2\x80\xff", chance(100));

		str_clear(&decoded);
		str_clear(&fast);
		str_clear(&slow);
		assert_true(charset_high(set, high));
		fold_bytes_add(&fast, s, high);
		assert_true(charset_decode(&decoded, set, s));
		fold_add(&slow, str_span(&decoded));
		assert_same(&fast, &slow);
	}
	str_free(&text);
	str_free(&decoded);
	str_free(&fast);
	str_free(&slow);
}

/* A field without encoded words loses its line ends and nothing else. */
static void
plain_fields_are_unfolded(void **state)
{
	struct str text = STR_INIT, fast = STR_INIT, slow = STR_INIT;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct span s = random_text(&text, "xy=?\r\n \t", 0);

		str_clear(&fast);
		str_clear(&slow);
		word_decode(&fast, s);
		for (size_t k = 0; k < s.len; k++)
			if (s.at[k] != '\r' && s.at[k] != '\n')
				str_add_byte(&slow, s.at[k]);
		assert_same(&fast, &slow);
	}
	str_free(&text);
	str_free(&fast);
	str_free(&slow);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_and_utf8_are_told),
		cmocka_unit_test(text_is_folded),
		cmocka_unit_test(base64_is_decoded),
		cmocka_unit_test(single_bytes_are_decoded),
		cmocka_unit_test(malformed_utf8_is_folded_as_if_decoded),
		cmocka_unit_test(single_bytes_are_folded_as_if_decoded),
		cmocka_unit_test(plain_fields_are_unfolded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
