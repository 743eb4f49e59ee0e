#include "command.h"

enum {
	ANY = START | READY | MAIL | RCPT | BDAT,
	SMTP = MX | SUBMISSION | SUBMISSIONS | LOCAL,
	LOGIN = SUBMISSION | SUBMISSIONS,
	CLEAR = MX | SUBMISSION | LMTP,
};

const struct command commands[] = {
	{ "EHLO", hello_ehlo, ANY, SMTP, true, false, NULL, NULL },
	{ "HELO", hello_helo, ANY, SMTP, true, false, NULL, NULL },
	{ "LHLO", hello_ehlo, ANY, LMTP, true, false, NULL, NULL },
	{ "MAIL", mail_run, READY, 0, false, false, NULL, NULL },
	{ "RCPT", rcpt_run, MAIL | RCPT, 0, false, false, NULL, NULL },
	{ "DATA", data_run, RCPT, 0, false, false, NULL, NULL },
	{ "BDAT", bdat_run, ANY, 0, false, false, "CHUNKING", NULL },
	{ "RSET", rset_run, ANY, 0, true, false, NULL, NULL },
	{ "NOOP", noop_run, ANY, 0, true, false, NULL, NULL },
	{ "QUIT", quit_run, ANY, 0, false, false, NULL, NULL },
	{ "STARTTLS", starttls_run, START | READY | MAIL | RCPT, CLEAR, true,
	    false, "STARTTLS", starttls_offered },
	{ "AUTH", auth_run, READY, LOGIN, false, true, "AUTH", auth_offered },
	{ "VRFY", vrfy_run, ANY, 0, true, false, "VRFY", NULL },
	{ "EXPN", expn_run, ANY, 0, true, false, NULL, NULL },
	{ "HELP", help_run, ANY, 0, true, false, "HELP", NULL },
	{ .name = NULL },
};
