/* sendmail's traditional command line. */
#ifndef SENDMAIL_OPTIONS_H
#define SENDMAIL_OPTIONS_H

#include "base/str.h"

enum mode {
	SEND,    /* -bm */
	SMTP,    /* -bs: the user's program speaks SMTP itself */
	VERIFY,  /* -bv */
	LIST,    /* -bp, mailq */
	FLUSH,   /* -q */
	ALIASES, /* -bi, -I, newaliases */
};

struct options {
	enum mode mode;
	const char *sender; /* -f; NULL: the caller */
	const char *name;   /* -F, of the author */
	bool from_header;   /* -t */
	bool dot_is_text;   /* -i, -oi: a line with a dot is not the end */
	bool verbose;       /* -v */
	const char *notify; /* -N */
	const char *ret;    /* -R */
	const char *envid;  /* -V */
	const char *verp;   /* -XV; "" for the usual delimiters */
	char **recipients;  /* the other words, ended by NULL */
};

extern const char options_help[]; /* what --help prints */
/* Ends the program when the command line is wrong. */
void options_read(struct options *o, int argc, char **argv);

#endif
