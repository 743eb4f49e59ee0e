#include "users/compile.h"

#include "base/record.h"
#include "users/table.h"

enum { CHAIN_MAX = 20 }; /* aliases behind one another */

struct work {
	struct compile *c;
	struct table table;
	struct span me;
	struct str text; /* of one fault */
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
		    "%s: is on line %u already; take one of the two out",
		    e->key.at, r->line);
		w->c->faults++;
		w->c->fault(w->c->arg, number, str_span(&w->text));
		return;
	}
	w->c->domains += e->kind == ENTRY_DOMAIN;
	w->c->mailboxes += e->kind == ENTRY_MAILBOX;
	w->c->aliases += e->kind == ENTRY_TARGETS;
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

	return (r != NULL && r->domain) || span_equal(domain, w->me);
}

/* Does mail for this target come to somebody, and not back to where it went
 * from? Depth first, remembering what is done. */
static void targets_check(struct work *w, struct row *r, unsigned depth);

static void
target_check(struct work *w, struct row *from, struct span to, unsigned depth)
{
	struct row *r;

	if (!domain_is_ours(w, domain_of(to)))
		return;
	r = table_answer(&w->table, to);
	if (r == NULL) {
		if (!span_starts(to, SPAN("postmaster@")))
			fault(w, from->line, to,
			    ": nobody here has this address; add it, or "
			    "correct the target");
		return;
	}
	if (r == from && r->mailbox)
		return; /* a copy stays */
	if (r->visit == VISIT_OPEN)
		fault(w, from->line, to,
		    ": leads back to itself; break the circle of aliases");
	else if (depth >= CHAIN_MAX)
		fault(w, from->line, to,
		    ": more than 20 aliases behind one another; name the last "
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

static void
work_check(struct work *w)
{
	for (struct row *r = w->table.first; r != NULL; r = r->next) {
		struct span domain = domain_of(r->key);

		if (!r->domain && !domain_is_ours(w, domain)) {
			str_setf(&w->text,
			    "%s: its domain is not here; add "
			    "the line \"%s domain\"",
			    r->key.at, domain.at);
			w->c->faults++;
			w->c->fault(w->c->arg, r->line, str_span(&w->text));
		}
		targets_check(w, r, 0);
	}
}

int
users_compile(struct compile *c, struct span text, struct span me, int etc)
{
	struct work w = { .c = c, .me = me, .text = STR_INIT };
	struct entry e;
	struct span line;
	int r = 0;

	c->faults = c->mailboxes = c->domains = c->aliases = 0;
	table_init(&w.table);
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
	return r;
}
