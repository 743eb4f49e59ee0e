/* bin/bounce: foreign text in a report, and the reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/bounce/reason.h"
#include "../../../bin/bounce/text.h"
#include "base/die.h"

/* What f makes of the text. */
static void
makes(void (*f)(struct str *, struct span), const char *in, const char *out)
{
	struct str s = STR_INIT;

	f(&s, span_text(in));
	assert_string_equal(s.at, out);
	str_free(&s);
}

static void
control_characters_become_blanks(void **state)
{
	(void)state;
	makes(text_clean, "a\r\nAction: x", "a  Action: x");
	makes(text_clean,
	    "\xc2\x85\xe2\x80\xae"
	    "c\xc3\xbc",
	    "  c\xc3\xbc");
	makes(text_clean, "\xff", "\xef\xbf\xbd");
	makes(text_ascii, "\x1b\xc3\xbc+\\", " \\x{FC}+\\");
}

/* RFC 6533 3. */
static void
an_address_in_ascii(void **state)
{
	(void)state;
	makes(text_unitext, "a+b=c\\@\xe4\xbe\x8b.jp",
	    "a\\x{2B}b\\x{3D}c\\x{5C}@\\x{4F8B}.jp");
	makes(text_unitext, "\xf0\x9f\x93\xa7@x y", "\\x{1F4E7}@x\\x{20}y");
	makes(text_from_unitext, "\\x{1F4E7}@\\x{4F8B}.jp\\x{2b}",
	    "\xf0\x9f\x93\xa7@\xe4\xbe\x8b.jp+");
	/* What is none is left alone: surrogates, too long, open, empty. */
	makes(text_from_unitext, "\\x{D800}\\x{1234567}\\x{41\\x{}\\x{4G}",
	    "\\x{D800}\\x{1234567}\\x{41\\x{}\\x{4G}");
}

static void
a_long_field_is_folded(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	text_field(&s, "Name",
	    SPAN("0123456789 0123456789 0123456789 0123456789 0123456789 "
		 "0123456789 0123456789"));
	assert_string_equal(s.at,
	    "Name: 0123456789 0123456789 0123456789 0123456789 0123456789 "
	    "0123456789\n 0123456789\n");
	str_clear(&s);
	text_field(&s, "Name", SPAN(""));
	assert_string_equal(s.at, "Name: \n");
	str_free(&s);
}

static void
words_are_wrapped(void **state)
{
	struct str s = STR_INIT, word = STR_INIT;
	struct span rest, line;
	size_t total = 0;

	(void)state;
	text_wrap(&s, SPAN("  one   two\nthree "), "  ");
	assert_string_equal(s.at, "  one two three\n");
	str_clear(&s);
	for (int i = 0; i < 1000; i++)
		str_add_text(&word, "\xc3\xbc");
	text_wrap(&s, str_span(&word), "    ");
	rest = str_span(&s);
	while (span_line(&rest, &line)) {
		assert_true(line.len <= 4 + 200);
		assert_true(span_is_utf8(line));
		total += line.len - 4;
	}
	assert_int_equal(total, word.len);
	str_free(&word);
	str_free(&s);
}

static const char *
brief(int verdict, const char *status, bool reply, const char *text)
{
	return reason_find(&(struct result){ .verdict = verdict,
			       .status = span_text(status),
			       .reply = reply,
			       .text = span_text(text) })
	    ->brief;
}

static void
codes_and_words_give_a_reason(void **state)
{
	static const struct {
		const char *status, *text, *brief;
	} of[] = {
		{ "5.1.1", "mailbox full of spam", "no such mailbox" },
		{ "5.1.2", "", "the domain does not exist" },
		{ "5.1.10", "", "the domain does not accept mail" },
		{ "5.2.2", "", "the mailbox is full" },
		{ "5.2.1", "", "the mailbox does not accept mail" },
		{ "5.3.4", "", "the message is too large" },
		{ "4.3.5",
		    "the line for the domain in the file routes is wrong",
		    "a mail system is misconfigured" },
		{ "5.4.6", "", "the message is in a mail loop" },
		{ "4.4.1", "", "the host can't be reached" },
		{ "5.6.7", "", "the host does not support such addresses" },
		{ "5.7.30", "", "no secure connection could be established" },
		{ "5.7.1", "", "refused by the policy of the other side" },
		{ "5.7.1", "550 blocked using x.example", "refused as spam" },
		{ "5.7.1", "550 5.7.1 Relaying denied",
		    "the host does not accept mail for this domain" },
		{ "5.0.0", "550 User Unknown", "no such mailbox" },
		{ "5.4.1", "550 Recipient address rejected: Access denied",
		    "no such mailbox" },
		{ "4.4.7", "given up; the last: connection timed out",
		    "the host can't be reached" },
		{ "4.4.7", "", "all attempts failed" },
		{ "4.4.7", "given up; the last: DNS gives no answer",
		    "its domain can't be looked up" },
		{ "4.7.5", "its certificate has expired",
		    "no secure connection could be established" },
		{ "5.0.0", "550 no", "it was not accepted" },
		{ "5", "", "it was not accepted" },
		{ "", "", "it was not accepted" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(of); i++)
		assert_string_equal(
		    brief(69, of[i].status, true, of[i].text), of[i].brief);
	assert_string_equal(
	    brief(NOUSER, "5.0.0", false, ""), "no such mailbox");
	assert_string_equal(brief(TEMP, "4.0.0", true, "451 no"),
	    "the other side is temporarily unavailable");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_characters_become_blanks),
		cmocka_unit_test(an_address_in_ascii),
		cmocka_unit_test(a_long_field_is_folded),
		cmocka_unit_test(words_are_wrapped),
		cmocka_unit_test(codes_and_words_give_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
