/* A list of networks in CIDR form: "192.0.2.0/24", "2001:db8::/32", or single
 * addresses. */
#ifndef NET_NETWORK_H
#define NET_NETWORK_H

#include "base/str.h"

struct network {
	unsigned char address[16]; /* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;             /* of 128 */
};
struct network_list {
	struct network *at;
	size_t count, size;
};

/* False when the text is no network. */
bool network_parse(struct span text, struct network *n_r);
void network_add(struct network_list *l, const struct network *n);
bool network_has(const struct network_list *l, struct span ip);
void network_free(struct network_list *l);

#endif
