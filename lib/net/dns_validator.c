/* A validating resolver on this machine (RFC 4035 4.9.3): found by a query for
 * the root's keys, which are always signed. A remote server's AD bit could be
 * forged on the way (RFC 7672 2.1.1). */
#include <string.h>

#include "base/clock.h"
#include "net/dns_inside.h"

enum {
	AGAIN_MS = 60000,
	ASK_MS = 2000,
	CANDIDATES_MAX = 2 * DNS_SERVERS_MAX,
	FLAGS_AT = 3, /* offsets in a packet: flags, answer count: */
	ANSWERS_AT = 6,
	AD = 0x20,
	RA = 0x80,
	RCODE = 0x0f,
};

struct candidates {
	struct dns_server at[CANDIDATES_MAX];
	size_t count;
};

void
dns_validate(struct dns *d)
{
	static const char *const usual[] = { "127.0.0.1", "::1" };
	struct dns_group *g = &d->usual;

	d->validate = true;
	for (size_t i = 0; i < COUNT(usual); i++)
		if (dns_server_set(
			&g->servers[g->count], span_text(usual[i]), DNS_PORT))
			g->count++;
}

static bool
server_same(const struct dns_server *a, const struct dns_server *b)
{
	return a->len == b->len && memcmp(&a->at, &b->at, a->len) == 0;
}

static void
candidate_add(struct candidates *c, const struct dns_server *s)
{
	if (!dns_server_is_local(s))
		return;
	for (size_t i = 0; i < c->count; i++)
		if (server_same(&c->at[i], s))
			return;
	c->at[c->count++] = *s;
}

static void
candidates_list(const struct dns *d, struct candidates *c)
{
	c->count = 0;
	for (size_t i = 0; i < d->listed.count; i++)
		candidate_add(c, &d->listed.servers[i]);
	for (size_t i = 0; i < d->usual.count; i++)
		candidate_add(c, &d->usual.servers[i]);
}

enum finding { VALIDATES, DOES_NOT, UNSURE };

static enum finding
server_try(struct dns *d, const struct dns_server *s)
{
	struct dns_question keys = { SPAN(""), DNS_DNSKEY };
	struct dns_group one = { .servers = { *s }, .count = 1 };
	struct span packet;
	const unsigned char *p;

	switch (
	    dns_exchange(d, &one, &keys, clock_mono_ms() + ASK_MS, &packet)) {
	case DNS_NO_SERVER:
		return DOES_NOT;
	case DNS_NO_REPLY:
		return UNSURE;
	case DNS_REPLY:
		break;
	}
	p = (const unsigned char *)packet.at;
	return (p[FLAGS_AT] & (AD | RA | RCODE)) == (AD | RA) &&
		(p[ANSWERS_AT] != 0 || p[ANSWERS_AT + 1] != 0)
	    ? VALIDATES
	    : DOES_NOT;
}

/* If the configured servers are trusted, put the validating one first; else ask
 * it before them. */
static void
validator_use(struct dns *d, const struct dns_server *s)
{
	d->local.count = 0;
	for (size_t i = 0; d->listed.trusted && i < d->listed.count; i++)
		if (server_same(&d->listed.servers[i], s)) {
			d->listed.best = i;
			return;
		}
	d->local = (struct dns_group){
		.servers = { *s }, .count = 1, .trusted = true
	};
}

/* A resolver once found stays in use even if it stops answering: an attacker
 * who can silence it must not lower the security of mail. */
void
dns_validator_find(struct dns *d)
{
	int64_t now = clock_mono_ms();
	struct candidates c;
	bool keep = false;

	if (d->validator_asked != 0 && now - d->validator_asked < AGAIN_MS)
		return;
	candidates_list(d, &c);
	for (size_t i = 0; i < c.count; i++)
		switch (server_try(d, &c.at[i])) {
		case VALIDATES:
			validator_use(d, &c.at[i]);
			d->validator_asked = clock_mono_ms();
			return;
		case UNSURE:
			keep = keep ||
			    (d->local.count > 0 &&
				server_same(&d->local.servers[0], &c.at[i]));
			break;
		case DOES_NOT:
			break;
		}
	if (!keep)
		d->local.count = 0;
	d->validator_asked = clock_mono_ms();
}
