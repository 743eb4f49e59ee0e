#include "report.h"

#include "mail/date.h"
#include "mail/header.h"
#include "mail/quote.h"
#include "text.h"

enum { LINE_MAX = 998 }; /* RFC 5322 2.1.1 */

/* The bytes can stand in a message as they are. */
static bool
is_sendable(struct span text)
{
	struct span line, rest = text;

	while (span_line(&rest, &line))
		if (line.len > LINE_MAX || span_find(line, '\0') < line.len)
			return false;
	return true;
}

/* RFC 5322 3.6.4, RFC 3834 3.1.6: which message this is about. */
static void
references_add(const struct report *r, struct str *out)
{
	struct header_field id;
	struct str value = STR_INIT;

	if (header_find(r->header, "Message-ID", &id))
		header_unfold(&value, span_trim(id.value));
	if (value.len > 0 && value.len < LINE_MAX / 2 && value.at[0] == '<' &&
	    span_is_ascii(str_span(&value))) {
		struct str clean = STR_INIT;

		text_ascii(&clean, str_span(&value));
		text_field(out, "In-Reply-To", str_span(&clean));
		text_field(out, "References", str_span(&clean));
		str_free(&clean);
	}
	str_free(&value);
}

static void
to_add(const struct report *r, struct str *out)
{
	str_add_text(out, "To: <");
	if (report_is_double(r)) {
		str_add_text(out, "postmaster@");
		str_add(out, r->me);
	} else {
		text_clean(out, r->envelope->from);
	}
	str_add_text(out, ">\n");
}

/* RFC 6522 3, RFC 3834 3.1. type: of the part for programs. */
static void
header_write(const struct report *r, const char *type, struct str *out)
{
	struct str subject = STR_INIT, words = STR_INIT;

	str_add_text(out, "From: Mail Delivery <MAILER-DAEMON@");
	str_add(out, r->me);
	str_add_text(out, ">\n");
	to_add(r, out);
	explain_subject(r, &subject);
	word_encode(&words, str_span(&subject));
	text_field(out, "Subject", str_span(&words));
	str_add_text(out, "Date: ");
	date_format(out, (struct date){ r->now, 0 });
	str_addf(out, "\nMessage-ID: <%s@", r->own.text);
	str_add(out, r->me);
	str_add_text(out, ">\n");
	references_add(r, out);
	str_addf(out,
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=%s;\n"
	    "\tboundary=\"=_%s\"\n",
	    type, r->own.text);
	str_free(&subject);
	str_free(&words);
}

/* One part; encode: the text may be made quoted-printable. */
static void
part_write(const struct report *r, const char *description, const char *type,
    struct span body, bool encode, struct str *out)
{
	bool quoted = encode && !(span_is_ascii(body) && is_sendable(body));

	str_addf(out, "\n--=_%s\nContent-Description: %s\nContent-Type: %s\n",
	    r->own.text, description, type);
	if (quoted)
		str_add_text(
		    out, "Content-Transfer-Encoding: quoted-printable\n");
	else if (!span_is_ascii(body))
		str_add_text(out, "Content-Transfer-Encoding: 8bit\n");
	str_add_byte(out, '\n');
	if (quoted)
		quoted_encode(out, body);
	else
		str_add(out, body);
}

/* At most RETURN_MAX bytes, ended with a whole line. */
static struct span
cut(struct span s)
{
	struct span head = span_head(s, RETURN_MAX);

	if (head.len == s.len)
		return s;
	while (head.len > 0 && head.at[head.len - 1] != '\n')
		head.len--;
	return head;
}

/* The part returned: RFC 6522 3 (3), RFC 6533 4.2 to 4.5. A report in ASCII has
 * the UTF-8 message quoted-printable, which message/global allows and
 * message/rfc822 does not (RFC 2046 5.2.1): that one stays 8bit, and the report's
 * envelope says so. */
static void
original_write(const struct report *r, struct str *out)
{
	bool whole = r->original.len > 0 && is_sendable(r->original);
	struct span body = whole ? r->original : cut(r->header);
	bool global = r->envelope->smtputf8 && !span_is_ascii(body) &&
	    span_is_utf8(r->header);
	const char *type;

	if (whole)
		type = global ? "message/global" : "message/rfc822";
	else
		type = global ? "message/global-headers"
			      : "text/rfc822-headers";
	part_write(r, whole ? "The message" : "Header of the message", type,
	    body,
	    whole ? global && !report_is_utf8(r)
		  : !(global && report_is_utf8(r)),
	    out);
}

void
report_write(const struct report *r, struct str *out)
{
	struct str text = STR_INIT, status = STR_INIT;
	const char *type = "message/delivery-status";

	explain(r, &text);
	status_write(r, report_is_utf8(r), &status);
	/* An address can't be folded, and grows in ASCII. */
	if (!is_sendable(str_span(&status))) {
		str_cut(&status, 0);
		status_write(r, true, &status);
	}
	/* RFC 6533 4.4: the old type will do for what is ASCII. */
	if (!span_is_ascii(str_span(&status)))
		type = "message/global-delivery-status";
	header_write(r, type + sizeof "message", out);
	part_write(r, "Explanation", "text/plain; charset=utf-8",
	    str_span(&text), !report_is_utf8(r), out);
	/* RFC 6533 4.1: the new type may be quoted-printable; the old may not
	 * (RFC 3464 2.1), and never is. */
	part_write(r, "Delivery report", type, str_span(&status),
	    !report_is_utf8(r), out);
	original_write(r, out);
	str_addf(out, "\n--=_%s--\n", r->own.text);
	str_free(&text);
	str_free(&status);
}
