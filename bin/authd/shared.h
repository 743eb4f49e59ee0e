/* What all children share: mapped once by the parent. Locks are robust: one
 * that a killed child held is taken over. */
#ifndef AUTHD_SHARED_H
#define AUTHD_SHARED_H

#include <pthread.h>

#include "base/span.h"

enum {
	SECRET = 32,
	MAC = 32,
	CORES_MAX = 64,
	QUEUE_MAX = 64,
	VERIFIED_MAX = 1024,
};

/* A login that was found right a short while ago. */
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

/* Leave to run one expensive hash: waits in a short queue. The lock to give
 * back, or NULL: too many wait. */
pthread_mutex_t *hash_enter(struct shared *s);
void hash_leave(pthread_mutex_t *m);

/* HMAC-SHA-256 under the secret over two texts, told apart by their lengths. */
void shared_mac(const struct shared *s, struct span a, struct span b,
    unsigned char mac_r[MAC]);
/* This was verified within the last minutes; what is what shared_mac() made of
 * it. */
bool verified_recently(struct shared *s, const unsigned char mac[MAC]);
void verified_note(struct shared *s, const unsigned char mac[MAC]);

#endif
