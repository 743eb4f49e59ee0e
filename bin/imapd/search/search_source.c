#include "search/search_source.h"

#include "answer.h"
#include "argument.h"
#include "store/mailbox.h"

static bool
take_name(struct session *s, struct source *x, int reach)
{
	struct source_name *n = &x->names[x->count];

	if (x->count == SOURCE_NAMES_MAX) {
		s->parser.too_big = true;
		answer_syntax(s);
		return false;
	}
	if (!argument_mailbox(s, &n->name))
		return false;
	n->reach = reach;
	x->count++;
	return true;
}

/* RFC 5465 8: one-or-more-mailbox = mailbox / "(" mailbox *(SP mailbox) ")" */
static bool
take_names(struct session *s, struct source *x, int reach)
{
	struct parser *p = &s->parser;

	if (!parse_space(p)) {
		answer_syntax(s);
		return false;
	}
	if (!parse_byte(p, '('))
		return take_name(s, x, reach);
	do {
		if (!take_name(s, x, reach))
			return false;
	} while (parse_space(p));
	if (parse_byte(p, ')'))
		return true;
	answer_syntax(s);
	return false;
}

static bool
take_filter(struct session *s, struct source *x)
{
	struct parser *p = &s->parser;

	if (parse_is(p, "mailboxes"))
		return take_names(s, x, SOURCE_ONE);
	if (parse_is(p, "subtree"))
		return take_names(s, x, SOURCE_TREE);
	if (parse_is(p, "subtree-one"))
		return take_names(s, x, SOURCE_CHILDREN);
	if (parse_is(p, "selected"))
		x->selected = true;
	/* Any mailbox can receive mail (user+folder). */
	else if (parse_is(p, "personal") || parse_is(p, "inboxes"))
		x->personal = true;
	else if (parse_is(p, "subscribed"))
		x->subscribed = true;
	else {
		answer_syntax(s);
		return false;
	}
	return true;
}

/* There are no scope options, so anything after the mailboxes is an error. */
bool
source_take(struct session *s, struct source *x_r)
{
	struct parser *p = &s->parser;

	*x_r = (struct source){ .selected = false };
	if (!parse_is(p, "IN")) {
		x_r->selected = true;
		return true;
	}
	x_r->names = arena_new(
	    &s->arena, SOURCE_NAMES_MAX * sizeof *x_r->names);
	if (!parse_space(p) || !parse_byte(p, '(')) {
		answer_syntax(s);
		return false;
	}
	do {
		if (!take_filter(s, x_r))
			return false;
	} while (parse_space(p));
	if (parse_byte(p, ')') && parse_space(p))
		return true;
	answer_syntax(s);
	return false;
}

static bool
name_reaches(const struct source_name *n, struct span name)
{
	struct span below;

	if (span_equal(n->name, name))
		return true;
	if (n->reach == SOURCE_ONE || !span_starts(name, n->name))
		return false;
	below = span_from(name, n->name.len);
	return span_take(&below, MAILBOX_SEPARATOR) &&
	    (n->reach == SOURCE_TREE ||
		span_find(below, MAILBOX_SEPARATOR) == below.len);
}

bool
source_has(const struct source *x, struct span name, unsigned state)
{
	if ((x->personal && !(state & MAILBOX_SHARED)) ||
	    (x->subscribed && (state & MAILBOX_SUBSCRIBED)))
		return true;
	for (size_t i = 0; i < x->count; i++)
		if (name_reaches(&x->names[i], name))
			return true;
	return false;
}
