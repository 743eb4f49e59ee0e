/* One logfmt line per event on stderr, written by one write(2):
 *	smtpd event=rcpt id=01H… to=bob@example.org verdict=0
 * Values are quoted when they hold a space, '"', '=' or nothing; control bytes,
 * '"', '\' and bytes above 126 that are not well-formed UTF-8 become \xNN, so
 * foreign bytes can't forge a line. A value is cut at 512 bytes, a line at
 * 4096. The supervisor adds the time. Never pass a secret or message text. If
 * the environment has CONNECTION (set by listen), conn= follows the event. For
 * journald a line begins with its priority, "<6>". */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/span.h"

struct logline {
	size_t len;
	char at[4096];
};

/* Priorities, as syslog(3) counts them. */
enum level { LEVEL_ERROR = 3, LEVEL_WARNING, LEVEL_NOTICE, LEVEL_INFO };

/* From now on lines begin with their priority. */
void log_to_journal(void);

/* The priority is that of the event in log.c's table; most are LEVEL_INFO. */
void log_start(struct logline *l, const char *event);
/* Set the priority, when it depends on more than the event. */
void log_level(struct logline *l, enum level level);
void log_span(struct logline *l, const char *key, struct span value);
void log_text(struct logline *l, const char *key, const char *value);
void log_number(struct logline *l, const char *key, int64_t value);
/* Seconds since the epoch, written in UTC: 2026-11-23T12:00:00Z. */
void log_time(struct logline *l, const char *key, int64_t seconds);
/* The connection, from the environment: TCPREMOTEIP as client=, TCPREMOTEPORT
 * as port=, SERVICE as service=. */
void log_peer(struct logline *l);
/* strerror(errno) as error=. */
void log_errno(struct logline *l);
void log_write(struct logline *l);

#endif
