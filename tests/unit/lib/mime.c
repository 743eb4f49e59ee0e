/* lib/mail/mime, envelope and bodystructure */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mail/crlf.h"
#include "mail/envelope.h"

static void
structure_is(const char *message, const char *expected)
{
	struct arena a = ARENA_INIT;
	struct str out = STR_INIT;

	bodystructure_add(&out, mime_parse(&a, span_text(message)), false);
	assert_string_equal(out.at, expected);
	str_free(&out);
	arena_free(&a);
}

static void
plain_text_has_size_and_lines(void **state)
{
	(void)state;
	structure_is("Subject: x\n\na\nb\n",
	    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" "
	    "6 2)");
	structure_is("Content-Type: text/html; charset=utf-8\n\n",
	    "(\"text\" \"html\" (\"charset\" \"utf-8\") NIL NIL \"7bit\" 0 "
	    "0)");
	/* No header, no end of header, nothing at all. */
	structure_is("",
	    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL "
	    "NIL \"7bit\" 0 0)");
}

static const char two_parts[] =
    "Content-Type: multipart/mixed; boundary=\"b\"\n\npreamble\n"
    "--b\nContent-Type: text/plain\n\none\n"
    "--b\r\nContent-Type: image/png\nContent-ID: <i>\n"
    "Content-Transfer-Encoding: base64\n\nAAAA\n"
    "--b--\nepilogue\n";

static void
parts_end_before_their_delimiter(void **state)
{
	(void)state;
	structure_is(two_parts,
	    "((\"text\" \"plain\" NIL NIL NIL \"7bit\" 3 0)"
	    "(\"image\" \"png\" NIL \"<i>\" NIL \"base64\" 4) \"mixed\")");
}

static void
a_boundary_that_begins_another_is_not_taken_for_it(void **state)
{
	(void)state;
	structure_is("Content-Type: multipart/a; boundary=x\n\n"
		     "--x\nContent-Type: multipart/b; boundary=xy\n\n"
		     "--xy\n\nin\n--xy--\n--x\n\nout\n--x--\n",
	    "(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
	    "\"7bit\" 2 0) \"b\")(\"text\" \"plain\" (\"charset\" "
	    "\"us-ascii\") NIL NIL \"7bit\" 3 0) \"a\")");
}

static void
an_outer_delimiter_ends_inner_parts(void **state)
{
	(void)state;
	structure_is("Content-Type: multipart/a; boundary=o\n\n--o\n"
		     "Content-Type: multipart/b; boundary=i\n\n--i\n\nx\n"
		     "--o\n\ny\n--o--\n",
	    "(((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
	    "\"7bit\" 1 0) \"b\")(\"text\" \"plain\" (\"charset\" "
	    "\"us-ascii\") NIL NIL \"7bit\" 1 0) \"a\")");
}

/* RFC 2045 5.2: what the type is of no use for is text. */
static void
a_multipart_without_parts_is_text(void **state)
{
	static const char *const types[] = { "multipart/mixed; boundary=b",
		"multipart/mixed", "multipart/mixed; boundary=\"  \"", "text",
		"multipart", ";", "" };
	struct str in = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		str_setf(&in, "Content-Type: %s\n\nno parts\n", types[i]);
		structure_is(in.at,
		    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL "
		    "\"7bit\" 10 1)");
	}
	str_free(&in);
}

static void
boundary_is(const char *params, const char *expected)
{
	struct str value = STR_INIT;

	assert_true(param_get(span_text(params), "boundary", &value));
	assert_string_equal(value.at, expected);
	str_free(&value);
}

static void
parameters_are_found_in_every_form(void **state)
{
	struct str value = STR_INIT;

	(void)state;
	boundary_is("; boundary=a", "a");
	boundary_is(";; x ; =y; boundary = \"a\\\"b\" c", "a\"b");
	boundary_is("; boundary*0=a; boundary*1=\"b c\"", "ab c");
	boundary_is("; boundary*1=b; x=y; boundary*0=a; boundary*3=d", "ab");
	boundary_is("; boundary*=us-ascii'en'a%20b", "a b");
	boundary_is("; boundary*=iso-8859-1''%e4", "\xc3\xa4");
	boundary_is("; boundary*=none''%e4%zz%", "\xe4%zz%");
	boundary_is("; boundary*=a%62", "ab");
	boundary_is("; boundary*0*=utf-8''%c3; boundary*1*=%a4; boundary*2=%41",
	    "\xc3\xa4%41");
	/* What old readers understand comes first. */
	boundary_is("; boundary*=''b; boundary=a", "a");
	boundary_is("; boundary=a b\r\n\tc (d) e; x=y", "a b\tc");
	boundary_is("; boundary=a x=y", "a");
	boundary_is("; boundary=----=_a =b x=y", "----=_a =b");
	boundary_is(" x=\"y\" boundary=a", "a");
	boundary_is("; boundary=", "");
	assert_false(param_get(SPAN("; boundary*1=b"), "boundary", &value));
	assert_false(param_get(SPAN("; boundary"), "boundary", &value));
	assert_int_equal(value.len, 0);
	str_free(&value);
}

