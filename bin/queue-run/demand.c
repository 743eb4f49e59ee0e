/* What a message itself wants of TLS (RFC 8689). What fails for one that wants
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
demand_key(struct arena *a, const struct route *route, enum demand demand)
{
	struct str key = STR_INIT;
	struct span kept;

	/* A route's tls= is for all messages, but for those with more. */
	if (demand == DEMAND_USUAL ||
	    (demand == DEMAND_NOTHING && route->tls != TARGET_TLS_UNSAID))
		return route->key;
	str_set(&key, route->key);
	str_add_text(
	    &key, demand == DEMAND_TLS ? " requiretls" : " tls-required=no");
	kept = arena_copy(a, str_span(&key));
	str_free(&key);
	return kept;
}
