/* What is wanted of TLS: by a message itself (RFC 8689), and by tls-policy for
 * a domain among those that share a route. What fails for one that wants
 * more than others, or for those that want more than it, says nothing about the
 * others: so it has a destination of its own at the same place. */
#include "base/io.h"
#include "mail/header.h"
#include "runner.h"

enum {
	HEADER_FIRST = 8192,  /* holds nearly every header */
	HEADER_MAX = 1 << 20, /* as in send/message.c */
};

/* A header that can't be read now says nothing. */
static bool
header_says_optional(struct runner *r, const struct spool_message *m)
{
	struct str *text = &r->text;
	size_t size = HEADER_FIRST;

	for (;; size = HEADER_MAX) {
		if (size > m->size)
			size = m->size;
		str_clear(text);
		if (read_part(m->fd, m->header, size, text) < 0)
			return false;
		if (size == m->size || size >= HEADER_MAX ||
		    header_size(str_span(text)) < size)
			return header_tls_optional(str_span(text));
	}
}

enum demand
demand_find(struct runner *r, const struct work *w)
{
	/* RFC 8689 4.2.1, 5: not with the null sender. */
	if (w->envelope.requiretls && w->envelope.from.len > 0)
		return DEMAND_TLS;
	return header_says_optional(r, &w->message) ? DEMAND_NOTHING
						    : DEMAND_USUAL;
}

struct span
demand_key(struct runner *r, struct arena *a, const struct route *route,
    struct span domain, enum demand demand)
{
	bool unsaid = route->tls == TARGET_TLS_UNSAID;
	const struct tls_line *line = unsaid && route->listed
	    ? tls_policy_find(r->policy, domain)
	    : NULL;
	struct str key = STR_INIT;
	struct span kept;

	/* A route's tls= is for all messages, but for those with more. */
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
