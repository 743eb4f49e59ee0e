#include "base/id.h"

#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/die.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
enum { TIME_CHARS = 10 };

void
id_number(uint64_t number, char *digits_r, size_t count)
{
	for (; count-- > 0; number >>= 5)
		digits_r[count] = alphabet[number & 31];
}

struct id
id_make(int64_t ms, const unsigned char random[ID_RANDOM])
{
	struct id id = { 0 };
	uint64_t bits = 0;
	unsigned have = 0;
	size_t at = TIME_CHARS;

	id_number((uint64_t)ms, id.text, TIME_CHARS);
	for (size_t i = 0; i < ID_RANDOM; i++) {
		bits = bits << 8 | random[i];
		for (have += 8; have >= 5; have -= 5)
			id.text[at++] = alphabet[bits >> (have - 5) & 31];
	}
	return id;
}

struct id
id_new(void)
{
	unsigned char random[ID_RANDOM];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		die(TEMP, "getrandom");
	return id_make(clock_wall_us() / 1000, random);
}

static int
digit(char c)
{
	const char *p = c == '\0' ? NULL : strchr(alphabet, c);

	return p == NULL ? -1 : (int)(p - alphabet);
}

bool
id_valid(struct span s)
{
	if (s.len != ID_LEN)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (digit(s.at[i]) < 0)
			return false;
	return digit(s.at[0]) < 8; /* 48 bits in ten digits */
}

int64_t
id_birth_ms(struct span id)
{
	uint64_t ms = 0;

	if (!id_valid(id))
		return -1;
	for (size_t i = 0; i < TIME_CHARS; i++)
		ms = ms << 5 | (unsigned)digit(id.at[i]);
	return (int64_t)ms;
}
