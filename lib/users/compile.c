#include "users/compile.h"

#include "base/record.h"
#include "users/role.h"
#include "users/table.h"

enum { CHAIN_MAX = 20 }; /* aliases in a chain */

struct work {
	struct compile *c;
	struct table table;
	struct span me;
	struct str text; /* text of one fault */
	struct str key;  /* a target, in the domain that answers for it */
};

static void
fault(struct work *w, unsigned line, struct span what, const char *text)
{
	str_set(&w->text, what);
	str_add_text(&w->text, text);
	w->c->faults++;
	w->c->fault(w->c->arg, line, str_span(&w->text));
}

static void
work_line(struct work *w, struct span line, unsigned number, struct entry *e)
{
	struct row *r;

	if (line.len == 0)
		return;
	if (!entry_parse(line, e, &w->text)) {
		w->c->faults++;
		w->c->fault(w->c->arg, number, str_span(&w->text));
		return;
	}
	r = table_add(&w->table, e, number);
	if (r == NULL) {
		r = table_find(&w->table, str_span(&e->key));
		str_setf(&w->text,
		    "%s: is already on line %u; remove one of the two",
		    e->key.at, r->line);
		w->c->faults++;
		w->c->fault(w->c->arg, number, str_span(&w->text));
		return;
	}
	w->c->domains += e->kind == ENTRY_DOMAIN;
	w->c->mailboxes += e->kind == ENTRY_MAILBOX;
	w->c->aliases += e->kind == ENTRY_TARGETS || e->kind == ENTRY_ALIAS;
}

static struct span
domain_of(struct span key)
{
	size_t at = key.len;

	while (at > 0 && key.at[at - 1] != '@')
		at--;
	return span_from(key, at);
}

static bool
domain_is_ours(const struct work *w, struct span domain)
{
	const struct row *r = table_find(&w->table, domain);

	return (r != NULL && r->domain) || span_equal(domain, w->me) ||
	    table_alias(&w->table, domain) != NULL;
}

/* The domain itself, or the one it is an alias of. */
static struct span
domain_meant(const struct work *w, struct span domain)
{
	const struct row *alias = table_alias(&w->table, domain);

	return alias != NULL ? alias->alias : domain;
}

static struct row *
find_at(struct work *w, struct span local, struct span domain)
{
	str_set(&w->key, local);
	str_add_byte(&w->key, '@');
	str_add(&w->key, domain);
	return table_find(&w->table, str_span(&w->key));
}

static struct row *
first_mailbox(const struct work *w)
{
	struct row *r = w->table.first;

	while (r != NULL && !r->mailbox)
		r = r->next;
	return r;
}

/* The row for a role address, as the lookup finds it: see role.h. */
static struct row *
role_answer(struct work *w, struct span local, struct span domain)
{
	struct span me = domain_meant(w, w->me);
	struct row *r = find_at(w, SPAN("postmaster"), domain);

	if (r == NULL)
		r = find_at(w, local, me);
	if (r == NULL)
		r = find_at(w, SPAN("postmaster"), me);
	return r != NULL ? r : first_mailbox(w);
}

static struct span
local_of(struct span key)
{
	size_t n = key.len - domain_of(key).len - 1;
	struct span local = span_head(key, n);

	return span_head(local, span_find(local, '+'));
}

/* The row that answers for a target, or NULL. This host's name, if it is not a
 * domain, also stands for the first mailbox's. */
static struct row *
target_answer(struct work *w, struct span to)
{
	struct span domain = domain_meant(w, domain_of(to)), local;
	struct row *r, *first = first_mailbox(w);

	local = span_head(to, to.len - domain_of(to).len);
	str_set(&w->key, local);
	str_add(&w->key, domain);
	r = table_answer(&w->table, str_span(&w->key));
	if (r == NULL && first != NULL && span_equal(domain, w->me) &&
	    table_find(&w->table, domain) == NULL) {
		str_set(&w->key, local);
		str_add(&w->key, domain_of(first->key));
		r = table_answer(&w->table, str_span(&w->key));
	}
	if (r == NULL && role_is(local_of(to)))
		r = role_answer(w, local_of(to), domain);
	return r;
}

