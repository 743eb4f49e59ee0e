/* Delaying guessers. Failures are counted per address prefix (IPv4 /32, IPv6
 * /64) and per account in a file of fixed size, CHAINMAIL_RUN/penalties, which
 * outlives a restart. An attempt counts as failed from the moment it is
 * admitted, so parallel attempts gain nothing. Nobody is locked out: waits are
 * bounded, and an account's owner at an address with an earlier good login
 * waits only for failures there. */
#ifndef AUTHD_PENALTY_H
#define AUTHD_PENALTY_H

#include <pthread.h>

#include "base/span.h"
#include "flights.h"

struct penalties;

enum { PENALTY_BUSY = -1 };
enum outcome { OUTCOME_RIGHT, OUTCOME_WRONG, OUTCOME_NONE };

/* One attempt to be judged. */
struct trial {
	uint64_t
	    keys[FLIGHT_KEYS]; /* account at this prefix, prefix, account */
	bool near;             /* loopback or a private range */
	int64_t begun, turn;   /* ms; turn 0: no wait */
	int place;             /* while being judged */
};

/* Map the file, recreating it when it is missing or not ours; dies (TEMP) on
 * failure. Once, in the parent. */
struct penalties *penalties_open(const char *path);
/* Unmap it; the file stays. */
void penalties_close(struct penalties *p);

void trial_init(struct trial *t, const struct penalties *p, struct span ip,
    struct span account);
/* May it be judged? 0: yes, and it counts from now on; call penalty_end()
 * afterwards. Otherwise ask again after this many milliseconds; or
 * PENALTY_BUSY: too many wait, refuse it. */
int64_t penalty_ask(struct penalties *p, struct trial *t);
/* Record its outcome, admitted or not. mark identifies a wrong password: a
 * device that repeats the same one is not a guesser. 0: unknown. */
void penalty_end(
    struct penalties *p, struct trial *t, enum outcome o, uint32_t mark);
/* 16 bytes that last as long as the file, for salts of users who don't
 * exist. */
const unsigned char *penalties_secret(const struct penalties *p);

/* An address's prefix as text: "192.0.2.1", "2001:db8:0:1"; near_r: loopback
 * or a private range. */
size_t prefix_of(struct span ip, char prefix_r[48], bool *near_r);

#endif
