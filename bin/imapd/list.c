/* LIST and LSUB (RFC 3501 6.3.8 and 6.3.9, RFC 5258, RFC 5819, RFC 6154). */
#include "list.h"

#include "command.h"
#include "mail/mutf7.h"
#include "mail/nstring.h"
#include "status.h"
#include "store/mailbox.h"

enum { PATTERNS_MAX = 100 };

enum {
	SELECT_SUBSCRIBED = 1,
	SELECT_RECURSIVE = 2,
	SELECT_SPECIAL = 4,
	SELECT_REMOTE = 8, /* there are none */
	RETURN_SUBSCRIBED = 16,
	RETURN_CHILDREN = 32, /* always told */
	RETURN_SPECIAL = 64,  /* likewise */
	RETURN_STATUS = 128,
	IS_LSUB = 256,
	IS_EXTENDED = 512,
};

struct listing {
	unsigned options;
	unsigned status; /* items */
	struct span reference;
	struct span *patterns;
	size_t pattern_count;
};

struct option {
	const char *name;
	unsigned option;
};
static const struct option select_options[] = {
	{ "SUBSCRIBED", SELECT_SUBSCRIBED },
	{ "RECURSIVEMATCH", SELECT_RECURSIVE },
	{ "SPECIAL-USE", SELECT_SPECIAL },
	{ "REMOTE", SELECT_REMOTE },
};
static const struct option return_options[] = {
	{ "SUBSCRIBED", RETURN_SUBSCRIBED },
	{ "CHILDREN", RETURN_CHILDREN },
	{ "SPECIAL-USE", RETURN_SPECIAL },
	{ "STATUS", RETURN_STATUS },
};

static bool
take_option(struct parser *p, struct listing *l, const struct option *known,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!parse_is(p, known[i].name))
			continue;
		l->options |= known[i].option;
		if (known[i].option == RETURN_STATUS)
			return parse_space(p) &&
			    (l->status = status_take(p)) != 0;
		return true;
	}
	return false;
}

/* "(" [option *(" " option)] ")", the "(" taken. */
static bool
take_options(struct parser *p, struct listing *l, const struct option *known,
    size_t count)
{
	l->options |= IS_EXTENDED;
	if (parse_byte(p, ')'))
		return true;
	do {
		if (!take_option(p, l, known, count))
			return false;
	} while (parse_space(p));
	return parse_byte(p, ')');
}

static bool
take_patterns(struct parser *p, struct listing *l)
{
	l->patterns = arena_new(p->arena, PATTERNS_MAX * sizeof *l->patterns);
	if (!parse_byte(p, '(')) {
		l->pattern_count = 1;
		return parse_pattern(p, &l->patterns[0]);
	}
	l->options |= IS_EXTENDED;
	do {
		if (l->pattern_count == PATTERNS_MAX ||
		    !parse_pattern(p, &l->patterns[l->pattern_count++]))
			return false;
	} while (parse_space(p));
	return parse_byte(p, ')');
}

static bool
take_listing(struct parser *p, struct listing *l)
{
	if (!parse_space(p))
		return false;
	if (!(l->options & IS_LSUB) && parse_byte(p, '(') &&
	    (!take_options(p, l, select_options, COUNT(select_options)) ||
		!parse_space(p)))
		return false;
	if (!parse_astring(p, &l->reference) || !parse_space(p) ||
	    !take_patterns(p, l))
		return false;
	if (parse_end(p))
		return true;
	/* parse_end() took the blank. */
	return !(l->options & IS_LSUB) && parse_is(p, "RETURN") &&
	    parse_space(p) && parse_byte(p, '(') &&
	    take_options(p, l, return_options, COUNT(return_options)) &&
	    parse_end(p);
}

/* RFC 3501 5.1: INBOX in any case; CREATE takes the level above another name
 * in any case too. */
static bool
inbox_matches(struct span name, struct span pattern)
{
	struct span inbox = SPAN("INBOX"), rest;

	if (!span_starts_case(pattern, inbox) || !span_starts(name, inbox))
		return false;
	rest = span_from(name, inbox.len);
	if (rest.len > 0 && rest.at[0] != MAILBOX_SEPARATOR)
		return false;
	return list_match(rest, span_from(pattern, inbox.len));
}

/* A pattern behind its reference. */
static bool
pattern_matches(const struct listing *l, struct span name, size_t i)
{
	struct str full = STR_INIT;
	bool matches;

	str_add(&full, l->reference);
	str_add(&full, l->patterns[i]);
	matches = list_match(name, str_span(&full)) ||
	    inbox_matches(name, str_span(&full));
	str_free(&full);
	return matches;
}

static bool
name_matches(const struct listing *l, struct span name)
{
	struct str coded = STR_INIT;
	bool found = false;

	if (!mutf7_encode(&coded, name, ""))
		str_set(&coded, name);
	for (size_t i = 0; i < l->pattern_count && !found; i++)
		found = pattern_matches(l, str_span(&coded), i);
	str_free(&coded);
	return found;
}

/* INBOX always is: clients ask LSUB for it and get stuck without it. */
static bool
is_subscribed(const struct mailbox *m)
{
	return (m->state & MAILBOX_SUBSCRIBED) ||
	    span_equal(m->name, SPAN("INBOX"));
}

/* RFC 3501 6.3.9: LSUB with "%" shows a level above a subscribed name. */
static bool
is_level_for_lsub(const struct listing *l, const struct mailbox *m)
{
	struct span pattern = l->patterns[0];

	return (l->options & IS_LSUB) &&
	    (m->state & MAILBOX_CHILD_SUBSCRIBED) && pattern.len > 0 &&
	    pattern.at[pattern.len - 1] == '%';
}

