/* What parsers cost as their input grows: each parser is run over each input in
 * two sizes, by a function that valgrind counts the instructions of (see
 * tests/growth.bats). */
#ifndef HELPER_GROWTH_H
#define HELPER_GROWTH_H

#include <stdio.h>

#include "base/str.h"

enum { GROWTH_SIZE = 8192 };

struct growth_parser {
	const char *name;
	void (*parse)(struct span in);
};

/* Half the size in repetitions of first, half in repetitions of second. */
struct growth_input {
	const char *name;
	const char *head, *first, *middle, *second, *tail;
};

static const struct growth_input growth_inputs[] = {
	{ "one byte again and again", "", "x", "", "x", "" },
	{ "blanks", "A:", " ", "b", "\t", "c" },
	{ "empty lines", "", "\n", "", "\r\n", "" },
	{ "CR alone", "", "\r", "", "\r", "" },
	{ "NUL", "", "", "", "x", "" }, /* an empty piece is one */
	{ "bytes above 127", "Subject: ", "\xc3", "", "\xff\xfe", "" },
	{ "whole characters", "Subject: ", "\xc3\xa4", "\n\n",
	    "\xe2\x82\xac\xf0\x9f\x98\x80", "" },
	{ "fields", "", "A: b\n", "", "Content-Type: c/d\n", "\nbody" },
	{ "fields without an end", "", "A: b\n", "", "B :c\r\n", "" },
	{ "a long name of a field", "", "x", " ", " ", ": y\n" },
	{ "a folded field", "Content-Type: text/plain;", "\n x=y;", "",
	    "\r\n\t\"", "\n\nbody" },
	{ "no field", "", "no field\n", "", "no field\n", "" },
	{ "lines of an mbox", "", "From a\n", "", ">From b\n", "A: b\n\n" },
	{ "parts behind a comment", "Content-Type: multipart/mixed (", "x",
	    "); boundary=b\n\n", "--b\n\n", "--b--\n" },
	{ "parts behind a comment before the type", "Content-Type: (", "x",
	    ") multipart/mixed; boundary=b\n\n", "--b\n\n", "--b--\n" },
	{ "parts behind comments before the subtype",
	    "Content-Type: multipart(x)", "(x)", "/mixed; boundary=b\n\n",
	    "--b\n\n", "--b--\n" },
	{ "parts behind a comment before a parameter",
	    "Content-Type: multipart/digest;", "(x)", "boundary=b\n\n",
	    "--b\n\n", "--b--\n" },
	{ "messages behind a comment", "Content-Type: (", "x",
	    ") message/rfc822\n\n", "Content-Type: message/rfc822\n\n", "" },
	{ "parts behind pieces of a boundary", "Content-Type: multipart/mixed",
	    "; boundary*1=x", "; boundary*0=b\n\n", "--bx\n\n", "" },
	{ "parts with long fields",
	    "Content-Type: multipart/mixed; boundary=b\n\n",
	    "--b\nContent-Type: (", "x", "--b\nContent-Type: (\n\n", "" },
	{ "words without quotes before parts",
	    "Content-Type: multipart/mixed; x=", "y ", "; boundary=b\n\n",
	    "--b\n\n", "" },
	{ "parts behind parameters", "Content-Type: multipart/digest", ";x=y",
	    "; boundary=b\n\n", "--b\n\nx", "" },
	{ "parts behind a long value", "Content-Type: multipart/mixed; x=\"",
	    "y", "\"; boundary=b\n\n", "--b\nA: b\n\n\n", "" },
	{ "parts behind fields", "Content-Type: multipart/mixed; boundary=b\n",
	    "Content-ID: x\n", "\n", "--b\n\n", "" },
	{ "parts with headers", "Content-Type: multipart/mixed; boundary=b\n\n",
	    "--b\nContent-Type: text/plain; charset*0=us; charset*1=ascii\n"
	    "Content-Disposition: attachment; filename*=utf-8''%e4\n\n",
	    "", "--b\nContent-Type: text/html\n\n\xe4\n", "" },
	{ "parts in a long name of a boundary",
	    "Content-Type: multipart/mixed; boundary=\"", "b", "\"\n\n",
	    "--b\n", "" },
	{ "hyphens", "Content-Type: multipart/mixed; boundary=b\n\n", "--\n",
	    "--b\n", "-", "" },
	{ "multiparts in multiparts",
	    "Content-Type: multipart/mixed; boundary=b\n\n",
	    "--b\nContent-Type: multipart/mixed; boundary=b\n\n", "", "\xe4\n",
	    "" },
	{ "one in another, each with its boundary", /* to the limit of depth */
	    "Content-Type: multipart/x; boundary=b\n\n",
	    "--b\nContent-Type:multipart/x;boundary=c\n\n"
	    "--c\nContent-Type:multipart/x;boundary=b\n\n",
	    "", "--d\n--b \n\xe4\n", "" },
	{ "messages in messages", "Content-Type: message/rfc822\n\n",
	    "Content-Type: message/rfc822\n\n", "", "From: a\n", "" },
	{ "messages in parts", "Content-Type: multipart/mixed; boundary=b\n\n",
	    "--b\nContent-Type: message/rfc822\n\nFrom: a@b\n\n", "",
	    "--b\nContent-Type: message/rfc822\n\n", "" },
	{ "parameters", "Content-Type: text/plain", "; a=b", "", "; a=\"b\"",
	    "" },
	{ "pieces of a parameter", "Content-Type: multipart/mixed",
	    "; boundary*1*=%41", "", "; boundary*0=x", "\n\n--x%41\n" },
	{ "many pieces", "Content-Type: text/plain; a*0=x", "; a*1=x", "",
	    "; a*2*=y", "" },
	{ "semicolons", "Content-Type: text/plain", ";", "", "; ", "" },
	{ "equals signs", "Content-Type: text/plain;", "=", "a", "a=", "" },
	{ "words without semicolons", "Content-Type: text/plain; a=", "b ", "",
	    "c= ", "" },
	{ "nested comments", "From: ", "(", "x", ")", " a@b\n\n" },
	{ "comments", "From: ", "(x)", "a@b", "(\\)", "\n\n" },
	{ "comments without an end", "Content-Type: text/(", "(", "", "\\(",
	    "" },
	{ "quotes", "From: ", "\"", "", "\\\"", "\n\n" },
	{ "quoted words", "From: ", "\"a\" ", "<a@b>, ", "\"a\\", "\n\n" },
	{ "addresses", "To: ", "a@b, ", "", "\"x\" <a@b>,", "\n\n" },
	{ "groups", "To: ", "a:b@c;", "", "a: b@c, d@e", "\n\n" },
	{ "groups in groups", "To: ", "a:", "", ";", "\n\n" },
	{ "routes", "To: <", "@a,", "", "@a:", "b@c>\n\n" },
	{ "signs of an address", "To: ", "@", "a", "@a", "\n\n" },
	{ "angles", "To: ", "<", "a@b", ">", "\n\n" },
	{ "angles in turn", "To: ", "<a@b", "", "<>", "\n\n" },
	{ "literals", "To: ", "a@[1.2", "", "[", "\n\n" },
	{ "encoded words", "Subject: ", "=?utf-8?q?=C3=A4?= ", "",
	    "=?latin1?b?5A==?= ", "\n\n" },
	{ "encoded words of many sets", "Subject: ", "=?iso-8859-1?q?=E4?=\n ",
	    "", "=?iso-8859-2*de?b?5A?= =?x?q?a?=", "\n\n" },
	{ "beginnings of encoded words", "Subject: ", "=?", "a", "=?a?q?",
	    "\n\n" },
	{ "an encoded word without an end", "Subject: =?", "=", "?", "=?a",
	    "" },
	{ "base64", "", "QUJD", "=", "QUI=", "" },
	{ "no base64", "", "*", "A", "=", "" },
	{ "quoted-printable", "", "=41", "", "=\n", "" },
	{ "soft breaks that are none", "", "= ", "x", "=  \t", "x" },
	{ "blanks before a line end", "", "x \n", "", "x\t\r\n", "" },
	{ "dates", "Date: ", "Mon, ", "1 Jan 2026 ", "10:", " +0000\n\n" },
	{ "comments in dates", "Date: Mon", "(", "", "()", "\n\n" },
	{ "mailbox names", "", "&AOQ-", "", "&-", "" },
	{ "one long run", "&", "AOQA", "", "AOQA", "-" },
	{ "designations", "", "\033$B!!", "", "\033(B", "" },
	{ "runs of UTF-7", "", "+AOQ-", "", "+-", "" },
	{ "pairs of bytes", "", "\x81\x40", "", "\xa4\xa2~{!!~}", "" },
	{ "labels", "a@", "a.", "", "b-.", "c" },
	{ "labels that are none", "", ".", "", "a..", "" },
	{ "dots", "", ".\n", "", "..\n", "" },
	{ "TLS-Required", "", "TLS-Required: No\n", "", "TLS-Required : No\n",
	    "" },
};

