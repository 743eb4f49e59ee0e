#include "users/table.h"

#include "mail/address.h"

static struct span
row_key(const void *row)
{
	const struct row *r = row;

	return r->key;
}

void
table_init(struct table *t)
{
	*t = (struct table){ .memory = ARENA_INIT };
	hash_init(&t->rows, row_key);
}

void
table_free(struct table *t)
{
	hash_free(&t->rows);
	arena_free(&t->memory);
}

struct row *
table_find(const struct table *t, struct span key)
{
	return hash_find(&t->rows, key);
}

static struct row *
table_new(struct table *t, struct span key, unsigned line)
{
	struct row *r = arena_new(&t->memory, sizeof *r);

	r->key = arena_copy(&t->memory, key);
	r->line = line;
	hash_add(&t->rows, r);
	if (t->last != NULL)
		t->last->next = r;
	else
		t->first = r;
	return t->last = r;
}

struct row *
table_add(struct table *t, const struct entry *e, unsigned line)
{
	struct row *r = table_find(t, str_span(&e->key));

	if (r == NULL)
		r = table_new(t, str_span(&e->key), line);
	else if (e->kind == ENTRY_DOMAIN || e->kind == ENTRY_ALIAS ||
	    r->alias.len > 0 ||
	    (e->kind == ENTRY_MAILBOX ? r->mailbox : r->targets.len > 0))
		return NULL;
	switch (e->kind) {
	case ENTRY_DOMAIN:
		r->domain = true;
		break;
	case ENTRY_MAILBOX:
		r->mailbox = true;
		r->fields = arena_copy(&t->memory, str_span(&e->fields));
		r->secrets = arena_copy(&t->memory, str_span(&e->secrets));
		break;
	case ENTRY_TARGETS:
		r->targets = arena_copy(&t->memory, str_span(&e->targets));
		break;
	case ENTRY_ALIAS:
		r->alias = arena_copy(&t->memory, str_span(&e->targets));
		break;
	}
	return r;
}

struct row *
table_alias(const struct table *t, struct span domain)
{
	struct str key = STR_INIT;
	struct row *r;

	str_add_byte(&key, '@');
	str_add(&key, domain);
	r = table_find(t, str_span(&key));
	str_free(&key);
	return r != NULL && r->alias.len > 0 ? r : NULL;
}

/* The row without the extension; NULL when there is neither. */
static struct row *
base_find(const struct table *t, const struct address *a)
{
	struct str meaning = STR_INIT, base = STR_INIT;
	struct row *r = NULL;
	size_t plus;

	address_local(a, &meaning);
	plus = span_find(str_span(&meaning), '+');
	if (plus > 0 && plus < meaning.len) {
		local_text(span_head(str_span(&meaning), plus), &base);
		str_add_byte(&base, '@');
		str_add(&base, a->domain);
		r = table_find(t, str_span(&base));
	}
	str_free(&meaning);
	str_free(&base);
	return r;
}

struct row *
table_answer(const struct table *t, struct span key)
{
	struct row *r = table_find(t, key);
	struct address a;

	if (r != NULL || !address_parse(key, &a))
		return r;
	r = base_find(t, &a);
	/* A catch-all's key has the '@' too. */
	return r != NULL
	    ? r
	    : table_find(t, (struct span){ a.domain.at - 1, a.domain.len + 1 });
}