/* RFC 2046 5.1.1: that line end is the delimiter's. */
static void
no_part_has_the_line_end_of_a_delimiter(void **state)
{
	static const char text[] =
	    "Content-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: message/rfc822\n\nSubject: in\n\n"
	    "--b\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n"
	    "--b\nContent-Type: text/html\n\n--b\nA: b\n--b\n\n--b\n--b--\n";
	struct arena a = ARENA_INIT;
	const struct part *p = mime_parse(&a, span_text(text))->first;

	(void)state;
	assert_true(span_equal(p->body, SPAN("Subject: in\n")));
	assert_true(span_equal(p->first->header, p->body));
	assert_int_equal(p->octets, 13);
	p = p->next;
	assert_true(span_equal(p->body, SPAN("Subject: in")));
	assert_true(span_equal(p->first->header, p->body));
	p = p->next;
	assert_true(span_equal(p->header, SPAN("Content-Type: text/html\n")));
	assert_int_equal(p->body.len, 0);
	p = p->next;
	assert_true(span_equal(p->header, SPAN("A: b")));
	for (int i = 0; i < 2; i++) {
		p = p->next;
		assert_int_equal(p->header.len, 0);
		assert_int_equal(p->octets, 0);
		assert_int_equal(p->lines, 0);
	}
	assert_null(p->next);
	arena_free(&a);
}

static void
long_boundaries_are_bounded(void **state)
{
	struct arena a = ARENA_INIT;
	struct str b = STR_INIT, text = STR_INIT;
	const struct part *p;

	(void)state;
	for (size_t n = 1; n <= 2 * MIME_BOUNDARY; n++) {
		str_add_byte(&b, 'b');
		if (n > 100 && n != MIME_BOUNDARY && n != MIME_BOUNDARY + 1)
			continue;
		str_setf(&text,
		    "Content-Type: multipart/mixed; boundary=%s\n\n"
		    "--%s\n\nx\n--%s--\n",
		    b.at, b.at, b.at);
		p = mime_parse(&a, str_span(&text));
		assert_int_equal(
		    p->kind, n <= MIME_BOUNDARY ? PART_MULTIPART : PART_LEAF);
	}
	str_free(&b);
	str_free(&text);
	arena_free(&a);
}

static void
fields_far_behind_are_not_looked_for(void **state)
{
	struct arena a = ARENA_INIT;
	struct str text = STR_INIT;
	const struct part *p;

	(void)state;
	while (text.len < MIME_HEADER)
		str_add_text(&text, "X-Long: field\n");
	str_add_text(&text, "Content-Type: text/html\n\nbody");
	p = mime_parse(&a, str_span(&text));
	assert_true(span_equal(p->body, SPAN("body")));
	assert_true(span_equal(p->media.subtype, SPAN("plain")));
	str_free(&text);
	arena_free(&a);
}

static void
an_embedded_message_has_an_envelope(void **state)
{
	(void)state;
	structure_is("Content-Type: message/rfc822\n\nSubject: in\n\nx\n",
	    "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 18 "
	    "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) "
	    "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" "
	    "3 1) 3)");
}

static void
sections_are_numbered(void **state)
{
	static const char message[] =
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n"
	    "--b\nContent-Type: message/rfc822\n\n"
	    "Content-Type: multipart/x; boundary=c\n\n--c\n\ndeep\n--c--\n"
	    "--b--\n";
	const uint32_t first[] = { 1 }, deep[] = { 2, 1 }, none[] = { 2, 2 },
		       below[] = { 1, 1 }, third[] = { 3 };
	struct arena a = ARENA_INIT;
	const struct part *root = mime_parse(&a, span_text(message));

	(void)state;
	assert_true(span_equal(mime_find(root, first, 1)->body, SPAN("one")));
	assert_true(span_equal(mime_find(root, deep, 2)->body, SPAN("deep")));
	assert_null(mime_find(root, none, 2));
	assert_null(mime_find(root, below, 2));
	assert_null(mime_find(root, third, 1));
	root = mime_parse(&a, SPAN("A: b\n\nbody\n"));
	assert_true(
	    span_equal(mime_find(root, first, 1)->body, SPAN("body\n")));
	assert_null(mime_find(root, below, 2));
	arena_free(&a);
}

