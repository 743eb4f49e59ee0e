#include "penalty.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_shorthash.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/str.h"
#include "shared.h"

enum {
	SLOTS = 8192,
	WAYS = 8,
	POINT = 1000,   /* one failure */
	DECAY_MS = 120, /* a thousandth of a point is forgotten in this time */
	SCORE_MAX = 64 * POINT,
	PREFIX_FREE = 4 * POINT, /* failures without a wait */
	ACCOUNT_FREE = 10 * POINT,
	STEP_MS = 500, /* the first wait; each further failure doubles it */
	FAR_MAX_MS = 8000,
	NEAR_MAX_MS = 1000,
	ACCOUNT_MAX_MS = 4000,
	QUEUE_MS = 16000, /* longest sum of waits of one prefix */
};
static const int64_t week_ms = 7LL * 86400 * 1000;
static const int64_t good_ms = 60LL * 86400 * 1000; /* a good login counts */

enum kind { PREFIX = 'p', ACCOUNT = 'a', PAIR = 'g' };

/* Times are of the wall clock (ms), so that they mean something after a
 * restart. */
struct slot {
	uint64_t key; /* 0: free */
	int64_t at;   /* of score, and the last use */
	int64_t next; /* prefix: when the next attempt may run */
	int64_t good; /* pair: the last good login; 0: none */
	uint32_t score;
	uint32_t mark; /* pair: of the last wrong password */
};

struct penalties {
	char magic[24];
	unsigned char secret[crypto_shorthash_KEYBYTES];
	pthread_mutex_t lock; /* made anew at each start */
	struct slot slots[SLOTS];
};

static const char magic[24] = "chainmail-penalties 1\n";

struct penalties *
penalties_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct penalties *p;

	if (fd < 0 || ftruncate(fd, sizeof *p) < 0)
		die(TEMP, "open %s", path);
	p = mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		die(TEMP, "map %s", path);
	if (memcmp(p->magic, magic, sizeof magic) != 0) {
		memset(p, 0, sizeof *p);
		if (getrandom(p->secret, sizeof p->secret, 0) !=
		    sizeof p->secret)
			die(TEMP, "getrandom");
		memcpy(p->magic, magic, sizeof magic);
	}
	lock_init(&p->lock);
	return p;
}

const unsigned char *
penalties_secret(const struct penalties *p)
{
	return p->secret;
}

