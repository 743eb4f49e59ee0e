#include "trust/spf_names.h"

#include <string.h>

bool
spf_address_within(
    const struct spf_address *a, const void *network, unsigned bits)
{
	const unsigned char *n = network;
	unsigned whole = bits / 8, left = bits % 8;

	return memcmp(a->bytes, n, whole) == 0 &&
	    (left == 0 ||
		((a->bytes[whole] ^ n[whole]) & (0xff00 >> left) & 0xff) == 0);
}

void
spf_address_reverse(const struct spf_address *a, struct str *out)
{
	static const char hex[] = "0123456789abcdef";

	if (a->family == AF_INET) {
		for (size_t i = 4; i-- > 0;)
			str_addf(out, "%u.", a->bytes[i]);
		str_add_text(out, "in-addr.arpa");
		return;
	}
	for (size_t i = 16; i-- > 0;)
		str_addf(out, "%c.%c.", hex[a->bytes[i] & 15],
		    hex[a->bytes[i] >> 4]);
	str_add_text(out, "ip6.arpa");
}

/* One of its addresses is this. */
static bool
leads_to(struct resolver *r, struct span name, const struct spf_address *client)
{
	bool four = client->family == AF_INET;
	const struct dns_answer *a = resolver_ask(
	    r, name, four ? DNS_A : DNS_AAAA);

	for (size_t i = 0; i < a->count; i++)
		if (spf_address_within(client,
			four ? (const void *)&a->records[i].is.a
			     : &a->records[i].is.aaaa,
			four ? 32 : 128))
			return true;
	return false;
}

/* Ask for the names, and for the addresses of the first of them. */
static const struct dns_answer *
names_ask(struct resolver *r, const struct spf_address *client)
{
	struct str reverse = STR_INIT;
	const struct dns_answer *a;

	spf_address_reverse(client, &reverse);
	a = resolver_ask(r, str_span(&reverse), DNS_PTR);
	str_free(&reverse);
	for (size_t i = 0; i < a->count && i < SPF_NAMES_MAX; i++)
		resolver_want(r, a->records[i].is.name,
		    client->family == AF_INET ? DNS_A : DNS_AAAA);
	return a;
}

/* RFC 7208 5.5: errors only mean that there is no such name. */
void
spf_names_find(struct spf *s)
{
	const struct dns_answer *a;

	if (s->listed)
		return;
	s->listed = true;
	a = names_ask(s->resolver, &s->client);
	s->names = arena_new(&s->arena, SPF_NAMES_MAX * sizeof *s->names);
	for (size_t i = 0; i < a->count && i < SPF_NAMES_MAX; i++)
		if (leads_to(s->resolver, a->records[i].is.name, &s->client))
			s->names[s->name_count++] = a->records[i].is.name;
}

enum result
iprev_check(
    struct resolver *r, const struct spf_address *client, struct span *name_r)
{
	const struct dns_answer *a = names_ask(r, client);

	*name_r = SPAN("");
	if (a->result == DNS_LATER)
		return RESULT_TEMPERROR;
	if (a->result != DNS_FOUND)
		return RESULT_PERMERROR; /* RFC 8601 2.7.3: no PTR record */
	for (size_t i = 0; i < a->count && i < SPF_NAMES_MAX; i++)
		if (leads_to(r, a->records[i].is.name, client)) {
			*name_r = a->records[i].is.name;
			return RESULT_PASS;
		}
	return RESULT_FAIL;
}
