/* Attempts being judged at this moment, by their counting keys: an attempt that
 * was admitted and has no result yet counts like a failure for later ones.
 * Shared by all dialogues, recreated at each start; the caller holds a lock. */
#ifndef AUTHD_FLIGHTS_H
#define AUTHD_FLIGHTS_H

#include <stdint.h>

enum { FLIGHT_KEYS = 3, FLIGHT_NONE = -1 };

struct flights;

/* Dies (TEMP) when there is no memory. Once, in the parent. */
struct flights *flights_new(void);
void flights_free(struct flights *f);
/* Take a place for an attempt with these keys; FLIGHT_NONE: all are taken. A
 * place whose process was killed is free again after a minute. */
int flight_start(struct flights *f, const uint64_t keys[FLIGHT_KEYS]);
void flight_land(struct flights *f, int place);
/* How many with this key are being judged. */
unsigned flights_of(const struct flights *f, uint64_t key);

#endif
