/* HELO, EHLO, LHLO. */
#include "parameter.h"

enum { HELO_MAX = 255 };

/* What the client calls itself is only noted; but it goes into Received:, so
 * it must be text. */
static bool
helo_keep(struct session *s, struct span name)
{
	if (name.len == 0 || name.len > HELO_MAX || !span_is_utf8(name)) {
		reply(s, 501, "5.5.4", "A host name, please");
		return false;
	}
	for (size_t i = 0; i < name.len; i++)
		if (byte_is_control(name.at[i])) {
			reply(s, 501, "5.5.4", "A host name, please");
			return false;
		}
	/* RFC 5321 4.1.4: like RSET. */
	session_reset(s);
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
	command_advertise(s, out);
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
