/* RSET, NOOP, QUIT, VRFY, EXPN, HELP. */
#include "command.h"
#include "offer.h"
#include "reply.h"
#include "transaction.h"

void
noop_run(struct session *s, struct span argument)
{
	(void)argument;
	reply(s, 250, "2.0.0", "OK");
}

void
rset_run(struct session *s, struct span argument)
{
	(void)argument;
	transaction_reset(s);
	reply(s, 250, "2.0.0", "OK");
}

/* RFC 5321 7.3: the answer is the same for every address. */
void
vrfy_run(struct session *s, struct span argument)
{
	if (argument.len == 0)
		refuse(s, "syntax", 501, "5.5.4", "VRFY needs an address");
	else
		reply(s, 252, "2.5.2",
		    "Not verified; mail is accepted for valid addresses");
}

void
expn_run(struct session *s, struct span argument)
{
	(void)argument;
	refuse(s, "command", 502, "5.5.1", "EXPN is not available");
}

void
help_run(struct session *s, struct span argument)
{
	struct str names = STR_INIT;

	(void)argument;
	offer_names(s, &names);
	reply(s, 214, "2.0.0", "Commands:%s; see RFC 5321", names.at);
	str_free(&names);
}

void
quit_run(struct session *s, struct span argument)
{
	(void)argument;
	reply(s, 221, "2.0.0", "Bye");
	s->ended = true;
}
