#include "trail.h"

static void
lookup_failed(
    struct trail *t, struct result *r, enum dns_result result, struct span host)
{
	/* The name comes from an MX record or the route: a mistake in it may be
	 * corrected, so it is temporary. */
	const char *text = result == DNS_GONE ? "there is no such host"
	    : result == DNS_EMPTY             ? "the host has no address"
	    : result == DNS_OFF
	    ? "the host is not in the file hosts, and DNS is off"
	    : "DNS gives no answer";

	/* RFC 3463: 4.4.3 directory server failure, 4.4.4 unable to route. */
	result_set(r, t->memory, TEMP, result == DNS_LATER ? "4.4.3" : "4.4.4",
	    "%.*s: %s", (int)host.len, host.at, text);
	r->host = host;
	r->down = true;
}

/* There is no host to try at all. */
static void
mx_failed(struct trail *t, struct result *r, const struct target *target)
{
	static const struct {
		enum mx_result result;
		int verdict;
		const char *status, *text;
	} words[] = {
		{ MX_GONE, NOUSER, "5.1.2", "there is no such domain" },
		/* RFC 7505 4.2 */
		{ MX_NULL, NOUSER, "5.1.10", "the domain takes no mail" },
		/* RFC 5321 5.1 */
		{ MX_LOOP, CONFIG, "5.4.6",
		    "DNS sends the domain's mail to this host, which does not "
		    "know it" },
		{ MX_LATER, TEMP, "4.4.3", "DNS gives no answer" },
		{ MX_OFF, NOUSER, "5.1.2",
		    "no route and no line in hosts names the domain, and DNS "
		    "is off" },
	};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (words[i].result != t->mx.result)
			continue;
		result_set(r, t->memory, words[i].verdict, words[i].status,
		    "%.*s: %s", (int)target->name.len, target->name.at,
		    words[i].text);
		r->down = words[i].verdict == TEMP;
	}
}

static bool
mx_hop(struct trail *t, const struct target *target, struct hop *hop_r,
    struct result *r)
{
	struct mx_host host;

	while (mx_next(&t->mx, t->s->dns, t->memory, &host)) {
		*hop_r = (struct hop){ .kind = TARGET_HOST,
			.name = host.name,
			.address = host.found,
			.port = target->port,
			.lmtp = target->lmtp,
			.mx = target->name,
			.mx_secure = t->mx.secure };
		if (host.found.count > 0)
			return true;
		lookup_failed(t, r, host.found.result, host.name);
		/* RFC 5321 5.1: neither MX nor address. */
		if (t->mx.implicit && host.found.result != DNS_LATER) {
			t->mx.result = host.found.result == DNS_OFF ? MX_OFF
								    : MX_GONE;
			mx_failed(t, r, target);
		}
	}
	if (t->mx.result != MX_FOUND)
		mx_failed(t, r, target);
	return false;
}

static bool
mx_begin(struct trail *t, const struct target *target)
{
	struct mx_self self = { .me = str_span(&t->s->me),
		.port = target->port };

	mx_find(t->s->dns, target->name, &self, t->memory, &t->mx);
	return t->mx.result == MX_FOUND;
}

/* A literal without a route may be this host's own: its mail would loop. */
static bool
is_self(const struct trail *t, const struct dns_host *h)
{
	for (size_t i = 0; !t->route->listed && i < h->count; i++)
		if (mx_address_is_own(&h->addresses[i].at))
			return true;
	return false;
}

static bool
host_hop(struct trail *t, const struct target *target, struct hop *hop_r,
    struct result *r)
{
	*hop_r = (struct hop){ .kind = TARGET_HOST,
		.name = target->name,
		.port = target->port,
		.lmtp = target->lmtp };
	dns_host(t->s->dns, target->name, t->memory, &hop_r->address);
	if (is_self(t, &hop_r->address)) {
		result_set(r, t->memory, CONFIG, "5.4.6",
		    "%.*s: the address is this host's, which does not take "
		    "mail for it",
		    (int)target->name.len, target->name.at);
		r->self = true;
		return false;
	}
	if (hop_r->address.count > 0)
		return true;
	lookup_failed(t, r, hop_r->address.result, target->name);
	return false;
}

static bool
target_hop(struct trail *t, const struct target *target, struct hop *hop_r,
    struct result *r)
{
	switch (target->kind) {
	case TARGET_MX:
		t->in_mx = mx_begin(t, target);
		if (t->in_mx)
			return mx_hop(t, target, hop_r, r);
		mx_failed(t, r, target);
		return false;
	case TARGET_HOST:
		return host_hop(t, target, hop_r, r);
	case TARGET_UNIX:
		*hop_r = (struct hop){ .kind = TARGET_UNIX,
			.name = target->name,
			.lmtp = target->lmtp };
		return true;
	case TARGET_NONE:
		result_set(r, t->memory, NOPERM, "5.7.1", "%.*s",
		    (int)target->name.len, target->name.at);
		return false;
	}
	return false;
}

bool
trail_next(struct trail *t, struct hop *hop_r, struct result *r)
{
	const struct route *route = t->route;

	if (t->in_mx && mx_hop(t, &route->targets[t->target - 1], hop_r, r))
		return true;
	t->in_mx = false;
	while (t->target < route->count)
		if (target_hop(t, &route->targets[t->target++], hop_r, r))
			return true;
	return false;
}
