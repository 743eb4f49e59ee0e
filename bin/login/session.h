/* The session before the user is known. */
#ifndef LOGIN_SESSION_H
#define LOGIN_SESSION_H

#include "front.h"

/* Enter the front's sandbox. */
void session_sandbox(void);
/* Enter the sandbox and serve until the client is known or gone; exits with 0
 * after an "ok". */
_Noreturn void session_run(struct front *f);

/* The two protocols: the greeting, then one command after the other. */
void imap_greet(struct front *f);
void imap_command(struct front *f);
void pop3_greet(struct front *f);
void pop3_command(struct front *f);

#endif
