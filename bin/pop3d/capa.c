/* CAPA (RFC 2449), UTF8 and LANG (RFC 6856). */
#include "command.h"

/* Capabilities without a command in this state. USER and SASL are login's. */
static const char *const features[] = { "USER", "RESP-CODES", "AUTH-RESP-CODE",
	"PIPELINING", "EXPIRE NEVER", "IMPLEMENTATION chainmail" };

void
cmd_capa(struct session *s, const struct arguments *a)
{
	(void)a;
	reply_ok(s, "capabilities follow");
	for (const struct command *c = s->commands; c->name != NULL; c++)
		if (c->advertise != NULL)
			io_putf(&s->io, "%s\r\n", c->advertise);
	for (size_t i = 0; i < COUNT(features); i++)
		io_putf(&s->io, "%s\r\n", features[i]);
	io_put_text(&s->io, ".\r\n");
}

/* RFC 6856 2.1 allows it only before the login; here it changes nothing, since
 * messages are sent as they are. A client that has not sent it gets UTF-8
 * headers too: refusing or replacing them, as RFC 6856 asks, would lose such
 * mail to every present client. */
void
cmd_utf8(struct session *s, const struct arguments *a)
{
	if (a->text.len > 0)
		reply_error(s, "UTF8 takes no argument");
	else
		reply_ok(s, "UTF-8 mode");
}

/* RFC 6856 3.2: one language, which is also the default ("*"). */
void
cmd_lang(struct session *s, const struct arguments *a)
{
	if (a->text.len == 0)
		io_put_text(
		    &s->io, "+OK languages follow\r\nen English\r\n.\r\n");
	else if (span_equal(a->text, SPAN("*")) ||
	    span_equal_case(a->text, SPAN("en")))
		reply_ok(s, "en Language is English");
	else
		reply_error(s, "only en is available");
}