static void
depth_and_number_of_parts_are_limited(void **state)
{
	struct arena a = ARENA_INIT;
	struct str deep = STR_INIT, flat = STR_INIT, out = STR_INIT;
	const struct part *p;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		str_addf(&deep,
		    "Content-Type: multipart/x; boundary=b%d\n\n--b%d\n", i, i);
	p = mime_parse(&a, str_span(&deep));
	for (; p != NULL; p = p->first)
		n++;
	assert_int_equal(n, MIME_DEPTH + 1);
	n = 0;
	str_add_text(&flat, "Content-Type: multipart/x; boundary=b\n\n");
	for (int i = 0; i < 2 * MIME_PARTS; i++)
		str_add_text(&flat, "--b\n\nx\n");
	p = mime_parse(&a, str_span(&flat));
	for (p = p->first; p != NULL; p = p->next)
		n++;
	assert_int_equal(n, MIME_PARTS - 1);
	bodystructure_add(&out, mime_parse(&a, str_span(&deep)), true);
	str_free(&deep);
	str_free(&flat);
	str_free(&out);
	arena_free(&a);
}

static void
parameters_are(const char *in, const char *expected)
{
	struct str out = STR_INIT;

	params_add(&out, span_text(in));
	assert_string_equal(out.at, expected);
	str_free(&out);
}

static void
parameter_pieces_are_joined(void **state)
{
	(void)state;
	parameters_are("; a*0=x; a*1=\"y z\"", "(\"a\" \"xy z\")");
	parameters_are(
	    "; a*1*=%20b; a*0*=utf-8''c", "(\"a*\" \"utf-8''c%20b\")");
	parameters_are(
	    "; a*0*=utf-8''c; a*1=\"% d\"", "(\"a*\" \"utf-8''c%25%20d\")");
	parameters_are("; n*=utf-8''x", "(\"n*\" \"utf-8''x\")");
	parameters_are("; a*1=lost", "(\"a*1\" \"lost\")");
	parameters_are("; x=\"a\\\"b\" ; y = c (comment)",
	    "(\"x\" \"a\\\"b\" \"y\" \"c\")");
	parameters_are("; =; ;x", "NIL");
}

static void
addresses_are(const char *in, const char *expected)
{
	struct str out = STR_INIT;

	envelope_addresses(&out, span_text(in));
	assert_string_equal(out.at, expected);
	str_free(&out);
}

static void
addresses_in_all_their_forms(void **state)
{
	(void)state;
	addresses_are("a@b", "(NIL NIL \"a\" \"b\")");
	addresses_are("A B <a@b>", "(\"A B\" NIL \"a\" \"b\")");
	addresses_are("\"B, A\" <a@b>,c@d",
	    "(\"B, A\" NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")");
	addresses_are("a@b (Ann)", "(\"Ann\" NIL \"a\" \"b\")");
	addresses_are("<@r,@s:a@b>", "(NIL \"@r,@s\" \"a\" \"b\")");
	/* No route: it does not begin with '@'. */
	addresses_are("<c:a@b>", "(NIL NIL \"c:a\" \"b\")");
	addresses_are("g: a@b, c@d;",
	    "(NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")"
	    "(NIL NIL NIL NIL)");
	addresses_are("none:;", "(NIL NIL \"none\" NIL)(NIL NIL NIL NIL)");
	addresses_are("\"a b\"@c", "(NIL NIL \"a b\" \"c\")");
	addresses_are("a@[127.0.0.1]", "(NIL NIL \"a\" \"[127.0.0.1]\")");
	addresses_are("=?utf-8?q?=C3=A9?= <a@b>",
	    "(\"=?utf-8?q?=C3=A9?=\" NIL \"a\" \"b\")");
	addresses_are("a@b <c@d>", "(\"a@b\" NIL \"c\" \"d\")");
}

