/* bin/imapd: URLs of messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../bin/imapd/append/url.h"

static void
assert_span(struct span s, const char *text)
{
	assert_true(span_equal(s, span_text(text)));
}

static void
all_of_a_url_is_taken(void **state)
{
	struct arena a = ARENA_INIT;
	struct url u;

	(void)state;
	assert_true(url_parse(SPAN("/a%2fb/R%26D%C3%BC;UIDVALIDITY=785799047"
				   "/;UID=113330/;section=1.5.9"
				   "/;PARTIAL=10.4294967296"),
	    &a, &u));
	assert_span(u.mailbox, "a/b/R&D\xc3\xbc");
	assert_int_equal(u.uidvalidity, 785799047);
	assert_int_equal(u.uid, 113330);
	assert_span(u.section, "1.5.9");
	assert_true(u.partial);
	assert_int_equal(u.from, 10);
	assert_int_equal(u.count, 4294967296);
	arena_free(&a);
}

static void
what_may_be_missing_is_nothing(void **state)
{
	struct arena a = ARENA_INIT;
	struct url u;

	(void)state;
	assert_true(url_parse(SPAN(";uid=1"), &a, &u));
	assert_int_equal(u.mailbox.len, 0);
	assert_int_equal(u.uidvalidity, 0);
	assert_int_equal(u.section.len, 0);
	assert_false(u.partial);
	assert_true(url_parse(SPAN("/;UID=4294967295"), &a, &u));
	assert_true(url_parse(SPAN("/INBOX/;UID=1/;PARTIAL=3"), &a, &u));
	assert_true(u.partial);
	assert_true(u.count == UINT64_MAX);
	arena_free(&a);
}

static void
anything_else_is_refused(void **state)
{
	static const char *const wrong[] = { "", "/", "/INBOX",
		";UID=", "/INBOX;UID=1", "INBOX/;UID=1", "/INBOX/;UID=0",
		"/INBOX/;UID=4294967296", "/INBOX/;UID=1/", "/INBOX/;UID=1x",
		"/INBOX/;UID=1:2", "/a%/;UID=1", "/a%4/;UID=1", "/a%gg/;UID=1",
		"/a%00/;UID=1", "/a%0a/;UID=1", "/a%ff/;UID=1",
		"/a;UIDVALIDITY=0/;UID=1", "/a;UIDVALIDITY=1x/;UID=1",
		"/a;X=1/;UID=1", "//;UID=1", "/a/;UID=1/;SECTION=",
		"/a/;UID=1/;PARTIAL=", "/a/;UID=1/;PARTIAL=1.",
		"/a/;UID=1/;PARTIAL=1.0", "/a/;UID=1/;PARTIAL=0.1/;SECTION=1",
		"/a/;UID=1;URLAUTH=anonymous:internal:0",
		"imap://host/a/;UID=1", "//host/a" };
	struct arena a = ARENA_INIT;
	struct url u;

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (url_parse(span_text(wrong[i]), &a, &u))
			fail_msg("taken: %s", wrong[i]);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_a_url_is_taken),
		cmocka_unit_test(what_may_be_missing_is_nothing),
		cmocka_unit_test(anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