static bool
is_near(const unsigned char *a, size_t len)
{
	if (len == 4)
		return a[0] == 127 || a[0] == 10 ||
		    (a[0] == 172 && (a[1] & 0xf0) == 16) ||
		    (a[0] == 192 && a[1] == 168) ||
		    (a[0] == 169 && a[1] == 254);
	return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

size_t
prefix_of(struct span ip, char prefix_r[48], bool *near_r)
{
	static const unsigned char loopback[16] = { [15] = 1 };
	unsigned char a[16];

	*near_r = false;
	memset(prefix_r, 0, 48);
	memcpy(prefix_r, ip.at, ip.len < 47 ? ip.len : 47);
	if (inet_pton(AF_INET, prefix_r, a) == 1) {
		*near_r = is_near(a, 4);
	} else if (inet_pton(AF_INET6, prefix_r, a) == 1) {
		*near_r = is_near(a, 16) || memcmp(a, loopback, 16) == 0;
		memset(a + 8, 0, 8);
		inet_ntop(AF_INET6, a, prefix_r, 48);
	} else {
		*near_r = strcmp(prefix_r, "local") == 0;
	}
	return strlen(prefix_r);
}

static uint64_t
key_of(struct penalties *p, enum kind kind, struct span a, struct span b)
{
	struct str text = STR_INIT;
	uint64_t key;

	str_add_byte(&text, (char)kind);
	str_add(&text, a);
	str_add_byte(&text, '\0');
	str_add(&text, b);
	crypto_shorthash((unsigned char *)&key, (const unsigned char *)text.at,
	    text.len, p->secret);
	str_free(&text);
	return key == 0 ? 1 : key;
}

/* What is longest unused goes first; a good login counts as if it were used a
 * week later, so that floods of failures do not push it out. */
static int64_t
slot_rank(const struct slot *s)
{
	return s->at + (s->good > 0 ? week_ms : 0);
}

/* The slot of a key; when it has none: NULL, or with make the last in rank of
 * its few places, emptied. */
static struct slot *
slot_of(struct penalties *p, uint64_t key, bool make)
{
	struct slot *s = &p->slots[key % (SLOTS / WAYS) * WAYS], *oldest = s;

	for (int i = 0; i < WAYS; i++) {
		if (s[i].key == key)
			return &s[i];
		if (slot_rank(&s[i]) < slot_rank(oldest))
			oldest = &s[i];
	}
	if (!make)
		return NULL;
	*oldest = (struct slot){ .key = key, .at = clock_wall_us() / 1000 };
	return oldest;
}

/* Bring the score up to now. */
static uint32_t
score_now(struct slot *s, int64_t now)
{
	int64_t forgotten = (now - s->at) / DECAY_MS;

	if (forgotten < 0)
		forgotten = 0; /* the clock was set back */
	s->score = forgotten >= s->score ? 0 : s->score - (uint32_t)forgotten;
	s->at = now;
	return s->score;
}

static int64_t
wait_for(uint32_t score, uint32_t free, int64_t most)
{
	int64_t ms = STEP_MS;

	if (score < free)
		return 0;
	for (uint32_t s = free; s + POINT <= score && ms < most; s += POINT)
		ms *= 2;
	return ms < most ? ms : most;
}

static int64_t
wait_locked(
    struct penalties *p, struct span prefix, struct span account, bool near)
{
	int64_t now = clock_wall_us() / 1000, ms = 0, of_account = 0;
	struct slot *s;

	s = slot_of(p, key_of(p, PAIR, account, prefix), false);
	if (s != NULL && s->good > 0 && now - s->good < good_ms)
		/* The owner, where it logged in before; or somebody who shares
		 * the address, so there is a small wait after all. */
		return wait_for(score_now(s, now), ACCOUNT_FREE, NEAR_MAX_MS);
	s = slot_of(p, key_of(p, ACCOUNT, account, SPAN("")), false);
	if (s != NULL)
		of_account = wait_for(
		    score_now(s, now), ACCOUNT_FREE, ACCOUNT_MAX_MS);
	s = slot_of(p, key_of(p, PREFIX, prefix, SPAN("")), false);
	if (s != NULL)
		ms = wait_for(score_now(s, now), PREFIX_FREE,
		    near ? NEAR_MAX_MS : FAR_MAX_MS);
	if (ms == 0)
		return of_account;
	/* Attempts of one prefix go one after the other, so opening many
	 * connections gains nothing. */
	if (s->next < now || s->next > now + 2 * QUEUE_MS)
		s->next = now;
	if (s->next + ms - now > QUEUE_MS)
		return PENALTY_BUSY;
	s->next += ms;
	ms = s->next - now;
	return ms > of_account ? ms : of_account;
}

int64_t
penalty_wait(struct penalties *p, struct span ip, struct span account)
{
	char text[48];
	bool near;
	struct span prefix = { text, prefix_of(ip, text, &near) };
	int64_t ms;

	lock_hold(&p->lock);
	ms = wait_locked(p, prefix, account, near);
	lock_release(&p->lock);
	return ms;
}

static void
points_add(struct penalties *p, uint64_t key, uint32_t points)
{
	struct slot *s = slot_of(p, key, true);

	s->score = score_now(s, clock_wall_us() / 1000) + points;
	if (s->score > SCORE_MAX)
		s->score = SCORE_MAX;
}

void
penalty_failed(
    struct penalties *p, struct span ip, struct span account, uint32_t mark)
{
	char text[48];
	bool near;
	struct span prefix = { text, prefix_of(ip, text, &near) };
	uint32_t points = POINT;
	struct slot *pair;

	lock_hold(&p->lock);
	pair = slot_of(p, key_of(p, PAIR, account, prefix), true);
	if (mark != 0 && pair->mark == mark)
		points = POINT / 10;
	pair->mark = mark;
	points_add(p, pair->key, points);
	points_add(p, key_of(p, PREFIX, prefix, SPAN("")), points);
	points_add(p, key_of(p, ACCOUNT, account, SPAN("")), points);
	lock_release(&p->lock);
}

void
penalty_succeeded(struct penalties *p, struct span ip, struct span account)
{
	char text[48];
	bool near;
	struct span prefix = { text, prefix_of(ip, text, &near) };
	struct slot *pair;

	lock_hold(&p->lock);
	pair = slot_of(p, key_of(p, PAIR, account, prefix), true);
	pair->at = pair->good = clock_wall_us() / 1000;
	pair->score = 0;
	lock_release(&p->lock);
}
