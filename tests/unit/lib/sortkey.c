/* lib/mail/sortkey: keys of SORT and THREAD (RFC 5256). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/sortkey.h"

static void
base(const char *subject, const char *expected, bool reply)
{
	struct str out = STR_INIT;
	bool was = base_subject(&out, span_text(subject));

	assert_string_equal(out.at, expected);
	assert_int_equal(was, reply);
	str_free(&out);
}

/* RFC 5256 2.1, step by step. */

static void
step_1_words_are_decoded_and_blanks_joined(void **state)
{
	(void)state;
	base("=?utf-8?q?Re:_caf=C3=A9?=", "caf\xc3\xa9", true);
	base("a\tb", "a b", false);
	base("a\r\n  b   c", "a b c", false);
	base("=?utf-8?q?a?= =?utf-8?q?b?=", "ab", false);
}

static void
step_2_trailers_go_as_often_as_they_come(void **state)
{
	(void)state;
	base("hello (fwd)", "hello", true);
	base("hello (FWD) (fwd)  ", "hello", true);
	base("hello (fwd) x", "hello (fwd) x", false);
	base("hello  ", "hello", false);
	base("(fwd)", "", true);
}

static void
step_3_leaders_go(void **state)
{
	(void)state;
	base("Re: hello", "hello", true);
	base("RE:hello", "hello", true);
	base("fw: hello", "hello", true);
	base("Fwd: hello", "hello", true);
	base("  hello", "hello", false);
	base("re : hello", "hello", true);
	base("Re[5]: hello", "hello", true);
	base("Re [5] : hello", "hello", true);
	base("[list] [other] Re: hello", "hello", true);
	base("Reply: hello", "Reply: hello", false);
	base("Re hello", "Re hello", false);
	base("fwdd: hello", "fwdd: hello", false);
	base("AW: hello", "AW: hello", false);
}

static void
step_4_a_blob_goes_unless_nothing_were_left(void **state)
{
	(void)state;
	base("[list] hello", "hello", false);
	base("[list]hello", "hello", false);
	base("[list]", "[list]", false);
	base("[a] [b]", "[b]", false);
	base("[a] [b] (fwd)", "[b]", true);
	base("hello [list]", "hello [list]", false);
	base("[not a blob", "[not a blob", false);
	base("[a[b]] x", "[a[b]] x", false);
}

static void
step_5_steps_3_and_4_are_repeated(void **state)
{
	(void)state;
	base("Re: [list] Re: [other] fwd: hello", "hello", true);
	base("[a] Re: [b] hello", "hello", true);
	base("Re: Re[2]: Re: hello", "hello", true);
	base("Re: [a]", "[a]", true);
	base("Re:", "", true);
	base("[a] re:", "", true);
}

static void
step_6_what_is_wrapped_as_forwarded_is_unwrapped(void **state)
{
	(void)state;
	base("[fwd: hello]", "hello", true);
	base("[FWD: Re: hello (fwd)]", "hello", true);
	base("[fwd: [fwd: hello]]", "hello", true);
	base("Re: [Fwd: [list] hello]", "hello", true);
	base("[fwd: hello] x", "x", false);
	base("[fwd: hello", "[fwd: hello", false);
	base("[fwd:]", "", true);
}

static void
a_subject_of_nothing_is_empty(void **state)
{
	(void)state;
	base("", "", false);
	base(" \t\r\n ", "", false);
}

static void
hostile_subjects_take_no_time(void **state)
{
	struct str s = STR_INIT, out = STR_INIT;

	(void)state;
	for (int i = 0; i < 400000; i++)
		str_add_text(&s, "[a]");
	base_subject(&out, str_span(&s));
	assert_string_equal(out.at, "[a]");
	str_clear(&s);
	str_clear(&out);
	for (int i = 0; i < 200000; i++)
		str_add_text(&s, "[fwd:");
	for (int i = 0; i < 200000; i++)
		str_add_text(&s, "]");
	base_subject(&out, str_span(&s));
	assert_string_equal(out.at, "");
	str_clear(&s);
	for (int i = 0; i < 400000; i++)
		str_add_text(&s, "<(");
	assert_false(message_id_next(&(struct span){ s.at, s.len }, &out));
	str_free(&out);
	str_free(&s);
}

static void
ids(const char *value, const char *expected)
{
	struct span rest = span_text(value);
	struct str all = STR_INIT, one = STR_INIT;

	for (str_clear(&one); message_id_next(&rest, &one); str_clear(&one)) {
		str_add(&all, str_span(&one));
		str_add_byte(&all, '|');
	}
	assert_string_equal(all.at, expected);
	str_free(&one);
	str_free(&all);
}

static void
message_ids_have_one_form(void **state)
{
	(void)state;
	/* RFC 5256 3's own. */
	ids("<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>",
	    "01KF8JCEOCBS0045PS@xxx.yyy.com|");
	ids("<01KF8JCEOCBS0045PS@xxx.yyy.com>",
	    "01KF8JCEOCBS0045PS@xxx.yyy.com|");
	ids("<a.\"b\\\"c\" (x(y)) @ z >", "a.b\"c@z|");
	ids("<a@b>\r\n\t<c@d> text <e@f>", "a@b|c@d|e@f|");
	ids("<a@[1.2.3.4]>", "a@[1.2.3.4]|");
}

static void
what_is_no_message_id_is_passed_over(void **state)
{
	(void)state;
	ids("", "");
	ids("a@b", "");
	ids("<a>", "");
	ids("<@b>", "");
	ids("<a@>", "");
	ids("<a@b", "");
	ids("<a <b@c>", "b@c|");
	ids("<\"a@b>", "");
	ids("<x> <a@b>", "a@b|");
	ids("Your message of 1 May <a@b> from x@y", "a@b|");
}

