/* CAPA (RFC 2449), UTF8 and LANG (RFC 6856). */
#include "command.h"

/* What no command of this state stands for. USER and SASL are login's. */
static const char *const features[] = { "USER", "RESP-CODES", "AUTH-RESP-CODE",
	"PIPELINING", "EXPIRE NEVER", "IMPLEMENTATION chainmail" };

void
cmd_capa(struct session *s, const struct arguments *a)
{
	size_t count;
	const struct command *c = commands(&count);

	(void)a;
	reply_ok(s, "capabilities follow");
	for (size_t i = 0; i < count; i++)
		if (c[i].advertise != NULL)
			io_putf(&s->io, "%s\r\n", c[i].advertise);
	for (size_t i = 0; i < COUNT(features); i++)
		io_putf(&s->io, "%s\r\n", features[i]);
	io_put_text(&s->io, ".\r\n");
}

/* RFC 6856 2.1 gives it to the state before the login; here it changes nothing,
 * since messages are sent as they are. A client that has not said it gets
 * UTF-8 headers too: RFC 6856 would have them refused or replaced, and such
 * mail would be lost to every client of today. */
void
cmd_utf8(struct session *s, const struct arguments *a)
{
	if (a->text.len > 0)
		reply_error(s, "UTF8 has no argument");
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
		reply_ok(s, "en English it is");
	else
		reply_error(s, "there is only en");
}
