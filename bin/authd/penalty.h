/* Guessers wait. Failures are counted per address prefix (IPv4 /32, IPv6 /64)
 * and per account in a file of fixed size, CHAINMAIL_RUN/penalties, which
 * outlives a restart. Nobody is locked out: waits are bounded, and an account's
 * owner at an address where its login was right before never waits. */
#ifndef AUTHD_PENALTY_H
#define AUTHD_PENALTY_H

#include <pthread.h>

#include "base/span.h"

struct penalties;

enum { PENALTY_BUSY = -1 };

/* Map the file, made anew when it is missing or not ours; dies (TEMP) when that
 * can't be done. Once, in the parent. */
struct penalties *penalties_open(const char *path);
/* Milliseconds that this attempt must wait before it is judged, or
 * PENALTY_BUSY: others of the same prefix wait already. */
int64_t penalty_wait(struct penalties *p, struct span ip, struct span account);
/* It failed. mark tells one wrong password from another: a device that repeats
 * the same one is not a guesser. 0: not known. */
void penalty_failed(
    struct penalties *p, struct span ip, struct span account, uint32_t mark);
void penalty_succeeded(
    struct penalties *p, struct span ip, struct span account);
/* 16 bytes that last as long as the file, for salts of users who don't
 * exist. */
const unsigned char *penalties_secret(const struct penalties *p);

/* An address's prefix as text: "192.0.2.1", "2001:db8:0:1"; near_r: loopback
 * or a private range. */
size_t prefix_of(struct span ip, char prefix_r[48], bool *near_r);

#endif
