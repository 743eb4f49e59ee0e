/* Replies to the client, and the time limits for its input. */
#ifndef SMTPD_REPLY_H
#define SMTPD_REPLY_H

#include "session.h"

/* "CODE STATUS text", for codes below 400. */
__attribute__((format(printf, 4, 5))) void reply(
    struct session *s, int code, const char *status, const char *format, ...);
/* The same for codes from 400 on. It is logged with the rule that was broken
 * (chainmail-log(5) lists them); from 500 on it counts as an error. */
__attribute__((format(printf, 5, 6))) void refuse(struct session *s,
    const char *rule, int code, const char *status, const char *format, ...);
/* A message was accepted, or the session ends: log how many refusals were not
 * logged since the last one, and begin anew. */
void refusals_tell(struct session *s);
/* Send 421 and end. */
void reply_close(
    struct session *s, const char *rule, const char *status, const char *text);
/* The same after a timeout. */
void reply_late(struct session *s, const char *text);
/* Start the time limit of the client's next line. */
void reply_wait(struct session *s);

#endif
