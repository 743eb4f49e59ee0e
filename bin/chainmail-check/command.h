/* Checking that the program of a command line for sh(1) exists. */
#ifndef CHAINMAIL_CHECK_COMMAND_H
#define CHAINMAIL_CHECK_COMMAND_H

#include "check.h"

/* The program that a command line begins with; false when that is no plain word
 * (a builtin, an assignment, a quote): then it can't be checked. */
bool command_word(struct span line, struct str *word_r);
/* Report why this person can't run it. */
void command_check(struct check *c, enum person who, const struct source *s,
    unsigned line, struct span command);

#endif