/* What the selection options ask for, but for the levels above it. */
static bool
is_wanted(const struct listing *l, const struct mailbox *m)
{
	if ((l->options & SELECT_SPECIAL) &&
	    (mailbox_special_use(m->name) == NULL ||
		!(m->state & MAILBOX_EXISTS)))
		return false;
	return l->options & SELECT_SUBSCRIBED ? is_subscribed(m)
					      : m->state & MAILBOX_EXISTS;
}

/* Somewhere below all->at[i] is what is wanted, and no pattern shows it. */
static bool
hides_wanted(const struct listing *l, const struct mailbox_list *all, size_t i)
{
	struct span above = all->at[i].name;

	for (i++; i < all->count; i++) {
		struct span name = all->at[i].name;

		if (!span_starts(name, above) || name.len <= above.len ||
		    name.at[above.len] != MAILBOX_SEPARATOR)
			return false;
		if (is_wanted(l, &all->at[i]) && !name_matches(l, name))
			return true;
	}
	return false;
}

/* A level above what is wanted. RFC 5258 3 and 3.5: it is shown, as
 * \NonExistent or with CHILDINFO, only where that tells of something that is
 * not shown by itself. */
static bool
is_level(const struct listing *l, const struct mailbox_list *all, size_t i)
{
	const struct mailbox *m = &all->at[i];

	if (l->options & SELECT_SPECIAL)
		return false;
	if (l->options & SELECT_SUBSCRIBED)
		return is_level_for_lsub(l, m) ||
		    ((l->options & SELECT_RECURSIVE) &&
			(m->state & MAILBOX_CHILD_SUBSCRIBED) &&
			hides_wanted(l, all, i));
	return (m->state & MAILBOX_CHILDREN) &&
	    (!(l->options & IS_EXTENDED) || hides_wanted(l, all, i));
}

static void
attribute(struct str *out, size_t *n, const char *name)
{
	if ((*n)++ > 0)
		str_add_byte(out, ' ');
	str_add_text(out, name);
}

static void
attributes_add(
    struct str *out, const struct listing *l, const struct mailbox *m)
{
	const char *use = mailbox_special_use(m->name);
	bool exists = m->state & MAILBOX_EXISTS;
	bool subscribed = is_subscribed(m);
	size_t n = 0;

	if (l->options & IS_LSUB) {
		if (!subscribed)
			attribute(out, &n, "\\Noselect");
		return;
	}
	if (!exists)
		attribute(out, &n,
		    l->options & IS_EXTENDED ? "\\NonExistent" : "\\Noselect");
	attribute(out, &n,
	    m->state & MAILBOX_CHILDREN ? "\\HasChildren" : "\\HasNoChildren");
	if (subscribed &&
	    (l->options & (SELECT_SUBSCRIBED | RETURN_SUBSCRIBED)))
		attribute(out, &n, "\\Subscribed");
	/* Also unasked: old iPhones look for it in a plain LIST. */
	if (use != NULL && exists)
		attribute(out, &n, use);
}

static void
mailbox_put(struct session *s, const struct listing *l, const struct mailbox *m)
{
	str_set(&s->text,
	    l->options & IS_LSUB ? SPAN("* LSUB (") : SPAN("* LIST ("));
	attributes_add(&s->text, l, m);
	str_add_text(&s->text, ") \"/\" ");
	mailbox_name_add(&s->text, m->name);
	/* RFC 5258 3.5 */
	if ((l->options & SELECT_RECURSIVE) &&
	    (l->options & SELECT_SUBSCRIBED) &&
	    (m->state & MAILBOX_CHILD_SUBSCRIBED))
		str_add_text(&s->text, " (CHILDINFO (\"SUBSCRIBED\"))");
	str_add_text(&s->text, "\r\n");
	io_put(&s->io, str_span(&s->text));
	if (l->status != 0 && (m->state & MAILBOX_EXISTS))
		status_put(s, m->name, l->status);
}

static void
listing_run(struct session *s, const struct listing *l)
{
	struct mailbox_list all;

	if (mailbox_list(&s->store, false, &all) < 0) {
		answer_errno(s, "list the mailboxes");
		return;
	}
	for (size_t i = 0; i < all.count && !s->io.failed; i++)
		if (name_matches(l, all.at[i].name) &&
		    (is_wanted(l, &all.at[i]) || is_level(l, &all, i)))
			mailbox_put(s, l, &all.at[i]);
	mailbox_list_free(&all);
	answer(s, RESULT_OK, "Listed");
}

static void
listing_serve(struct session *s, unsigned options)
{
	struct listing l = { .options = options };

	if (!take_listing(&s->parser, &l)) {
		answer_syntax(s);
		return;
	}
	if ((l.options & SELECT_RECURSIVE) &&
	    !(l.options & (SELECT_SUBSCRIBED | SELECT_SPECIAL))) {
		answer(s, RESULT_BAD, "RECURSIVEMATCH needs SUBSCRIBED");
		return;
	}
	/* RFC 3501 6.3.8: an empty name asks for the separator. */
	if (!(l.options & (IS_EXTENDED | IS_LSUB)) && l.patterns[0].len == 0) {
		io_put_text(&s->io, "* LIST (\\Noselect) \"/\" \"\"\r\n");
		answer(s, RESULT_OK, "Listed");
		return;
	}
	listing_run(s, &l);
}

void
cmd_list(struct session *s)
{
	listing_serve(s, 0);
}

void
cmd_lsub(struct session *s)
{
	listing_serve(s, IS_LSUB | SELECT_SUBSCRIBED);
}
