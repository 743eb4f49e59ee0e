#include "penalty.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_shorthash.h>
#include <stdlib.h>
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
	DECAY_MS = 120, /* a thousandth of a point expires in this time */
	SCORE_MAX = 64 * POINT,
	PREFIX_FREE = 4 * POINT, /* failures without a wait */
	ACCOUNT_FREE = 10 * POINT,
	STEP_MS = 500, /* the first wait; each further failure doubles it */
	FAR_MAX_MS = 8000,
	NEAR_MAX_MS = 1000,
	ACCOUNT_MAX_MS = 4000,
	QUEUE_MS = 16000, /* longest sum of waits of one prefix */
	LANDING_MS = 10,  /* time for an attempt being judged to finish */
};
static const int64_t week_ms = 7LL * 86400 * 1000;
static const int64_t good_ms = 60LL * 86400 * 1000; /* a good login counts */

enum { PAIR, PREFIX, ACCOUNT }; /* of trial.keys */
static const char kinds[FLIGHT_KEYS] = { 'g', 'p', 'a' };

/* Times are wall clock (ms), so that they survive a restart. */
struct slot {
	uint64_t key; /* 0: free */
	int64_t at;   /* of score, and the last use */
	int64_t next; /* prefix, pair: when the next attempt may run */
	int64_t good; /* pair: the last good login; 0: none */
	uint32_t score;
	uint32_t mark; /* pair: of the last wrong password */
};

struct book {
	char magic[24];
	unsigned char secret[crypto_shorthash_KEYBYTES];
	pthread_mutex_t lock; /* recreated at each start */
	struct slot slots[SLOTS];
};

struct penalties {
	struct book *book; /* the file */
	struct flights *flights;
};

static const char magic[24] = "chainmail-penalties 1\n";

struct penalties *
penalties_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct penalties *p = mem_new(sizeof *p);
	struct book *b;

	if (fd < 0 || ftruncate(fd, sizeof *b) < 0)
		die(TEMP, "open %s", path);
	b = mmap(NULL, sizeof *b, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (b == MAP_FAILED)
		die(TEMP, "map %s", path);
	if (memcmp(b->magic, magic, sizeof magic) != 0) {
		memset(b, 0, sizeof *b);
		if (getrandom(b->secret, sizeof b->secret, 0) !=
		    sizeof b->secret)
			die(TEMP, "getrandom");
		memcpy(b->magic, magic, sizeof magic);
	}
	lock_init(&b->lock);
	p->book = b;
	p->flights = flights_new();
	return p;
}

void
penalties_close(struct penalties *p)
{
	munmap(p->book, sizeof *p->book);
	flights_free(p->flights);
	free(p);
}

