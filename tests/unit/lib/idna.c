/* lib/mail/idna, against the library that domain_fold() asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/domain.h"
#include "mail/idna.h"
#include "mail/utf8.h"

/* What domain_fold() takes comes out the same. True: it did. */
static bool
agrees(const struct str *domain)
{
	struct str strict = STR_INIT, ours = STR_INIT;
	bool taken = domain_fold(str_span(domain), &strict);

	if (taken &&
	    (!idna_ascii(str_span(domain), &ours) ||
		!span_equal(str_span(&strict), str_span(&ours))))
		fail_msg("%s: %s, not %s", domain->at, ours.at, strict.at);
	str_free(&strict);
	str_free(&ours);
	return taken;
}

static void
every_code_point_is_mapped_alike(void **state)
{
	static const char *const before[] = { "q", "\xd7\x90", "\xd8\xad", "" };
	struct str domain = STR_INIT;
	size_t taken = 0;

	(void)state;
	for (uint32_t c = 1; c < 0x30000; c++)
		for (size_t i = 0; i < COUNT(before); i++) {
			if (c >= 0xd800 && c <= 0xdfff)
				continue;
			str_setf(&domain, "%s", before[i]);
			utf8_add(&domain, c);
			str_add_text(&domain, ".Example");
			taken += agrees(&domain);
			if (i == 0 && c == 0x3400) /* ideographs alike */
				c = 0xa000;
			if (i == 0 && c == 0xac80)
				c = 0xd780;
			if (i == 0 && c == 0x1f700)
				c = 0x2f7f0;
		}
	assert_true(taken > 30000);
	str_free(&domain);
}

/* Always the same numbers. */
static uint32_t
any(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static void
letters_and_marks_are_composed_alike(void **state)
{
	static const struct {
		uint32_t first, count;
	} blocks[] = { { 'A', 58 }, { 0xc0, 0x1c0 }, { 0x300, 0x6f },
		{ 0x300, 0x45 }, { 0x370, 0x90 }, { 0x400, 0x130 },
		{ 0x591, 0x60 }, { 0x620, 0x60 }, { 0x900, 0x80 },
		{ 0x980, 0x80 }, { 0xb80, 0x80 }, { 0xc80, 0x80 },
		{ 0xd00, 0x80 }, { 0xdc0, 0x40 }, { 0x1000, 0x40 },
		{ 0x1100, 0x13 }, { 0x1161, 0x15 }, { 0x11a8, 0x1b },
		{ 0x1b00, 0x50 }, { 0x1e00, 0x100 }, { 0x1f00, 0x100 },
		{ 0x3040, 0xc0 }, { 0xac00, 0x400 } };
	struct str domain = STR_INIT;
	uint32_t seed = 1;
	size_t taken = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		size_t block = any(&seed, COUNT(blocks));

		str_clear(&domain);
		for (uint32_t n = 1 + any(&seed, 5); n > 0; n--) {
			/* Mostly of one script, with any marks. */
			size_t b = any(&seed, 3) == 0 ? 2 + any(&seed, 2)
						      : block;

			utf8_add(&domain,
			    blocks[b].first + any(&seed, blocks[b].count));
		}
		str_add_text(&domain,
		    any(&seed, 2) ? "\xe3\x80\x82"
				    "org"
				  : ".org");
		taken += agrees(&domain);
	}
	assert_true(taken > 20000);
	str_free(&domain);
}

static void
forms_are_one(void **state)
{
	static const char *const cases[][2] = {
		{ "M\xc3\x9cNCHEN.Example", "xn--mnchen-3ya.example" },
		{ "mu\xcc\x88nchen.example", "xn--mnchen-3ya.example" },
		{ "MU\xcc\x88NCHEN\xe3\x80\x82"
		  "Example",
		    "xn--mnchen-3ya.example" },
		{ "m\xc3\xbcnchen\xef\xbc\x8e"
		  "example\xef\xbd\xa1",
		    "xn--mnchen-3ya.example" },
		{ "XN--MNCHEN-3YA.example.", "xn--mnchen-3ya.example" },
		{ "stra\xc3\x9f"
		  "e.de",
		    "xn--strae-oqa.de" },
		{ "plain.example", "plain.example" },
		{ "", "" },
	};
	struct str out = STR_INIT, long_r = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		str_clear(&out);
		assert_true(idna_ascii(span_text(cases[i][0]), &out));
		assert_string_equal(out.at, cases[i][1]);
	}
	assert_false(idna_ascii(SPAN("\xff.example"), &out));
	str_clear(&out);
	for (int i = 0; i < 5000; i++)
		str_add_text(&out, "\xc3\xbc.");
	assert_false(idna_ascii(str_span(&out), &long_r));
	str_free(&long_r);
	str_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_is_mapped_alike),
		cmocka_unit_test(letters_and_marks_are_composed_alike),
		cmocka_unit_test(forms_are_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
