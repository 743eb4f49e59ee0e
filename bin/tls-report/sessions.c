#include <stdlib.h>
#include <string.h>

#include "base/record.h"
#include "mail/domain.h"
#include "report.h"

enum { FIELDS = 8 };

/* The words of a line, in the order by which lines are sorted. */
static const struct {
	const char *key;
	size_t offset;
} fields[FIELDS] = {
	{ "domain", offsetof(struct session, domain) },
	{ "policy", offsetof(struct session, policy) },
	{ "string", offsetof(struct session, string) },
	{ "result", offsetof(struct session, result) },
	{ "mx", offsetof(struct session, mx) },
	{ "ip", offsetof(struct session, ip) },
	{ "local", offsetof(struct session, local) },
	{ "text", offsetof(struct session, text) },
};

static struct span *
field(struct session *s, size_t i)
{
	return (struct span *)((char *)s + fields[i].offset);
}

static const struct span *
field_of(const struct session *s, size_t i)
{
	return (const struct span *)((const char *)s + fields[i].offset);
}

static int
session_compare(const void *left, const void *right)
{
	for (size_t i = 0; i < FIELDS; i++) {
		int order = span_compare(
		    *field_of(left, i), *field_of(right, i));

		if (order != 0)
			return order;
	}
	return 0;
}

static bool
session_read(struct span line, struct arena *a, struct session *s_r)
{
	struct str value = STR_INIT;
	struct span rest = line, key;

	*s_r = (struct session){ .line = line };
	for (size_t i = 0; i < FIELDS; i++)
		*field(s_r, i) = SPAN("");
	if (!record_is(line, "session"))
		return false;
	while (record_next(&rest, &key, &value))
		for (size_t i = 0; i < FIELDS; i++)
			if (span_equal(key, span_text(fields[i].key)))
				*field(s_r, i) = arena_copy(
				    a, str_span(&value));
	str_free(&value);
	return rest.len == 0 && domain_is_plain(s_r->domain) &&
	    s_r->result.len > 0 &&
	    (span_equal(s_r->policy, SPAN("tlsa")) ||
		span_equal(s_r->policy, SPAN("sts")) ||
		span_equal(s_r->policy, SPAN("no-policy-found")));
}

void
sessions_read(struct sessions *s, struct span text)
{
	struct span line;

	while (span_until(&text, '\n', &line)) {
		text = span_from(text, 1);
		if (s->count == s->size) {
			s->size = s->size == 0 ? 1024 : 2 * s->size;
			s->at = mem_resize(s->at, s->size, sizeof *s->at);
		}
		if (session_read(line, &s->arena, &s->at[s->count]))
			s->count++;
	}
	if (s->count > 0)
		qsort(s->at, s->count, sizeof *s->at, session_compare);
}

void
sessions_free(struct sessions *s)
{
	arena_free(&s->arena);
	free(s->at);
}

size_t
sessions_of_domain(const struct session *first, size_t count)
{
	size_t n = 0;

	while (n < count && span_equal(first[n].domain, first[0].domain))
		n++;
	return n;
}
