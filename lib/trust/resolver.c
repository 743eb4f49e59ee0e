#include "trust/resolver.h"

#include "base/str.h"

struct resolver_entry {
	struct span key; /* the type's two bytes, the name in lower case */
	struct dns_question question;
	struct dns_answer answer;
	struct resolver_entry *next;
};

static struct span
entry_key(const void *thing)
{
	return ((const struct resolver_entry *)thing)->key;
}

void
resolver_init(struct resolver *r,
    void (*lookup)(void *arg, const struct dns_question *questions,
	size_t count, struct arena *a, struct dns_answer *answers_r),
    void *arg)
{
	*r = (struct resolver){ .lookup = lookup, .arg = arg };
	hash_init(&r->known, entry_key);
}

void
resolver_free(struct resolver *r)
{
	hash_free(&r->known);
	arena_free(&r->arena);
}

/* The entry of a question, which waits if it is new. NULL: one too many. */
static struct resolver_entry *
entry_of(struct resolver *r, struct span name, enum dns_type type)
{
	struct str key = STR_INIT;
	struct resolver_entry *e;

	if (name.len > 0 && name.at[name.len - 1] == '.')
		name.len--;
	str_add_byte(&key, (char)(type >> 8));
	str_add_byte(&key, (char)type);
	str_add(&key, name);
	str_lower(&key, 2);
	e = hash_find(&r->known, str_span(&key));
	if (e == NULL && r->count < RESOLVER_MAX) {
		e = arena_new(&r->arena, sizeof *e);
		e->key = arena_copy(&r->arena, str_span(&key));
		e->question = (struct dns_question){ span_from(e->key, 2),
			type };
		hash_add(&r->known, e);
		r->count++;
		e->next = r->wanted;
		r->wanted = e;
		r->waiting++;
	}
	str_free(&key);
	return e;
}

void
resolver_want(struct resolver *r, struct span name, enum dns_type type)
{
	entry_of(r, name, type);
}

void
resolver_gather(struct resolver *r)
{
	size_t n = r->waiting;
	struct dns_question *questions;
	struct dns_answer *answers;

	if (n == 0)
		return;
	questions = arena_new(&r->arena, n * sizeof *questions);
	answers = arena_new(&r->arena, n * sizeof *answers);
	n = 0;
	for (struct resolver_entry *e = r->wanted; e != NULL; e = e->next)
		questions[n++] = e->question;
	r->lookup(r->arg, questions, n, &r->arena, answers);
	n = 0;
	for (struct resolver_entry *e = r->wanted; e != NULL; e = e->next)
		e->answer = answers[n++];
	r->wanted = NULL;
	r->waiting = 0;
}

const struct dns_answer *
resolver_ask(struct resolver *r, struct span name, enum dns_type type)
{
	static const struct dns_answer later = { .result = DNS_LATER };
	const struct resolver_entry *e = entry_of(r, name, type);

	resolver_gather(r);
	return e == NULL ? &later : &e->answer;
}
