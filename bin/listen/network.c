#include <arpa/inet.h>
#include <string.h>

#include "listen.h"

/* An address with an optional prefix length; IPv4 counts from bit 96. */
static bool
network_parse(struct span word, struct network *n_r)
{
	struct span host = span_head(word, span_find(word, '/'));
	struct span bits = span_from(word, host.len + 1);
	char text[INET6_ADDRSTRLEN] = "";
	uint64_t length = 128, base = 0;

	if (host.len == 0 || host.len >= sizeof text)
		return false;
	memcpy(text, host.at, host.len);
	*n_r = (struct network){ 0 };
	if (inet_pton(AF_INET, text, &n_r->address.s6_addr[12]) == 1) {
		n_r->address.s6_addr[10] = n_r->address.s6_addr[11] = 0xff;
		base = 96;
	} else if (inet_pton(AF_INET6, text, &n_r->address) != 1) {
		return false;
	}
	if (word.len > host.len && (!span_is_number(bits, 128 - base, &length)))
		return false;
	n_r->bits = (unsigned)(word.len > host.len ? base + length : 128);
	return true;
}

int
networks_parse(
    struct span text, struct network networks[NETWORKS_MAX], size_t *count_r)
{
	*count_r = 0;
	while (text.len > 0) {
		struct span word = span_head(text, span_find(text, ','));

		text = span_from(text, word.len + 1);
		if (*count_r == NETWORKS_MAX ||
		    !network_parse(word, &networks[*count_r]))
			return -1;
		++*count_r;
	}
	return 0;
}

static bool
network_holds(const struct network *n, const struct in6_addr *a)
{
	size_t whole = n->bits / 8;
	unsigned mask = 0xff00U >> n->bits % 8 & 0xff;

	return memcmp(&n->address, a, whole) == 0 &&
	    (mask == 0 ||
		((n->address.s6_addr[whole] ^ a->s6_addr[whole]) & mask) == 0);
}

bool
networks_hold(
    const struct network *networks, size_t count, const struct in6_addr *a)
{
	for (size_t i = 0; i < count; i++)
		if (network_holds(&networks[i], a))
			return true;
	return false;
}

static bool
is_loopback(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) ||
	    (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

uint64_t
source_of(const struct ends *e, bool count_local)
{
	uint64_t key = 0;

	if (!count_local && (e->local || is_loopback(&e->remote)))
		return 0;
	if (e->local) /* apart from IPv4, 0:ffff::/32, and all networks */
		return (uint64_t)0xfeff << 16 | (uint64_t)e->uid << 32;
	/* IPv4 keys look like 0:ffff::/32, which contains no real /64. */
	memcpy(&key,
	    &e->remote.s6_addr[IN6_IS_ADDR_V4MAPPED(&e->remote) ? 8 : 0],
	    sizeof key);
	return key == 0 ? 1 : key;
}
