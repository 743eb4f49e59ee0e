#include "shared.h"

#include <errno.h>
#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/utils.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"

enum {
	HASH_WAIT_MS = 8000,
	VERIFIED_MS = 5 * 60 * 1000,
	VERIFIED_WAYS = 4, /* candidate places for one login */
};

void
lock_init(pthread_mutex_t *m)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(m, &a);
	pthread_mutexattr_destroy(&a);
}

/* The lock guards a table of independent entries, so nothing needs repair after
 * a holder's death. */
static bool
locked(pthread_mutex_t *m, int r)
{
	if (r == EOWNERDEAD)
		pthread_mutex_consistent(m);
	return r == 0 || r == EOWNERDEAD;
}

void
lock_hold(pthread_mutex_t *m)
{
	if (!locked(m, pthread_mutex_lock(m)))
		die(TEMP, "a lock is broken");
}

void
lock_release(pthread_mutex_t *m)
{
	pthread_mutex_unlock(m);
}

struct shared *
shared_new(void)
{
	struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (s == MAP_FAILED || getrandom(s->secret, SECRET, 0) != SECRET)
		die(TEMP, "memory for all children");
	s->cores = cores < 1    ? 1
	    : cores > CORES_MAX ? CORES_MAX
				: (unsigned)cores;
	lock_init(&s->lock);
	for (unsigned i = 0; i < s->cores; i++)
		lock_init(&s->hash_locks[i]);
	return s;
}

/* A place in the queue; -1 when it is full. The place of a killed waiter is
 * free after its time limit. */
static int
queue_enter(struct shared *s)
{
	int64_t now = clock_mono_ms();
	int place = -1;

	lock_hold(&s->lock);
	for (int i = 0; i < QUEUE_MAX && place < 0; i++)
		if (s->queue[i] < now) {
			s->queue[i] = now + HASH_WAIT_MS;
			place = i;
		}
	lock_release(&s->lock);
	return place;
}

pthread_mutex_t *
hash_enter(struct shared *s, bool large)
{
	unsigned most = large ? LARGE_MAX : CORES_MAX;
	struct timespec until;
	pthread_mutex_t *m;
	int place, r;

	for (unsigned i = 0; i < s->cores && i < most; i++) {
		m = &s->hash_locks[i];
		if (locked(m, pthread_mutex_trylock(m)))
			return m;
	}
	place = queue_enter(s);
	if (place < 0)
		return NULL;
	m = &s->hash_locks[(unsigned)place % s->cores % most];
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HASH_WAIT_MS / 1000;
	r = pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &until);
	s->queue[place] = 0;
	return locked(m, r) ? m : NULL;
}

void
hash_leave(pthread_mutex_t *m)
{
	pthread_mutex_unlock(m);
}

void
shared_mac(const struct shared *s, struct span a, struct span b,
    unsigned char mac_r[MAC])
{
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, s->secret, SECRET);
	crypto_auth_hmacsha256_update(
	    &state, (const unsigned char *)&a.len, sizeof a.len);
	crypto_auth_hmacsha256_update(
	    &state, (const unsigned char *)a.at, a.len);
	crypto_auth_hmacsha256_update(
	    &state, (const unsigned char *)b.at, b.len);
	crypto_auth_hmacsha256_final(&state, mac_r);
	sodium_memzero(&state, sizeof state);
}

/* The candidate places for this login. */
static struct verified *
places_of(struct shared *s, const unsigned char mac[MAC])
{
	uint32_t n;

	memcpy(&n, mac, sizeof n);
	return &s->verified[n % (VERIFIED_MAX / VERIFIED_WAYS) * VERIFIED_WAYS];
}

bool
verified_recently(struct shared *s, const unsigned char mac[MAC])
{
	struct verified *v = places_of(s, mac);
	int64_t now = clock_mono_ms();
	bool found = false;

	lock_hold(&s->lock);
	for (int i = 0; i < VERIFIED_WAYS; i++)
		found |= v[i].until_ms > now &&
		    sodium_memcmp(v[i].mac, mac, MAC) == 0;
	lock_release(&s->lock);
	return found;
}

void
verified_note(struct shared *s, const unsigned char mac[MAC])
{
	struct verified *v = places_of(s, mac), *oldest = v;

	lock_hold(&s->lock);
	for (int i = 0; i < VERIFIED_WAYS; i++)
		if (v[i].until_ms < oldest->until_ms)
			oldest = &v[i];
	memcpy(oldest->mac, mac, MAC);
	oldest->until_ms = clock_mono_ms() + VERIFIED_MS;
	lock_release(&s->lock);
}
