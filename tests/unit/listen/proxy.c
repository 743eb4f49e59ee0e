#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "../../../bin/listen/proxy.h"

static bool
is(const struct in6_addr *a, const char *text)
{
	struct in6_addr b;

	return inet_pton(AF_INET6, text, &b) == 1 &&
	    memcmp(a, &b, sizeof b) == 0;
}

static void
text_header(void **state)
{
	struct span s = SPAN("PROXY TCP4 192.0.2.7 192.0.2.1 5555 25\r\nEHLO");
	struct proxy p;

	(void)state;
	assert_int_equal(proxy_parse(s, &p), s.len - 4);
	assert_true(p.known && is(&p.remote, "::ffff:192.0.2.7"));
	assert_int_equal(p.remote_port, 5555);
	assert_int_equal(p.own_port, 25);
	s = SPAN("PROXY TCP6 2001:db8::7 ::1 1 2\r\n");
	assert_int_equal(proxy_parse(s, &p), s.len);
	assert_true(p.known && is(&p.remote, "2001:db8::7"));
	s = SPAN("PROXY UNKNOWN whatever\r\n");
	assert_int_equal(proxy_parse(s, &p), s.len);
	assert_false(p.known);
}

static void
binary_header(void **state)
{
	struct span v4 = SPAN("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"
			      "\xc0\0\2\7\xc0\0\2\1\x15\xb3\0\x19");
	struct span local = SPAN("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0rest");
	struct proxy p;

	(void)state;
	assert_int_equal(proxy_parse(v4, &p), v4.len);
	assert_true(p.known && is(&p.remote, "::ffff:192.0.2.7"));
	assert_int_equal(p.remote_port, 5555);
	for (size_t n = 0; n < v4.len; n++)
		assert_int_equal(proxy_parse(span_head(v4, n), &p), 0);
	assert_int_equal(proxy_parse(local, &p), 16);
	assert_false(p.known);
}

static void
refused_headers(void **state)
{
	static const struct span bad[] = {
		SPAN_INIT("EHLO example.org\r\n"),
		SPAN_INIT("PROXY TCP4 192.0.2.7 192.0.2.1 5555 25\n"),
		SPAN_INIT("PROXY TCP4 192.0.2.7 192.0.2.1 5555 65536\r\n"),
		SPAN_INIT("PROXY TCP4 192.0.2.7 192.0.2.1 5555\r\n"),
		SPAN_INIT("PROXY TCP4 192.0.2.7 192.0.2.1 5555 25 x\r\n"),
		SPAN_INIT("PROXY TCP4 ::1 ::1 5555 25\r\n"),
		SPAN_INIT("PROXY TCP5 1 2 3 4\r\n"),
		SPAN_INIT("\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c"),
		SPAN_INIT("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"),
		SPAN_INIT("\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x0c"
			  "aaaabbbbccdd"),
	};
	char flood[200];
	struct proxy p;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(proxy_parse(bad[i], &p), -1);
	memset(flood, 'P', sizeof flood);
	assert_int_equal(
	    proxy_parse((struct span){ flood, sizeof flood }, &p), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_header),
		cmocka_unit_test(binary_header),
		cmocka_unit_test(refused_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
