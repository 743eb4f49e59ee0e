#include "report.h"

#include "mail/date.h"
#include "mail/header.h"

enum { TEXT_MAX = 800 }; /* keeps a line under 998 bytes (RFC 5322 2.1.1) */

static bool
is_utf8(const struct report *r)
{
	return r->envelope->smtputf8;
}

/* Foreign text in one line of ours, which is in UTF-8, or in ASCII only. */
static void
line_add(struct str *out, struct span text, bool ascii)
{
	text = span_head(text, TEXT_MAX);
	ascii = ascii || !span_is_utf8(text);
	for (size_t i = 0; i < text.len; i++)
		if (ascii && (unsigned char)text.at[i] > 127)
			str_add_byte(out, '?');
		else
			str_add_byte(out,
			    byte_is_control(text.at[i]) ? ' ' : text.at[i]);
}

static void
text_add(struct str *out, struct span text)
{
	line_add(out, text, false);
}

static void
field_add(struct str *out, const char *name, struct span value)
{
	str_addf(out, "%s: ", name);
	text_add(out, value);
	str_add_byte(out, '\n');
}

static void
date_add(struct str *out, const char *name, int64_t seconds)
{
	str_addf(out, "%s: ", name);
	date_format(out, (struct date){ seconds, 0 });
	str_add_byte(out, '\n');
}

static void
boundary_add(const struct report *r, struct str *out, const char *end)
{
	str_addf(out, "\n--=_%s%s\n", r->own.text, end);
}

/* RFC 6522 3, RFC 3834 3.1.7, RFC 5322 3.6.4. */
static void
header_write(const struct report *r, struct str *out)
{
	struct header_field id;

	str_add_text(out, "From: Mail Delivery <MAILER-DAEMON@");
	str_add(out, r->me);
	str_add_text(out, ">\nTo: <");
	text_add(out, r->envelope->from);
	str_addf(out, ">\nSubject: %s\n",
	    r->failed ? "Your message could not be delivered"
		      : "Your message was delivered");
	date_add(out, "Date", r->now);
	str_addf(out, "Message-ID: <%s@", r->own.text);
	str_add(out, r->me);
	str_add_text(out, ">\n");
	if (header_find(r->header, "Message-ID", &id)) {
		struct str value = STR_INIT;

		header_unfold(&value, id.value);
		field_add(out, "In-Reply-To", str_span(&value));
		field_add(out, "References", str_span(&value));
		str_free(&value);
	}
	str_addf(out,
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=%s;\n"
	    "\tboundary=\"=_%s\"\n",
	    is_utf8(r) ? "global-delivery-status" : "delivery-status",
	    r->own.text);
}

static void
subject_tell(const struct report *r, struct str *out)
{
	struct header_field subject;
	struct str value = STR_INIT;

	if (header_find(r->header, "Subject", &subject)) {
		header_unfold(&value, subject.value);
		str_add_text(out, "    Subject: ");
		text_add(out, str_span(&value));
		str_add_byte(out, '\n');
	}
	str_add_text(out, "    Sent:    ");
	date_format(out, (struct date){ r->birth, 0 });
	str_add_byte(out, '\n');
	if (r->message.text[0] != '\0')
		str_addf(out, "    Id:      %s\n", r->message.text);
	str_free(&value);
}

/* The part for people. */
static void
explain(const struct report *r, struct str *out)
{
	boundary_add(r, out, "");
	str_add_text(out,
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n\n"
	    "This is the mail system at ");
	str_add(out, r->me);
	str_addf(out, ".\n\nYour message\n\n");
	subject_tell(r, out);
	str_addf(out, "\n%s\n",
	    r->failed ? "could not be delivered to these addresses, and will "
			"not be tried again:"
		      : "was delivered to these addresses:");
	for (size_t i = 0; i < r->envelope->count; i++) {
		if (!r->chosen[i])
			continue;
		str_add_text(out, "\n    ");
		text_add(out, r->envelope->recipients[i].address);
		str_add_byte(out, '\n');
		if (r->failed && r->results[i].text.len > 0) {
			str_add_text(out, "        ");
			text_add(out, r->results[i].text);
			str_add_byte(out, '\n');
		}
	}
	if (r->failed)
		str_add_text(out,
		    "\nCheck the addresses, or ask their owners in another "
		    "way. What was sent is\nattached, its text only as far as "
		    "it is short.\n");
}

static void
recipient_write(const struct report *r, size_t i, struct str *out)
{
	const struct recipient *to = &r->envelope->recipients[i];
	const struct result *res = &r->results[i];

	str_add_byte(out, '\n');
	/* RFC 3464 2.3.1, RFC 3461 6.3: only what the sender named. */
	if (to->orcpt.len > 0)
		field_add(out, "Original-Recipient", to->orcpt);
	str_addf(out, "Final-Recipient: %s; ",
	    span_is_ascii(to->address) ? "rfc822" : "utf-8");
	text_add(out, to->address);
	str_addf(out, "\nAction: %s\n", r->failed ? "failed" : "delivered");
	field_add(out, "Status", res->status);
	if (r->failed && res->text.len > 0) {
		str_add_text(out, "Diagnostic-Code: X-chainmail; ");
		/* RFC 3464 2.1: message/delivery-status is ASCII. */
		line_add(out, res->text, !is_utf8(r));
		str_add_byte(out, '\n');
	}
	date_add(out, "Last-Attempt-Date", res->at);
}

/* The part for programs: RFC 3464 2.2 and 2.3. */
static void
status_write(const struct report *r, struct str *out)
{
	boundary_add(r, out, "");
	str_addf(out, "Content-Type: message/%s\n%s\n",
	    is_utf8(r) ? "global-delivery-status" : "delivery-status",
	    is_utf8(r) ? "Content-Transfer-Encoding: 8bit\n" : "");
	str_add_text(out, "Reporting-MTA: dns; ");
	str_add(out, r->me);
	str_add_byte(out, '\n');
	if (r->envelope->envid.len > 0)
		field_add(out, "Original-Envelope-Id", r->envelope->envid);
	date_add(out, "Arrival-Date", r->birth);
	for (size_t i = 0; i < r->envelope->count; i++)
		if (r->chosen[i])
			recipient_write(r, i, out);
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

/* The part returned: RFC 6522 3 (3), RFC 6533 5.1. */
static void
original_write(const struct report *r, struct str *out)
{
	bool whole = r->original.len > 0;
	struct span body = whole ? r->original : cut(r->header);
	const char *type = is_utf8(r) ? "message/global-headers"
				      : "text/rfc822-headers";

	if (whole)
		type = is_utf8(r) ? "message/global" : "message/rfc822";
	boundary_add(r, out, "");
	str_addf(out, "Content-Type: %s\n", type);
	if (!span_is_ascii(body))
		str_add_text(out, "Content-Transfer-Encoding: 8bit\n");
	str_add_byte(out, '\n');
	str_add(out, body);
}

void
report_write(const struct report *r, struct str *out)
{
	header_write(r, out);
	explain(r, out);
	status_write(r, out);
	original_write(r, out);
	boundary_add(r, out, "--");
}
