/* One logfmt line per event on stderr, written by one write(2):
 *	smtpd event=rcpt id=01H… to=bob@example.org verdict=0
 * Values are quoted when they hold a space, '"', '=' or nothing; control bytes,
 * '"', '\' and bytes above 126 that are not well-formed UTF-8 become \xNN, so
 * foreign bytes can't forge a line. A value is cut at 512 bytes, a line at
 * 4096. The supervisor adds the time. Never pass a secret or message text. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/span.h"

struct logline {
	size_t len;
	char at[4096];
};

void log_start(struct logline *l, const char *event);
void log_span(struct logline *l, const char *key, struct span value);
void log_text(struct logline *l, const char *key, const char *value);
void log_number(struct logline *l, const char *key, int64_t value);
/* "remoteip=… " and what else of the connection is known, from the
 * environment (TCPREMOTEIP as client=, SERVICE as service=). */
void log_peer(struct logline *l);
/* strerror(errno) as error=. */
void log_errno(struct logline *l);
void log_write(struct logline *l);

#endif
