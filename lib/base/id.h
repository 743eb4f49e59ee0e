/* Message ids: 26 characters of Crockford base 32 (0-9A-Z without I L O U),
 * 48 bits of milliseconds and 80 random bits, so they sort by time. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/span.h"

enum { ID_LEN = 26, ID_RANDOM = 10 };
struct id {
	char text[ID_LEN + 1];
};

/* A new id, from the wall clock and getrandom(2). */
struct id id_new(void);
/* The id of a time (milliseconds since the epoch) and ten bytes. */
struct id id_make(int64_t ms, const unsigned char random[ID_RANDOM]);
/* The number's last digits in the same alphabet, not ended by NUL. */
void id_number(uint64_t number, char *digits_r, size_t count);
/* The id derived from this one and a purpose ("bounce", a recipient): the same
 * time, the random part by SHA-256, so that a repetition after a crash gives
 * the same id. */
struct id id_derive(struct span id, struct span purpose);
/* Milliseconds since the epoch when the id was made; -1 if it is not an id. */
int64_t id_birth_ms(struct span id);
/* Exactly 26 characters of the alphabet, upper case. */
bool id_valid(struct span s);

#endif
