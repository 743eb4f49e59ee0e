#include "net/network.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

static bool
address_read(struct span text, unsigned char address[16], bool *v4_r)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	char copy[INET6_ADDRSTRLEN] = "";

	if (text.len >= sizeof copy)
		return false;
	memcpy(copy, text.at, text.len);
	*v4_r = inet_pton(AF_INET, copy, address + 12) == 1;
	if (*v4_r)
		memcpy(address, mapped, sizeof mapped);
	return *v4_r || inet_pton(AF_INET6, copy, address) == 1;
}

bool
network_parse(struct span text, struct network *n_r)
{
	struct span ip = span_head(text, span_find(text, '/'));
	struct span bits = span_from(text, ip.len);
	uint64_t n;
	bool v4;

	if (!address_read(ip, n_r->address, &v4))
		return false;
	n = v4 ? 32 : 128;
	if (span_take(&bits, '/') && !span_is_number(bits, n, &n))
		return false;
	n_r->bits = (unsigned)n + (v4 ? 96 : 0);
	return true;
}

void
network_add(struct network_list *l, const struct network *n)
{
	if (l->count == l->size) {
		l->size = l->size == 0 ? 8 : 2 * l->size;
		l->at = mem_resize(l->at, l->size, sizeof *l->at);
	}
	l->at[l->count++] = *n;
}

static bool
covers(const struct network *n, const unsigned char address[16])
{
	size_t whole = n->bits / 8;
	unsigned left = n->bits % 8;
	unsigned mask = 0xffU << (8 - left) & 0xffU;

	return memcmp(n->address, address, whole) == 0 &&
	    (left == 0 || ((n->address[whole] ^ address[whole]) & mask) == 0);
}

bool
network_has(const struct network_list *l, struct span ip)
{
	unsigned char address[16];
	bool v4;

	if (l->count == 0 || !address_read(ip, address, &v4))
		return false;
	for (size_t i = 0; i < l->count; i++)
		if (covers(&l->at[i], address))
			return true;
	return false;
}

void
network_free(struct network_list *l)
{
	free(l->at);
	*l = (struct network_list){ NULL, 0, 0 };
}