/* What is counted: a function of this name, which nothing may inline. */
__attribute__((noinline)) void growth_run(
    void (*parse)(struct span in), struct span in);
void
growth_run(void (*parse)(struct span in), struct span in)
{
	parse(in);
}

static void
growth_fill(struct str *out, const char *piece, size_t size)
{
	struct span s = *piece == '\0' ? SPAN("\0") : span_text(piece);

	for (size_t end = out->len + size; out->len < end;)
		str_add(out, s);
}

static void
growth_make(struct str *out, const struct growth_input *in, size_t size)
{
	str_clear(out);
	str_add_text(out, in->head);
	growth_fill(out, in->first, size / 2);
	str_add_text(out, in->middle);
	growth_fill(out, in->second, size / 2);
	str_add_text(out, in->tail);
}

/* A line for each two runs, in their order. */
static int
growth_main(const struct growth_parser *parsers, size_t count)
{
	struct str text = STR_INIT;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < COUNT(growth_inputs); k++) {
			const struct growth_input *in = &growth_inputs[k];

			printf("%s: %s\n", parsers[i].name, in->name);
			for (size_t n = 1; n <= 2; n++) {
				growth_make(&text, in, n * GROWTH_SIZE);
				growth_run(parsers[i].parse, str_span(&text));
			}
		}
	str_free(&text);
	return 0;
}

#endif
