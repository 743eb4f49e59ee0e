/* The front of one connection: the client's lines, and questions to the
 * privileged parent. */
#ifndef LOGIN_FRONT_H
#define LOGIN_FRONT_H

#include "base/io.h"
#include "imap/offer.h"
#include "os/conf.h"

/* The front's state of one connection. */
struct front {
	struct io io;
	int parent;
	bool imap;
	bool tls, local, cert;
	bool tls_possible;
	bool utf8; /* POP3: UTF8 was given (RFC 6856 2.1) */
	bool done; /* the session ends */
	struct limits limits;
	struct offer offer; /* IMAP: which capabilities there are */
	unsigned errors, idle, failures;
	struct str packet;
	struct str challenge; /* "+ …" of a dialogue */
	struct str name;      /* POP3: of USER */
};

/* Read one line; an overlong one or a bare CR or LF ends the session. False
 * when the session is over. */
bool front_line(struct front *f, size_t limit, struct span *line_r);
/* There was no line: send the fitting goodbye. */
void front_no_line(struct front *f, enum io_result why);
/* Send a goodbye and end the session after this command. */
void front_end(struct front *f, const char *text);
/* Send the packet and take the privileged parent's answer into it; ends the
 * process when the parent is gone. fd_r: NULL, or the descriptor that came with
 * it, -1 for none. */
struct span front_ask(struct front *f, int *fd_r);
/* TLS from here on; ends the process if the handshake fails. */
void front_tls(struct front *f);
/* Passwords can't be seen by others here: TLS, or a local client. */
bool front_is_private(const struct front *f);

#endif