/* Does mail for this target reach a mailbox, without a loop? Depth first,
 * remembering finished rows. */
static void targets_check(struct work *w, struct row *r, unsigned depth);

static void
target_check(struct work *w, struct row *from, struct span to, unsigned depth)
{
	struct row *r;

	if (!domain_is_ours(w, domain_of(to)))
		return;
	r = target_answer(w, to);
	if (r == NULL) {
		if (!role_is(local_of(to)))
			fault(w, from->line, to,
			    ": no such address here; add it, or "
			    "correct the target");
		return;
	}
	if (r == from && r->mailbox)
		return; /* a copy stays */
	if (r->visit == VISIT_OPEN)
		fault(w, from->line, to,
		    ": leads back to itself; break the alias loop");
	else if (depth >= CHAIN_MAX)
		fault(w, from->line, to,
		    ": more than 20 aliases in a chain; name the last "
		    "address itself");
	else
		targets_check(w, r, depth + 1);
}

static void
targets_check(struct work *w, struct row *r, unsigned depth)
{
	struct str value = STR_INIT;
	struct span rest = r->targets, key;

	if (r->visit != VISIT_NEVER)
		return;
	r->visit = VISIT_OPEN;
	while (record_next(&rest, &key, &value))
		if (span_equal(key, SPAN("to")))
			target_check(w, r, str_span(&value), depth);
	r->visit = VISIT_DONE;
	str_free(&value);
}

/* An alias must stand for a domain with entries; there is only one step, so it
 * can't loop. */
static void
alias_check(struct work *w, const struct row *r)
{
	const struct row *to = table_find(&w->table, r->alias);

	if (table_alias(&w->table, r->alias) != NULL)
		fault(w, r->line, r->alias,
		    ": is an alias itself; name the domain that it stands "
		    "for");
	else if (to == NULL || !to->domain)
		fault(w, r->line, r->alias,
		    ": is not a domain here; add a line for it, or send this "
		    "domain's mail there with routes");
}

/* An entry must be in one of our domains that is not an alias. */
static void
domain_check(struct work *w, const struct row *r)
{
	struct span domain = domain_of(r->key);
	const struct row *alias = table_alias(&w->table, domain);

	if (r->domain || alias == r)
		return;
	if (alias != NULL)
		str_setf(&w->text,
		    "%s: its domain is an alias of %s (line %u); make the "
		    "entry there",
		    r->key.at, alias->alias.at, alias->line);
	else if (!domain_is_ours(w, domain))
		str_setf(&w->text,
		    "%s: its domain is not here; add "
		    "the line \"%s domain\"",
		    r->key.at, domain.at);
	else
		return;
	w->c->faults++;
	w->c->fault(w->c->arg, r->line, str_span(&w->text));
}

static void
work_check(struct work *w)
{
	for (struct row *r = w->table.first; r != NULL; r = r->next) {
		domain_check(w, r);
		if (r->alias.len > 0)
			alias_check(w, r);
		targets_check(w, r, 0);
	}
}

int
users_compile(struct compile *c, struct span text, struct span me, int etc)
{
	struct work w = { .c = c, .me = me, .text = STR_INIT, .key = STR_INIT };
	struct entry e;
	struct span line;
	int r = 0;

	c->faults = c->mailboxes = c->domains = c->aliases = 0;
	table_init(&w.table);
	w.table.piped = c->piped;
	entry_init(&e);
	for (unsigned number = 1; span_line(&text, &line); number++)
		work_line(&w, text_content(line), number, &e);
	work_check(&w);
	if (c->faults > 0)
		r = 1;
	else if (etc >= 0)
		r = table_write(&w.table, me, etc);
	entry_free(&e);
	table_free(&w.table);
	str_free(&w.text);
	str_free(&w.key);
	return r;
}
