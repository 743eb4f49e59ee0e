#include "command.h"

#include "net/http.h"
#include "offer.h"
#include "reply.h"

enum { COMMAND_MAX = 2048 }; /* bytes; RFC 5321 4.5.3.1.4 asks for 512 */

static const char *
wrong_order(const struct session *s)
{
	switch (s->state) {
	case START:
		return s->service == LMTP ? "LHLO first" : "EHLO first";
	case READY:
		return "MAIL first";
	case MAIL:
		return "RCPT first";
	case RCPT:
		return "Not during a transaction";
	case BDAT:
		return "BDAT or RSET";
	}
	return "";
}

void
command_run(struct session *s, struct span line)
{
	struct span name = span_head(line, span_find(line, ' '));
	struct span argument = span_trim(span_from(line, name.len));
	const struct command *c = offer_find(s, name);

	if (span_find(line, '\0') < line.len)
		refuse(s, "syntax", 500, "5.5.2", "NUL in a command");
	else if (http_is_request(line))
		reply_close(s, "http", "4.7.0", "This is not HTTP");
	else if (c == NULL)
		refuse(s, "command", 502, "5.5.1", "Command not available");
	else if (line.len > COMMAND_MAX && !c->long_line)
		refuse(s, "syntax", 500, "5.5.2", "Line too long");
	else if (!(c->in & s->state))
		refuse(s, "order", 503, "5.5.1", "%s", wrong_order(s));
	else
		c->run(s, argument);
	if (c == NULL || c->idle)
		s->idle++;
}
