/* bin/send: messages on their way to hosts that take 7 bits, and line ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../bin/send/convert.h"
#include "../../../bin/send/wire.h"
#include "mail/mime.h"

static void
becomes(const char *in, bool seven, const char *out)
{
	struct str s = STR_INIT;

	assert_null(convert_text(span_text(in), seven, &s));
	assert_string_equal(s.at, out);
	str_free(&s);
}

static void
stays(const char *in)
{
	becomes(in, true, in);
}

static void
is_refused(const char *in)
{
	struct str s = STR_INIT;

	assert_non_null(convert_text(span_text(in), true, &s));
	str_free(&s);
}

static void
what_is_fit_stays(void **state)
{
	(void)state;
	stays("Subject: x\n\nASCII\n");
	stays("Subject: x\n");
	stays("");
	stays("Content-Transfer-Encoding: base64\n\nw7w=\n");
	/* Without the need for 7 bits. */
	becomes("Subject: x\n\n\xc3\xbc\n", false, "Subject: x\n\n\xc3\xbc\n");
}

static void
the_encoding_is_replaced(void **state)
{
	(void)state;
	becomes("MIME-Version: 1.0\n"
		"Content-Transfer-Encoding: 8bit\n"
		"Content-Type: text/plain; charset=utf-8\n\n\xc3\xbc=\n",
	    true,
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC=3D\n");
	/* RFC 1428 4. */
	becomes("Subject: x\n\n\xfc\n", true,
	    "Subject: x\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=FC\n");
	becomes("MIME-Version: 1.0\nContent-Type: image/x\n"
		"Content-Transfer-Encoding: binary\n\n\xff\xfe\xfd",
	    true,
	    "MIME-Version: 1.0\nContent-Type: image/x\n"
	    "Content-Transfer-Encoding: base64\n\n//79");
}

/* RFC 2045 6.4: a multipart's own encoding is none. */
static void
a_multipart_in_a_multipart(void **state)
{
	(void)state;
	becomes("MIME-Version: 1.0\n"
		"Content-Type: multipart/mixed; boundary=a\n"
		"Content-Transfer-Encoding: 8bit\n\n"
		"--a\nContent-Type: multipart/alternative; boundary=b\n\n"
		"--b\n\nplain\n"
		"--b\nContent-Type: text/html\n\n\xc3\xbc\n"
		"--b--\n\n"
		"--a\nContent-Type: message/rfc822\n\n"
		"MIME-Version: 1.0\n"
		"Content-Type: text/plain; charset=utf-8\n\n\xc3\xa4\n"
		"--a--\n",
	    true,
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=a\n"
	    "Content-Transfer-Encoding: 7bit\n\n"
	    "--a\nContent-Type: multipart/alternative; boundary=b\n\n"
	    "--b\n\nplain\n"
	    "--b\nContent-Type: text/html\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC\n"
	    "--b--\n\n"
	    "--a\nContent-Type: message/rfc822\n\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=A4\n"
	    "--a--\n");
}

/* The message inside ends before its own empty body begins. */
static void
a_message_of_a_header_alone(void **state)
{
	(void)state;
	becomes("MIME-Version: 1.0\n"
		"Content-Type: multipart/mixed; boundary=a\n\n"
		"--a\nContent-Type: message/rfc822\n\nSubject: \xfc\n"
		"--a--\n",
	    true,
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/mixed; boundary=a\n\n"
	    "--a\nContent-Type: message/rfc822\n\nSubject: \xfc\n"
	    "--a--\n");
}

/* RFC 1847 2.1, RFC 2046 5.2.2. */
static void
what_must_not_change_is_refused(void **state)
{
	(void)state;
	is_refused("Content-Type: multipart/signed; boundary=a\n\n"
		   "--a\n\n\xc3\xbc\n--a--\n");
	is_refused("Content-Type: message/partial\n\n\xc3\xbc\n");
	is_refused("Content-Transfer-Encoding: x-own\n\n\xc3\xbc\n");
}

/* RFC 2045 6.4. What is no multipart for want of parts says what it is. */
static void
a_multipart_is_never_encoded(void **state)
{
	static const char *const types[] = {
		"multipart/mixed; boundary*0=\"a\"; boundary*1=\"b\"",
		"multipart/mixed; boundary*=us-ascii'en'%61b",
		"multipart/mixed; boundary*0*=''%61; boundary*1=b",
		"multipart/mixed boundary=ab",
		"multipart/mixed; x=y z; boundary=\"a\\b\"",
		"MULTIPART/Mixed;\n boundary = ab ; charset=utf-8",
	};
	struct str in = STR_INIT, out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		str_setf(&in, "Content-Type: %s\n\n--ab\n\n\xc3\xbc\n--ab--\n",
		    types[i]);
		str_setf(&out,
		    "Content-Type: %s\n\n--ab\n"
		    "Content-Transfer-Encoding: quoted-printable\n\n"
		    "=C3=BC\n--ab--\n",
		    types[i]);
		becomes(in.at, true, out.at);
	}
	becomes("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n"
		"Content-Transfer-Encoding: 8bit\n\n\xc3\xbc\n",
	    true,
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC\n");
	str_clear(&in);
	for (int i = 0; i < 2 * MIME_DEPTH; i++)
		str_addf(&in,
		    "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i,
		    i);
	str_add_text(&in, "\n\xc3\xbc\n");
	is_refused(in.at);
	str_free(&in);
	str_free(&out);
}

/* RFC 5322 2.1: the header that is written ends where the one that was read
 * did. */
static void
text_without_an_empty_line_stays_text(void **state)
{
	(void)state;
	becomes("A: b\nno field \xc3\xbc\nC: d\n", true,
	    "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "no field =C3=BC\nC: d\n");
	becomes("MIME-Version: 1.0\nContent-Transfer-Encoding: \"8bit\" (x)\n"
		"no field \xc3\xbc\n",
	    true,
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "no field =C3=BC\n");
	stays("Content-Transfer-Encoding: \"base64\"\n\nw7w=\n");
}

static void
words_add(struct str *out, const char *word, size_t count)
{
	while (count-- > 0)
		str_add_text(out, word);
}

/* RFC 5322 2.1.1, 2.2.3: only where there is a blank, and nothing but blanks is
 * no line. */
static void
long_lines_of_headers_are_folded(void **state)
{
	struct str in = STR_INIT, out = STR_INIT;

	(void)state;
	/* 998 bytes fit. */
	str_add_text(&in, "A:");
	words_add(&in, " 23456789abc", 83);
	str_add_text(&in, "\nB:");
	words_add(&in, " 23456789abc", 84);
	str_add_text(&in, "\n\nx\n");
	str_add_text(&out, "A:");
	words_add(&out, " 23456789abc", 83);
	str_add_text(&out, "\nB:");
	words_add(&out, " 23456789abc", 83);
	str_add_text(&out, "\n 23456789abc\n\nx\n");
	becomes(in.at, false, out.at);
	/* No blank to fold at, and one behind the limit. */
	str_setf(&in, "A: ");
	words_add(&in, "x", 1200);
	str_add_text(&in, "  y   \n\nx\n");
	str_setf(&out, "A:\n ");
	words_add(&out, "x", 1200);
	str_add_text(&out, "\n  y\n\nx\n");
	becomes(in.at, false, out.at);
	/* In a part too, but not in one that is signed. */
	str_setf(&in, "Content-Type: multipart/mixed; boundary=a\n\n--a\nA:");
	words_add(&in, " 23456789abc", 84);
	str_add_text(&in, "\n\nx\n--a--\n");
	str_setf(&out, "Content-Type: multipart/mixed; boundary=a\n\n--a\nA:");
	words_add(&out, " 23456789abc", 83);
	str_add_text(&out, "\n 23456789abc\n\nx\n--a--\n");
	becomes(in.at, false, out.at);
	str_setf(&in, "Content-Type: multipart/signed; boundary=a\n\n--a\nA:");
	words_add(&in, " 23456789abc", 84);
	str_add_text(&in, "\n\nx\n--a--\n");
	stays(in.at);
	str_free(&in);
	str_free(&out);
}

/* The text in two pieces, cut anywhere. */
static void
goes_out(bool dots, bool odd, const char *in, const char *out)
{
	struct span text = span_text(in);

	for (size_t cut = 0; cut <= text.len; cut++) {
		struct wire w = { .dots = dots, .odd = odd };
		struct str s = STR_INIT;

		wire_add(&w, span_head(text, cut), &s);
		wire_add(&w, span_from(text, cut), &s);
		wire_end(&w, &s);
		assert_string_equal(s.at, out);
		str_free(&s);
	}
}

/* RFC 5321 4.5.2, 2.3.8. */
static void
dots_are_doubled_and_lines_end_in_crlf(void **state)
{
	(void)state;
	for (int odd = 0; odd < 2; odd++) {
		goes_out(true, odd, "", "");
		goes_out(true, odd, ".", "..\r\n");
		goes_out(true, odd, "a\n.\n..b\n\nc.d",
		    "a\r\n..\r\n...b\r\n\r\nc.d\r\n");
		goes_out(false, odd, "a\n.\nb\n", "a\r\n.\r\nb\r\n");
	}
}

/* What another host could take for the end of the data. */
static void
no_cr_goes_out_alone(void **state)
{
	(void)state;
	goes_out(true, true, "a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n");
	goes_out(true, true, "a\r.\rb\n", "a . b\r\n");
	goes_out(true, true, "a\n\r.\r\n", "a\r\n .\r\n");
	goes_out(true, true, "a\r\r\nb\r", "a \r\nb \r\n");
}

/* A NUL or CR must not turn into what the next host reads otherwise. */
static void
odd_bytes_make_no_field(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	becomes("a: b\rc\rd\n\nx\n", true, "a: b c d\n\nx\n");
	/* What is no field is text, and stays so. */
	becomes("a: b\n\rc: d\n\nx\n", true,
	    "a: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "=0Dc: d\n\nx\n");
	becomes("Content-Type\r: x/y\n\nx\n", true,
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n"
	    "Content-Type=0D: x/y\n\nx\n");
	assert_null(convert_text(SPAN("Content-Type\0: x/y\n\nx\n"), true, &s));
	assert_non_null(strstr(s.at, "\n\nContent-Type=00: x/y\n\nx\n"));
	str_free(&s);
	/* Its lines would be changed, and the header's word for them not. */
	is_refused("Content-Type: multipart/mixed; boundary=\"\xc3\xbc\"\n\n"
		   "--\xc3\xbc\n\n\xc3\xbc\n--\xc3\xbc--\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_fit_stays),
		cmocka_unit_test(the_encoding_is_replaced),
		cmocka_unit_test(a_multipart_in_a_multipart),
		cmocka_unit_test(a_message_of_a_header_alone),
		cmocka_unit_test(a_multipart_is_never_encoded),
		cmocka_unit_test(text_without_an_empty_line_stays_text),
		cmocka_unit_test(long_lines_of_headers_are_folded),
		cmocka_unit_test(what_must_not_change_is_refused),
		cmocka_unit_test(dots_are_doubled_and_lines_end_in_crlf),
		cmocka_unit_test(no_cr_goes_out_alone),
		cmocka_unit_test(odd_bytes_make_no_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
