/* Memory shared by all children, mapped once by the parent. Locks are robust: a
 * killed child's lock is taken over. */
#ifndef AUTHD_SHARED_H
#define AUTHD_SHARED_H

#include <pthread.h>

#include "base/span.h"

enum {
	SECRET = 32,
	MAC = 32,
	CORES_MAX = 64,
	LARGE_MAX = 3, /* of 256 MiB each, in the service's 1 GiB */
	QUEUE_MAX = 64,
	VERIFIED_MAX = 1024,
};

/* A login verified a short while ago. */
struct verified {
	unsigned char mac[MAC];
	int64_t until_ms; /* clock_mono_ms() */
};

struct shared {
	pthread_mutex_t hash_locks[CORES_MAX]; /* one running hash each */
	unsigned cores;
	pthread_mutex_t lock; /* of all below */
	/* Ends of waits for a core (clock_mono_ms()); past ones are free. */
	int64_t queue[QUEUE_MAX];
	struct verified verified[VERIFIED_MAX];
	unsigned char secret[SECRET]; /* per start */
};

/* Memory shared with all children; dies when there is none. */
struct shared *shared_new(void);

void lock_init(pthread_mutex_t *m);
void lock_hold(pthread_mutex_t *m);
void lock_release(pthread_mutex_t *m);

/* Admission to run one expensive hash; large: also in memory, of which only
 * LARGE_MAX run at once. Waits in a short queue. Returns the lock to release,
 * or NULL: too many wait. */
pthread_mutex_t *hash_enter(struct shared *s, bool large);
void hash_leave(pthread_mutex_t *m);

/* HMAC-SHA-256 with the secret over two texts, separated by their lengths. */
void shared_mac(const struct shared *s, struct span a, struct span b,
    unsigned char mac_r[MAC]);
/* Whether the login with this shared_mac() was verified within the last
 * minutes. */
bool verified_recently(struct shared *s, const unsigned char mac[MAC]);
void verified_note(struct shared *s, const unsigned char mac[MAC]);

#endif
