/* Who a name belongs to, and whether the password is right. */
#ifndef AUTHD_ACCOUNT_H
#define AUTHD_ACCOUNT_H

#include "dialogue.h"

enum { LOGIN_MAX = 320 };

/* Note the login name and look it up; d->known says whether it is an account.
 * -1 and code (AUTH_UNAVAILABLE) when that can't be known now. An unknown name
 * goes on like a known one, up to the wrong password. */
int account_find(struct dialogue *d, struct span login);
/* Names another account than the one found. An empty one does not. */
bool account_differs(struct dialogue *d, struct span authzid);
/* Wait as long as former failures ask for; -1 and AUTH_BUSY. */
int account_wait(struct dialogue *d);
/* The password is the account's; -1 and code. */
int account_password(struct dialogue *d, struct span password);
/* Count the outcome, and pass it on: result is 0 or -1 with its code. mark as
 * penalty_failed() takes it. */
int account_judged(struct dialogue *d, int result, uint32_t mark);

#endif
