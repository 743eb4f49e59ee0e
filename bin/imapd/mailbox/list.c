/* LIST and LSUB (RFC 3501 6.3.8 and 6.3.9, RFC 5258, RFC 5819, RFC 6154,
 * RFC 9590, RFC 8440). */
#include "mailbox/list.h"

#include "answer.h"
#include "argument.h"
#include "command.h"
#include "mail/mutf7.h"
#include "mail/nstring.h"
#include "mailbox/acl.h"
#include "mailbox/metadata.h"
#include "mailbox/status.h"
#include "store/mailbox.h"
#include "store/special_use.h"

enum { PATTERNS_MAX = 100 };

enum {
	SELECT_SUBSCRIBED = 1,
	SELECT_RECURSIVE = 2,
	SELECT_SPECIAL = 4,
	SELECT_REMOTE = 8, /* there are none */
	RETURN_SUBSCRIBED = 16,
	RETURN_CHILDREN = 32, /* always sent */
	RETURN_SPECIAL = 64,  /* likewise */
	RETURN_STATUS = 128,
	RETURN_METADATA = 256, /* RFC 9590 */
	RETURN_MYRIGHTS = 512, /* RFC 8440 */
	IS_LSUB = 1024,
	IS_EXTENDED = 2048,
};

struct listing {
	struct session *s;
	bool utf8; /* patterns are not in modified UTF-7 */
	unsigned options;
	unsigned status; /* items */
	struct metadata_ask metadata;
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
	{ "METADATA", RETURN_METADATA },
	{ "MYRIGHTS", RETURN_MYRIGHTS },
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
			    (l->status = status_take(l->s)) != 0;
		if (known[i].option == RETURN_METADATA)
			return l->metadata.count == 0 && parse_space(p) &&
			    metadata_names_take(p, &l->metadata);
		return true;
	}
	return false;
}

/* "(" [option *(" " option)] ")", after the "(". */
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

/* RFC 3501 5.1: INBOX in any case; CREATE accepts it in any case as the top
 * level of a name too. */
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

/* The name matches the reference followed by pattern i. */
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

	if (l->utf8 || !mutf7_encode(&coded, name, ""))
		str_set(&coded, name);
	for (size_t i = 0; i < l->pattern_count && !found; i++)
		found = pattern_matches(l, str_span(&coded), i);
	str_free(&coded);
	return found;
}

/* INBOX always is: some clients look for it in LSUB and fail without it. */
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

/* Whether the selection options select it, disregarding levels above others. */
static bool
is_wanted(const struct listing *l, const struct mailbox *m)
{
	if ((l->options & SELECT_SPECIAL) &&
	    (!(m->uses & USES_ALL) || !(m->state & MAILBOX_EXISTS)))
		return false;
	return l->options & SELECT_SUBSCRIBED ? is_subscribed(m)
					      : m->state & MAILBOX_EXISTS;
}

/* A selected mailbox below all->at[i] is not shown by any pattern. */
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

/* A level above a selected mailbox. RFC 5258 3 and 3.5: it is shown, as
 * \NonExistent or with CHILDINFO, only for a mailbox that is not itself
 * shown. */
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
	bool exists = m->state & MAILBOX_EXISTS;
	bool subscribed = is_subscribed(m);
	const char *use;
	unsigned bit;
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
	/* Sent unasked too: old iPhones look for it in a plain LIST. */
	for (size_t i = 0; (use = special_use_word(i, &bit)) != NULL; i++)
		if (exists && (m->uses & bit))
			attribute(out, &n, use);
}

/* What else was asked for about a mailbox (RFC 5819 2, RFC 9590 3, RFC 8440 3: not about a
 * level above it, nor where it can't be read). */
static void
more_put(struct session *s, const struct listing *l, const struct mailbox *m)
{
	size_t longest;

	if (!is_wanted(l, m) || !(m->state & MAILBOX_EXISTS))
		return;
	if (l->status != 0)
		status_put(s, m->name, l->status);
	if (l->options & RETURN_MYRIGHTS)
		myrights_put(s, m->name);
	if (l->metadata.count > 0)
		metadata_put(s, m->name, &l->metadata, &m->uses, &longest);
}

static void
mailbox_put(struct session *s, const struct listing *l, const struct mailbox *m)
{
	str_set(&s->text,
	    l->options & IS_LSUB ? SPAN("* LSUB (") : SPAN("* LIST ("));
	attributes_add(&s->text, l, m);
	str_add_text(&s->text, ") \"/\" ");
	mailbox_name_add(s, &s->text, m->name);
	/* RFC 5258 3.5 */
	if ((l->options & SELECT_RECURSIVE) &&
	    (l->options & SELECT_SUBSCRIBED) &&
	    (m->state & MAILBOX_CHILD_SUBSCRIBED))
		str_add_text(&s->text, " (CHILDINFO (\"SUBSCRIBED\"))");
	str_add_text(&s->text, "\r\n");
	io_put(&s->io, str_span(&s->text));
	more_put(s, l, m);
}

/* RFC 5465 5.4, RFC 9051 6.3.9.7. */
static void
one_put(struct session *s, const struct mailbox *m, unsigned options,
    struct span old)
{
	const struct listing l = { .options = options };

	str_set(&s->text, SPAN("* LIST ("));
	attributes_add(&s->text, &l, m);
	str_add_text(&s->text, ") \"/\" ");
	mailbox_name_add(s, &s->text, m->name);
	if (old.len > 0) {
		str_add_text(&s->text, " (\"OLDNAME\" (");
		mailbox_name_add(s, &s->text, old);
		str_add_text(&s->text, "))");
	}
	str_add_text(&s->text, "\r\n");
	io_put(&s->io, str_span(&s->text));
}

void
list_tell(struct session *s, const struct mailbox *m, struct span old)
{
	one_put(s, m, IS_EXTENDED | RETURN_SUBSCRIBED, old);
}

void
list_selected(struct session *s, struct span mailbox, struct span old)
{
	struct mailbox m = { .name = mailbox, .state = MAILBOX_EXISTS };
	struct mailbox_list all;

	if (mailbox_list(&s->store, false, &all) == 0) {
		for (size_t i = 0; i < all.count; i++)
			if (span_equal(all.at[i].name, mailbox))
				m = all.at[i];
		one_put(s, &m, 0, old);
		mailbox_list_free(&all);
	} else {
		one_put(s, &m, 0, old);
	}
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

/* What belongs to a capability that is left out is no syntax of this server. */
static bool
is_offered(const struct listing *l)
{
	static const struct {
		unsigned options;
		const char *capability;
	} needs[] = {
		{ IS_EXTENDED, "LIST-EXTENDED" },
		{ SELECT_SPECIAL | RETURN_SPECIAL, "SPECIAL-USE" },
		{ RETURN_STATUS, "LIST-STATUS" },
		{ RETURN_METADATA, "LIST-METADATA" },
		{ RETURN_MYRIGHTS, "LIST-MYRIGHTS" },
		{ RETURN_MYRIGHTS, "ACL" },
	};

	for (size_t i = 0; i < COUNT(needs); i++)
		if ((l->options & needs[i].options) &&
		    !session_offers(l->s, needs[i].capability))
			return false;
	return true;
}

static void
listing_serve(struct session *s, unsigned options)
{
	struct listing l = {
		.s = s, .utf8 = session_is_utf8(s), .options = options
	};

	if (!take_listing(&s->parser, &l) || !is_offered(&l)) {
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
	status_enable(s, l.status);
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
