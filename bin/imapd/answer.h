/* The tagged answer of a command. */
#ifndef IMAPD_ANSWER_H
#define IMAPD_ANSWER_H

#include "session.h"

enum result { RESULT_OK, RESULT_NO, RESULT_BAD };

/* Set the running command's answer; a later one replaces it. The text begins
 * with the response code in brackets, if any. */
__attribute__((format(printf, 3, 4))) void answer(
    struct session *s, enum result r, const char *format, ...);
/* BAD, with the reason as far as known. */
void answer_syntax(struct session *s);
/* NO, with RFC 5530's code for errno. what: "copy", "create". */
void answer_errno(struct session *s, const char *what);
/* The same after failing to open this mailbox; if it is unsafe or inaccessible,
 * the text has the reason and the remedy. */
void answer_mailbox(struct session *s, const char *what, struct span mailbox);

#endif
