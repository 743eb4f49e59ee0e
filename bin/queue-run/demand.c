/* TLS demands: of a message itself (RFC 8689), and of tls-policy for one of the
 * domains that share a route. A failure under one demand says nothing about
 * mail with another: so each has a destination of its own at the same place. */
#include "base/io.h"
#include "mail/header.h"
#include "router.h"

enum {
	HEADER_FIRST = 8192,  /* holds nearly every header */
	HEADER_MAX = 1 << 20, /* as in send/message.c */
};

/* An unreadable header counts as without the field. */
static bool
header_says_optional(const struct spool_message *m, struct str *text)
{
	size_t size = HEADER_FIRST;

	for (;; size = HEADER_MAX) {
		struct header_scan scan = { 0 };

		if (size > m->size)
			size = m->size;
		str_clear(text);
		if (read_part(m->fd, m->header, size, text) < 0)
			return false;
		if (size == m->size || size >= HEADER_MAX ||
		    header_scan(&scan, str_span(text)))
			return header_tls_optional(str_span(text));
	}
}

enum demand
demand_find(const struct message *m, struct str *text)
{
	/* RFC 8689 4.2.1, 5: not with the null sender. */
	if (m->envelope.requiretls && m->envelope.from.len > 0)
		return DEMAND_TLS;
	return header_says_optional(&m->file, text) ? DEMAND_NOTHING
						    : DEMAND_USUAL;
}

struct span
demand_key(const struct tls_policy *policy, struct arena *a,
    const struct route *route, struct span domain, enum demand demand)
{
	bool unsaid = route->tls == TARGET_TLS_UNSAID;
	const struct tls_line *line = unsaid && route->listed
	    ? tls_policy_find(policy, domain)
	    : NULL;
	struct str key = STR_INIT;
	struct span kept;

	/* A route's tls= is for all messages except those that demand more. */
	if (demand == DEMAND_NOTHING && !unsaid)
		demand = DEMAND_USUAL;
	if (demand == DEMAND_USUAL && line == NULL)
		return route->key;
	str_set(&key, route->key);
	if (line != NULL) {
		str_add_text(&key, " tls-policy=");
		str_add(&key, line->text);
	}
	if (demand != DEMAND_USUAL)
		str_add_text(&key,
		    demand == DEMAND_TLS ? " requiretls" : " tls-required=no");
	kept = arena_copy(a, str_span(&key));
	str_free(&key);
	return kept;
}
