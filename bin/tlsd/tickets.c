#include "tickets.h"

#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

enum { KEYS_HELD = 4 }; /* libtls' own number */

static int
key_new(struct ticket_key *k, uint32_t number)
{
	k->number = number;
	return getrandom(k->secret, sizeof k->secret, 0) == sizeof k->secret
	    ? 0
	    : -1;
}

int
tickets_init(struct tickets *t)
{
	t->since = clock_mono_ms();
	return key_new(&t->keys[1], 1) < 0 || key_new(&t->keys[0], 2) < 0 ? -1
									  : 0;
}

bool
tickets_rotate(struct tickets *t)
{
	int64_t now = clock_mono_ms();
	struct ticket_key fresh;

	if (now - t->since < TICKET_LIFE_S * 1000 / 2 ||
	    key_new(&fresh, t->keys[0].number + 1) < 0)
		return false;
	t->since = now;
	t->keys[1] = t->keys[0];
	t->keys[0] = fresh;
	explicit_bzero(&fresh, sizeof fresh);
	return true;
}

static int
key_add(const struct ticket_key *k, struct tls_config *c)
{
	struct ticket_key copy = *k;
	int r = tls_config_add_ticket_key(
	    c, copy.number, copy.secret, sizeof copy.secret);

	explicit_bzero(&copy, sizeof copy);
	return r;
}

int
tickets_add(const struct tickets *t, struct tls_config *c)
{
	return key_add(&t->keys[1], c) < 0 || key_add(&t->keys[0], c) < 0 ? -1
									  : 0;
}

int
tickets_add_latest(const struct tickets *t, struct tls_config *c)
{
	return key_add(&t->keys[0], c);
}

void
tickets_forget(struct tls_config *c)
{
	struct ticket_key none = { .number = UINT32_MAX };

	for (int i = 0; i < KEYS_HELD; i++, none.number--)
		key_add(&none, c);
}

void
tickets_wipe(struct tickets *t)
{
	explicit_bzero(t->keys, sizeof t->keys);
}
