/* Passwords come from the terminal, without echo, or from stdin; never from the
 * command line, where every user of the machine can read them. */
#ifndef CHAINMAIL_USER_PROMPT_H
#define CHAINMAIL_USER_PROMPT_H

#include "base/str.h"

/* Ask for a new password: twice on a terminal, else the first line of stdin.
 * Ends the program (DATA) when it is not acceptable or the two differ. */
void prompt_password(struct str *password_r);

#endif