const unsigned char *
penalties_secret(const struct penalties *p)
{
	return p->book->secret;
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
key_of(const struct book *b, char kind, struct span name, struct span prefix)
{
	struct str text = STR_INIT;
	uint64_t key;

	str_add_byte(&text, kind);
	str_add(&text, name);
	str_add_byte(&text, '\0');
	str_add(&text, prefix);
	crypto_shorthash((unsigned char *)&key, (const unsigned char *)text.at,
	    text.len, b->secret);
	str_free(&text);
	return key == 0 ? 1 : key;
}

void
trial_init(struct trial *t, const struct penalties *p, struct span ip,
    struct span account)
{
	char text[48];
	bool near;
	struct span prefix = { text, prefix_of(ip, text, &near) };

	*t = (struct trial){ .near = near,
		.begun = clock_wall_us() / 1000,
		.place = FLIGHT_NONE };
	t->keys[PAIR] = key_of(p->book, kinds[PAIR], account, prefix);
	t->keys[PREFIX] = key_of(p->book, kinds[PREFIX], prefix, SPAN(""));
	t->keys[ACCOUNT] = key_of(p->book, kinds[ACCOUNT], account, SPAN(""));
}

/* The least recently used slot is replaced first; a good login counts as used a
 * week later, so that floods of failures do not evict it. */
static int64_t
slot_rank(const struct slot *s)
{
	return s->at + (s->good > 0 ? week_ms : 0);
}

/* The slot of a key; if it has none: NULL, or with make the lowest ranked of
 * its few places, emptied. */
static struct slot *
slot_of(struct book *b, uint64_t key, bool make)
{
	struct slot *s = &b->slots[key % (SLOTS / WAYS) * WAYS], *oldest = s;

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

/* Update the score to now. */
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

/* The counters for a trial: after a good login of the account at this prefix it
 * is the owner, or somebody sharing the address, and only failures there count;
 * otherwise those of the prefix and of the account. */
struct rule {
	int key;
	uint32_t free;
	int64_t most;
	bool in_turn; /* waits of one key are served one after the other */
};

static size_t
rules_of(
    struct book *b, const struct trial *t, int64_t now, struct rule rules_r[2])
{
	const struct slot *s = slot_of(b, t->keys[PAIR], false);

	if (s != NULL && s->good > 0 && now - s->good < good_ms) {
		rules_r[0] = (struct rule){ PAIR, ACCOUNT_FREE, NEAR_MAX_MS,
			true };
		return 1;
	}
	rules_r[0] = (struct rule){ PREFIX, PREFIX_FREE,
		t->near ? NEAR_MAX_MS : FAR_MAX_MS, true };
	rules_r[1] = (struct rule){ ACCOUNT, ACCOUNT_FREE, ACCOUNT_MAX_MS,
		false };
	return 2;
}

static uint32_t
score_of(struct book *b, uint64_t key, int64_t now)
{
	struct slot *s = slot_of(b, key, false);

	return s == NULL ? 0 : score_now(s, now);
}

/* Set its turn by the failures so far; false: too many wait. */
static bool
turn_take(struct book *b, struct trial *t, const struct rule *r, int64_t now)
{
	uint64_t key = t->keys[r->key];
	int64_t ms = wait_for(score_of(b, key, now), r->free, r->most);
	struct slot *s = slot_of(b, key, false);
	int64_t turn = now + ms;

	if (ms == 0)
		return true;
	if (r->in_turn) {
		if (s->next < now || s->next > now + 2 * QUEUE_MS)
			s->next = now;
		if (s->next + ms - now > QUEUE_MS)
			return false;
		turn = s->next += ms;
	}
	if (turn > t->turn)
		t->turn = turn;
	return true;
}

/* Assume that all attempts being judged fail; one that has served its wait runs
 * alone. */
static bool
may_start(struct penalties *p, const struct trial *t, const struct rule *r,
    int64_t now)
{
	uint64_t key = t->keys[r->key];
	unsigned flights = flights_of(p->flights, key);

	return flights == 0 ||
	    score_of(p->book, key, now) + flights * POINT < r->free;
}

static int64_t
ask_locked(struct penalties *p, struct trial *t)
{
	int64_t now = clock_wall_us() / 1000;
	struct rule rules[2];
	size_t count = rules_of(p->book, t, now, rules);
	bool waits = t->turn > 0;

	for (size_t i = 0; i < count && !waits; i++)
		if (!turn_take(p->book, t, &rules[i], now))
			return PENALTY_BUSY;
	if (now < t->turn && t->turn - now <= QUEUE_MS)
		return t->turn - now;
	for (size_t i = 0; i < count; i++)
		if (!may_start(p, t, &rules[i], now))
			return now - t->begun > 2 * QUEUE_MS ? PENALTY_BUSY
							     : LANDING_MS;
	t->place = flight_start(p->flights, t->keys);
	return t->place == FLIGHT_NONE ? PENALTY_BUSY : 0;
}

int64_t
penalty_ask(struct penalties *p, struct trial *t)
{
	int64_t ms;

	lock_hold(&p->book->lock);
	ms = ask_locked(p, t);
	lock_release(&p->book->lock);
	return ms;
}

static void
points_add(struct book *b, uint64_t key, uint32_t points)
{
	struct slot *s = slot_of(b, key, true);

	s->score = score_now(s, clock_wall_us() / 1000) + points;
	if (s->score > SCORE_MAX)
		s->score = SCORE_MAX;
}

static void
wrong_count(struct book *b, const struct trial *t, uint32_t mark)
{
	struct slot *pair = slot_of(b, t->keys[PAIR], true);
	uint32_t points = POINT;

	if (mark != 0 && pair->mark == mark)
		points = POINT / 10;
	pair->mark = mark;
	for (int i = 0; i < FLIGHT_KEYS; i++)
		points_add(b, t->keys[i], points);
}

void
penalty_end(struct penalties *p, struct trial *t, enum outcome o, uint32_t mark)
{
	struct slot *pair;

	lock_hold(&p->book->lock);
	flight_land(p->flights, t->place);
	t->place = FLIGHT_NONE;
	if (o == OUTCOME_WRONG)
		wrong_count(p->book, t, mark);
	if (o == OUTCOME_RIGHT) {
		pair = slot_of(p->book, t->keys[PAIR], true);
		pair->at = pair->good = clock_wall_us() / 1000;
		pair->score = 0;
	}
	lock_release(&p->book->lock);
}
