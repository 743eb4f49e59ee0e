/* When to try a message again, and when to give it up. Times are seconds of
 * the epoch; a birth in the future is now. */
#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* birth + (sqrt(age) + 20)^2 with up to a tenth of the pause added: after 400
 * s, 20 min, 1 h, ... more and more seldom. random is any number. */
int64_t retry_next(int64_t birth, int64_t now, uint32_t random);
/* A time from retry_next(), or now if it is implausible because the clock was
 * set back. */
int64_t retry_sane(int64_t birth, int64_t now, int64_t next);
/* Older than life and tried five times: so a jump of the clock alone doesn't
 * send fresh mail back. tries counts the one that has just failed. */
bool retry_over(int64_t birth, int64_t now, unsigned tries, uint64_t life);

#endif
