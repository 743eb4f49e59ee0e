/* The client's side of SMTP with smtpd at CHAINMAIL_RUN/local. */
#ifndef SENDMAIL_SMTP_H
#define SENDMAIL_SMTP_H

#include "base/die.h"
#include "base/io.h"

struct smtp {
	struct io io;
	bool verbose;     /* show the dialogue */
	struct str reply; /* the last one's lines, without CR */
	struct str me;    /* the host's name */
	uint64_t recipients_max;
};

/* The socket; ends the program when nobody answers there. */
int smtp_connect(void);
/* Connect and send EHLO as this user. */
void smtp_open(struct smtp *s, struct span user);
/* Send a command and read the reply; returns its code. Ends the program when
 * the connection is lost. */
__attribute__((format(printf, 2, 3))) int smtp_say(
    struct smtp *s, const char *format, ...);
/* The message's text: header, empty line, body from its file (RFC 5321 4.5.2:
 * dots doubled), and the end; the code of the reply. */
int smtp_text(struct smtp *s, struct span header, int body);
void smtp_close(struct smtp *s);

/* The reply's last line for people, and what it means for the caller. */
struct span smtp_words(const struct smtp *s);
enum verdict smtp_verdict(const struct smtp *s);

#endif
