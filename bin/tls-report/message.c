#include "base/encode.h"
#include "mail/date.h"
#include "report.h"

enum { LINE = 76 };

static void
header_add(const struct report *r, struct span to, int64_t now,
    const struct id *id, struct str *out)
{
	str_add_text(out, "Date: ");
	date_format(out, (struct date){ .seconds = now });
	str_add_text(out, "\nFrom: TLS reports <postmaster@");
	str_add(out, r->me);
	str_add_text(out, ">\nTo: <");
	str_add(out, to);
	str_addf(out, ">\nMessage-ID: <%s@", id->text);
	str_add(out, r->me);
	/* RFC 8460 5.3, with the words of its example; folded, since a domain
	 * may be long. */
	str_add_text(out, ">\nSubject: Report Domain: ");
	str_add(out, report_domain(r));
	str_add_text(out, "\n Submitter: ");
	str_add(out, r->me);
	str_add_text(out, "\n Report-ID: <");
	report_id(r, out);
	str_add_text(out, ">\nTLS-Report-Domain: ");
	str_add(out, report_domain(r));
	str_add_text(out, "\nTLS-Report-Submitter: ");
	str_add(out, r->me);
	/* RFC 8460 3, RFC 8689 3: broken TLS must not prevent the report about
	 * it. */
	str_addf(out,
	    "\nTLS-Required: No\n"
	    "Auto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=\"tlsrpt\";\n"
	    "\tboundary=\"=_%s\"\n",
	    id->text);
}

static void
text_add(const struct report *r, struct str *out)
{
	str_add_text(out,
	    "Content-Type: text/plain; charset=us-ascii\n\n"
	    "This is an aggregate TLS report (RFC 8460) about mail that was\n"
	    "sent to ");
	str_add(out, report_domain(r));
	str_addf(out, "\non %s (UTC) by ", r->day.name);
	str_add(out, r->me);
	str_add_text(out, ".\n");
}

static void
attachment_add(const struct report *r, struct span gzip, struct str *out)
{
	struct str base64 = STR_INIT;
	struct span rest;

	str_add_text(out,
	    "Content-Type: application/tlsrpt+gzip\n"
	    "Content-Transfer-Encoding: base64\n"
	    "Content-Disposition: attachment;\n\tfilename=\"");
	report_file_name(r, out);
	str_add_text(out, "\"\n\n");
	base64_encode(&base64, gzip);
	for (rest = str_span(&base64); rest.len > 0;
	     rest = span_from(rest, LINE)) {
		str_add(out, span_head(rest, LINE));
		str_add_byte(out, '\n');
	}
	str_free(&base64);
}

void
report_message(const struct report *r, struct span to, struct span gzip,
    int64_t now, const struct id *id, struct str *out)
{
	header_add(r, to, now, id, out);
	str_addf(out, "\n--=_%s\n", id->text);
	text_add(r, out);
	str_addf(out, "\n--=_%s\n", id->text);
	attachment_add(r, gzip, out);
	str_addf(out, "\n--=_%s--\n", id->text);
}
