#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../../bin/tlsd/hello.h"

static void
a_host_name_is_found(void **state)
{
	struct span name;

	(void)state;
	assert_true(
	    hello_server_name(SPAN("\0\x0e\0\0\x0bmail.ex.org"), &name));
	assert_true(span_equal(name, SPAN("mail.ex.org")));
}

static void
what_is_cut_or_is_no_host_name_is_not(void **state)
{
	static const struct span bad[] = { SPAN_INIT(""), SPAN_INIT("\0"),
		SPAN_INIT("\0\0"),
		SPAN_INIT("\0\x0e\0\0\x0bmail.ex.or"),   /* cut */
		SPAN_INIT("\0\x0e\0\0\x0bmail.ex.orgx"), /* more */
		SPAN_INIT("\0\x0e\1\0\x0bmail.ex.org"),  /* of another kind */
		SPAN_INIT("\0\x03\0\0\0"),               /* empty */
		SPAN_INIT("\0\x0e\0\0\x0b../../x.org"),  /* a path */
		SPAN_INIT("\0\x0e\0\0\x0bmail.ex\0org"),
		SPAN_INIT("\0\x05\0\0\x02..") };
	struct span name;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(hello_server_name(bad[i], &name));
}

static void
alpn_lists_are_searched(void **state)
{
	(void)state;
	assert_true(hello_alpn_has(SPAN("\2h2\4imap"), SPAN("imap")));
	assert_false(hello_alpn_has(SPAN("\2h2\5imaps"), SPAN("imap")));
	assert_false(hello_alpn_has(SPAN("\2h2\5imap"), SPAN("imap")));
	assert_false(hello_alpn_has(SPAN(""), SPAN("imap")));
}

static void
only_web_protocols_make_a_web_client(void **state)
{
	(void)state;
	assert_true(hello_alpn_is_web(SPAN("\2h2\x08http/1.1")));
	assert_false(hello_alpn_is_web(SPAN("\2h2\4smtp")));
	assert_false(hello_alpn_is_web(SPAN("")));
}

#define RANDOM                                                                 \
	"\3\3"                                                                 \
	"rrrrrrrrrrrrrrrr"                                                     \
	"rrrrrrrrrrrrrrrr"
#define NAME_EXTENSION "\0\0\0\x10\0\x0e\0\0\x0bmail.ex.org"
#define ALPN_EXTENSION "\0\x10\0\x07\0\5\4imap"
/* 34 + session 1 + suites 4 + methods 2 + 2 + extensions 20 + 11 */
#define HELLO                                                                  \
	"\1\0\0\x4a" RANDOM "\0"                                               \
	"\0\2\x13\1"                                                           \
	"\1\0"                                                                 \
	"\0\x1f" NAME_EXTENSION ALPN_EXTENSION

static void
in_records(struct str *out, struct span message, size_t most)
{
	str_clear(out);
	while (message.len > 0) {
		size_t n = message.len < most ? message.len : most;

		str_add(out, SPAN("\x16\3\1\0"));
		str_add_byte(out, (char)n);
		str_add(out, span_head(message, n));
		message = span_from(message, n);
	}
}

static void
a_hello_is_read_whole_or_in_pieces(void **state)
{
	struct str records = STR_INIT, message = STR_INIT;
	struct hello h;

	(void)state;
	for (size_t most = 1; most < 100; most += 7) {
		in_records(&records, SPAN(HELLO), most);
		assert_int_equal(
		    hello_read(str_span(&records), &message, &h), HELLO_WHOLE);
		assert_true(span_equal(h.name, SPAN("mail.ex.org")));
		assert_true(span_equal(h.alpn, SPAN("\4imap")));
		for (size_t n = 0; n < records.len; n++)
			assert_int_equal(
			    hello_read(
				span_head(str_span(&records), n), &message, &h),
			    HELLO_PART);
	}
	str_free(&records);
	str_free(&message);
}

static void
what_is_no_hello_is_left_to_the_library(void **state)
{
	static const struct span none[] = { SPAN_INIT("GET / HTTP/1.1\r\n"),
		SPAN_INIT("\x16\3\1\0\0"), SPAN_INIT("\x16\2"),
		SPAN_INIT("\x15"), SPAN_INIT("\x16\3\1\0\1\2"),
		SPAN_INIT("\x16\3\1\0\5\1\0\0\1x"), SPAN_INIT("\x80\x2e\1") };
	struct str message = STR_INIT;
	struct hello h;

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++) {
		assert_int_equal(hello_read(none[i], &message, &h), HELLO_NONE);
		assert_int_equal(h.name.len + h.alpn.len, 0);
	}
	str_free(&message);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_name_is_found),
		cmocka_unit_test(what_is_cut_or_is_no_host_name_is_not),
		cmocka_unit_test(alpn_lists_are_searched),
		cmocka_unit_test(only_web_protocols_make_a_web_client),
		cmocka_unit_test(a_hello_is_read_whole_or_in_pieces),
		cmocka_unit_test(what_is_no_hello_is_left_to_the_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
