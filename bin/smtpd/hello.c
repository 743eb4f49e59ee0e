/* HELO, EHLO, LHLO. */
#include "command.h"
#include "offer.h"
#include "parameter.h"
#include "reply.h"
#include "transaction.h"

enum { HELO_MAX = 255 };

/* The client's name is only recorded; but it goes into Received:, so it must be
 * text. */
static bool
helo_keep(struct session *s, struct span name)
{
	if (name.len == 0 || name.len > HELO_MAX || !span_is_utf8(name) ||
	    !span_is_clean(name)) {
		refuse(s, "syntax", 501, "5.5.4", "A host name is required");
		return false;
	}
	/* RFC 5321 4.1.4: like RSET. */
	transaction_reset(s);
	str_set(&s->helo, name);
	s->state = READY;
	return true;
}

void
hello_helo(struct session *s, struct span argument)
{
	if (!helo_keep(s, argument))
		return;
	s->esmtp = false;
	io_putf(&s->io, "250 %s\r\n", s->server->users.me.at);
}

/* Extensions of the session as a whole, of MAIL and RCPT, of commands. */
static void
keywords(const struct session *s, struct str *out)
{
	/* RFC 2920, RFC 2034, RFC 9422. */
	str_addf(out, "PIPELINING\nENHANCEDSTATUSCODES\nLIMITS RCPTMAX=%llu\n",
	    (unsigned long long)s->server->limits.recipients);
	parameters_advertise(s, out);
	offer_keywords(s, out);
}

void
hello_ehlo(struct session *s, struct span argument)
{
	struct str lines = STR_INIT;
	struct span rest, line;

	if (!helo_keep(s, argument))
		return;
	s->esmtp = true;
	keywords(s, &lines);
	rest = str_span(&lines);
	io_putf(&s->io, "250-%s\r\n", s->server->users.me.at);
	while (span_line(&rest, &line))
		io_putf(&s->io, "250%c%.*s\r\n", rest.len > 0 ? '-' : ' ',
		    (int)line.len, line.at);
	str_free(&lines);
}