static const char header[] =
    "From: =?utf-8?q?=C3=89mile?= <Emile@Example.org>, "
    "b@c\r\n"
    "To: x@y.example\r\n"
    "Cc: team: a@b, c@d;\r\n"
    "Date: Sun, 31 Dec 2000 16:01:33 -0800\r\n"
    "Subject: Re: [x] H\xc3\xa9llo\r\n"
    "Message-ID: <1@x>\r\n"
    "References: <\"r1\"@x>\r\n <r2@x>\r\n"
    "In-Reply-To: <other@x>\r\n"
    "\r\n"
    "Subject: body\r\n";

static void
key(const char *head, enum sortkey which, const char *expected)
{
	struct sortkeys k;

	sortkeys_init(&k);
	sortkeys_take(&k, 1U << which, span_text(head));
	assert_string_equal(k.text[which].at, expected);
	for (enum sortkey i = 0; i < SORTKEYS; i++)
		assert_true(i == which || k.text[i].len == 0);
	sortkeys_free(&k);
}

static void
keys_are_taken_from_a_header(void **state)
{
	struct sortkeys k;

	(void)state;
	key(header, SORTKEY_FROM, "EMILE");
	/* Taken apart by RFC 5051: E and an acute. */
	key(header, SORTKEY_DISPLAYFROM, "E\xcc\x81MILE");
	key(header, SORTKEY_TO, "X");
	key(header, SORTKEY_DISPLAYTO, "X@Y.EXAMPLE");
	/* The first structure of a group is its name. */
	key(header, SORTKEY_CC, "TEAM");
	key(header, SORTKEY_SUBJECT, "HE\xcc\x81LLO");
	key(header, SORTKEY_ID, "1@x\n");
	key(header, SORTKEY_REFERENCES, "r1@x\nr2@x\n");
	sortkeys_init(&k);
	sortkeys_take(&k, 1U << SORTKEY_SUBJECT, span_text(header));
	assert_true(k.reply);
	assert_true(k.dated);
	/* RFC 5256 2.2's own example: 1 Jan 2001 00:01:33 UTC. */
	assert_int_equal(k.sent, 978307293);
	sortkeys_take(&k, 0, SPAN("Date: Sat, 02 Feb 0102 23:26:17 +0200\n"));
	assert_false(k.dated);
	sortkeys_take(&k, 0, SPAN("Date: Sat, 02 Feb 102 00:00 +0000\n"));
	assert_int_equal(k.sent, 1012608000);
	sortkeys_take(&k, 0, SPAN("\r\n"));
	assert_false(k.dated);
	assert_false(k.reply);
	assert_int_equal(k.text[SORTKEY_SUBJECT].len, 0);
	sortkeys_free(&k);
}

static void
in_reply_to_stands_for_references(void **state)
{
	(void)state;
	key("In-Reply-To: <a@b> <c@d>\n\n", SORTKEY_REFERENCES, "a@b\n");
	key("References: none\nIn-Reply-To: x <a@b>\n\n", SORTKEY_REFERENCES,
	    "a@b\n");
	key("In-Reply-To: <z@b>\nReferences: <a@b>\n\n", SORTKEY_REFERENCES,
	    "a@b\n");
	key("Subject: x\n\n", SORTKEY_REFERENCES, "");
}

static void
an_address_without_name_or_host_shows_what_it_has(void **state)
{
	(void)state;
	key("From: \"\" <a@b>\n\n", SORTKEY_DISPLAYFROM, "A@B");
	key("From: a@b (Ann)\n\n", SORTKEY_DISPLAYFROM, "ANN");
	key("From: ann\n\n", SORTKEY_DISPLAYFROM, "ANN");
	key("From: team:;\n\n", SORTKEY_DISPLAYFROM, "TEAM");
	key("From:\nFrom: <b@c>\n\n", SORTKEY_FROM, "B");
	key("From: ,\n\n", SORTKEY_FROM, "");
}

static void
the_last_references_are_kept(void **state)
{
	struct str s = STR_INIT;
	struct sortkeys k;
	struct span rest, line;
	size_t n = 0;

	(void)state;
	str_add_text(&s, "References:");
	for (int i = 0; i < 3 * SORTKEY_REFERENCES_MAX; i++)
		str_addf(&s, "\n <%d@x>", i);
	str_add_text(&s, "\n\n");
	sortkeys_init(&k);
	sortkeys_take(&k, 1U << SORTKEY_REFERENCES, str_span(&s));
	rest = str_span(&k.text[SORTKEY_REFERENCES]);
	assert_true(span_starts(rest, SPAN("2000@x\n2001@x\n")));
	while (span_line(&rest, &line))
		n++;
	assert_int_equal(n, SORTKEY_REFERENCES_MAX);
	sortkeys_free(&k);
	str_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(step_1_words_are_decoded_and_blanks_joined),
		cmocka_unit_test(step_2_trailers_go_as_often_as_they_come),
		cmocka_unit_test(step_3_leaders_go),
		cmocka_unit_test(step_4_a_blob_goes_unless_nothing_were_left),
		cmocka_unit_test(step_5_steps_3_and_4_are_repeated),
		cmocka_unit_test(
		    step_6_what_is_wrapped_as_forwarded_is_unwrapped),
		cmocka_unit_test(a_subject_of_nothing_is_empty),
		cmocka_unit_test(hostile_subjects_take_no_time),
		cmocka_unit_test(message_ids_have_one_form),
		cmocka_unit_test(what_is_no_message_id_is_passed_over),
		cmocka_unit_test(keys_are_taken_from_a_header),
		cmocka_unit_test(in_reply_to_stands_for_references),
		cmocka_unit_test(
		    an_address_without_name_or_host_shows_what_it_has),
		cmocka_unit_test(the_last_references_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
