/* Looking up an account and checking its password. */
#ifndef AUTHD_ACCOUNT_H
#define AUTHD_ACCOUNT_H

#include "dialogue.h"

enum { LOGIN_MAX = 320 };

/* Store the login name and look it up; d->known: it is an account. -1 and code
 * (AUTH_UNAVAILABLE) when that is unknown now. An unknown name is treated like
 * a known one with a wrong password. */
int account_find(struct dialogue *d, struct span login);
/* authzid names another account than the one found (an empty one does not). */
bool account_differs(struct dialogue *d, struct span authzid);
/* Wait as long as earlier failures and current attempts require; -1 and
 * AUTH_BUSY. After 0 call account_judged() soon: others may wait for it. */
int account_wait(struct dialogue *d);
/* The password is the account's; -1 and code. */
int account_password(struct dialogue *d, struct span password);
/* Count the outcome and return it: result is 0 or -1 with its code. mark: see
 * penalty_end(). */
int account_judged(struct dialogue *d, int result, uint32_t mark);

#endif