static void
malformed_addresses_give_something(void **state)
{
	(void)state;
	addresses_are("", "");
	addresses_are(",,", "");
	addresses_are("root", "(NIL NIL \"root\" \"\")");
	addresses_are("g:", "(NIL NIL \"g\" NIL)(NIL NIL NIL NIL)");
	addresses_are("(x\\", "");
	addresses_are("\"open <a@b>", "(NIL NIL \"open <a@b>\" \"\")");
	addresses_are(
	    "<a@b> rubbish, c@d", "(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")");
}

static void
envelope_of_a_message(void **state)
{
	struct str out = STR_INIT;

	(void)state;
	envelope_add(&out,
	    SPAN("Date: d\nFrom: a@b\nTo: c@d\nTo: e@f\n"
		 "Subject: a\n folded\n\"quote\": x\n\nb"));
	assert_string_equal(out.at,
	    "(\"d\" \"a folded\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" "
	    "\"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")(NIL NIL "
	    "\"e\" \"f\")) NIL NIL NIL NIL)");
	str_clear(&out);
	envelope_add(&out, SPAN("Subject: \xc3\xa9\nMessage-ID:\n\n"));
	assert_string_equal(
	    out.at, "(NIL {2}\r\n\xc3\xa9 NIL NIL NIL NIL NIL NIL NIL \"\")");
	str_free(&out);
}

static void
wire_size_counts_each_line_end_as_two(void **state)
{
	(void)state;
	assert_int_equal(crlf_size(SPAN("a\nb\r\n\n\r")), 9);
	assert_int_equal(crlf_size(SPAN("\n")), 2);
	assert_int_equal(crlf_size(SPAN("")), 0);
}

static void
an_embedded_message_without_body_has_the_size_of_its_bytes(void **state)
{
	static const char *const texts[] = {
		"Content-Type: multipart/mixed; boundary=2\n\n--2\n"
		"Content-Type: message/rfc822\n\n\n--2--\n",
		"Content-Type: multipart/mixed; boundary=2\r\n\r\n--2\r\n"
		"Content-Type: message/rfc822\r\n\r\n\r\n--2--\r\n"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct arena a = ARENA_INIT;
		const struct part *p = mime_parse(&a, span_text(texts[i]));

		assert_int_equal(p->first->body.len, 0);
		assert_int_equal(p->first->octets, 0);
		assert_int_equal(p->first->lines, 0);
		assert_int_equal(p->first->first->octets, 0);
		assert_int_equal(p->first->first->lines, 0);
		arena_free(&a);
	}
}

static void
comments_may_stand_in_a_media_type(void **state)
{
	struct arena a = ARENA_INIT;
	const struct part *p = mime_parse(&a,
	    SPAN("Content-Type: (c)text(d)/(e)html(f); (g)charset(h)=(i)x\n"
		 "\nb"));
	struct media m = p->media;
	struct str charset = STR_INIT;

	(void)state;
	assert_true(span_equal_case(m.type, SPAN("text")));
	assert_true(span_equal_case(m.subtype, SPAN("html")));
	assert_true(param_get(m.params, "charset", &charset));
	assert_string_equal(charset.at, "x");
	str_free(&charset);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_has_size_and_lines),
		cmocka_unit_test(parts_end_before_their_delimiter),
		cmocka_unit_test(
		    a_boundary_that_begins_another_is_not_taken_for_it),
		cmocka_unit_test(an_outer_delimiter_ends_inner_parts),
		cmocka_unit_test(a_multipart_without_parts_is_text),
		cmocka_unit_test(parameters_are_found_in_every_form),
		cmocka_unit_test(no_part_has_the_line_end_of_a_delimiter),
		cmocka_unit_test(long_boundaries_are_bounded),
		cmocka_unit_test(fields_far_behind_are_not_looked_for),
		cmocka_unit_test(an_embedded_message_has_an_envelope),
		cmocka_unit_test(sections_are_numbered),
		cmocka_unit_test(depth_and_number_of_parts_are_limited),
		cmocka_unit_test(parameter_pieces_are_joined),
		cmocka_unit_test(addresses_in_all_their_forms),
		cmocka_unit_test(malformed_addresses_give_something),
		cmocka_unit_test(envelope_of_a_message),
		cmocka_unit_test(wire_size_counts_each_line_end_as_two),
		cmocka_unit_test(
		    an_embedded_message_without_body_has_the_size_of_its_bytes),
		cmocka_unit_test(comments_may_stand_in_a_media_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
