#include "retry.h"

enum {
	ROOT_STEP = 20,
	TRIES_LEAST = 5,
	BACKOFF_MAX_S = 3600, /* of a destination: see destination.c */
	AGE_MAX = 366 * 86400,
};

static int64_t
age_of(int64_t birth, int64_t now)
{
	int64_t age = birth < 0 || now < birth ? 0 : now - birth;

	return age < AGE_MAX ? age : AGE_MAX;
}

static int64_t
root(int64_t n)
{
	int64_t r = 0;

	for (int64_t bit = 1 << 15; bit > 0; bit >>= 1)
		if ((r + bit) * (r + bit) <= n)
			r += bit;
	return r;
}

static int64_t
pause_at(int64_t birth, int64_t now)
{
	return 2 * ROOT_STEP * root(age_of(birth, now)) + ROOT_STEP * ROOT_STEP;
}

int64_t
retry_next(int64_t birth, int64_t now, uint32_t random)
{
	int64_t pause = pause_at(birth, now);

	return now + pause + random % (uint32_t)(pause / 10);
}

int64_t
retry_sane(int64_t birth, int64_t now, int64_t next)
{
	int64_t pause = pause_at(birth, now);

	if (pause < BACKOFF_MAX_S)
		pause = BACKOFF_MAX_S;
	return next > now + pause + pause / 10 ? now : next;
}

bool
retry_over(int64_t birth, int64_t now, unsigned tries, uint64_t life)
{
	return tries >= TRIES_LEAST && (uint64_t)age_of(birth, now) > life;
}
