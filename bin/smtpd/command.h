/* The commands: when they may be given, and their keywords in EHLO. */
#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include "session.h"

struct command {
	const char *name;
	void (*run)(struct session *s, struct span argument);
	unsigned in;           /* states */
	unsigned services;     /* 0: all */
	bool idle;             /* without effect on a message: counted */
	bool long_line;        /* it may contain a mechanism's response */
	const char *advertise; /* its keyword in EHLO */
	/* It may be given now; appends the keyword's parameters (NULL: only
	 * asked for). NULL: always. */
	bool (*offered)(const struct session *s, struct str *parameters);
};

/* All commands, which main passes to the server; the last has no name. */
extern const struct command commands[];

/* Run one command line. */
void command_run(struct session *s, struct span line);

/* Each in the file of its name, the small ones in general.c. */
void hello_helo(struct session *s, struct span argument);
void hello_ehlo(struct session *s, struct span argument);
void mail_run(struct session *s, struct span argument);
void rcpt_run(struct session *s, struct span argument);
void data_run(struct session *s, struct span argument);
void bdat_run(struct session *s, struct span argument);
void rset_run(struct session *s, struct span argument);
void noop_run(struct session *s, struct span argument);
void quit_run(struct session *s, struct span argument);
void auth_run(struct session *s, struct span argument);
void starttls_run(struct session *s, struct span argument);
void vrfy_run(struct session *s, struct span argument);
void expn_run(struct session *s, struct span argument);
void help_run(struct session *s, struct span argument);

bool auth_offered(const struct session *s, struct str *parameters);
bool starttls_offered(const struct session *s, struct str *parameters);
/* Implicit TLS, before the greeting; false: the connection is lost. */
bool starttls_now(struct session *s);

#endif
