/* The arguments of NOTIFY SET (RFC 5465 8). */
#include "argument.h"
#include "notify/notify.h"

enum { GROUPS_MAX = 50, NAMES_MAX = 500 };

static const struct {
	const char *name;
	enum filter filter;
} filters[] = {
	{ "SELECTED", FILTER_SELECTED },
	{ "SELECTED-DELAYED", FILTER_SELECTED_DELAYED },
	{ "INBOXES", FILTER_PERSONAL },
	{ "PERSONAL", FILTER_PERSONAL },
	{ "SUBSCRIBED", FILTER_SUBSCRIBED },
	{ "SUBTREE", FILTER_SUBTREE },
	{ "MAILBOXES", FILTER_MAILBOXES },
};

static const struct {
	const char *name;
	unsigned event;
} events[] = {
	{ "MessageNew", EVENT_NEW },
	{ "MessageExpunge", EVENT_EXPUNGE },
	{ "FlagChange", EVENT_FLAGS },
	{ "MailboxName", EVENT_NAME },
	{ "SubscriptionChange", EVENT_SUBSCRIPTION },
	{ "MailboxMetadataChange", EVENT_METADATA },
	{ "ServerMetadataChange", EVENT_SERVER_METADATA },
};

static bool
take_filter(struct parser *p, enum filter *filter_r)
{
	for (size_t i = 0; i < COUNT(filters); i++)
		if (parse_is(p, filters[i].name)) {
			*filter_r = filters[i].filter;
			return true;
		}
	return false;
}

/* Decode the names as the client sent them: in UTF-8 if the session uses it. */
static bool
take_names(struct parser *p, struct group *g, struct rules *r)
{
	bool list;

	if (!parse_space(p))
		return false;
	list = parse_byte(p, '(');
	g->names = arena_new(p->arena, NAMES_MAX * sizeof *g->names);
	do {
		if (r->name_count++ == NAMES_MAX ||
		    !parse_astring(p, &g->names[g->name_count]))
			return false;
		g->name_count++;
	} while (list && parse_space(p));
	return !list || parse_byte(p, ')');
}

/* One event. RULES_EVENT: it is well formed, but unsupported. */
static enum rules_fault
take_event(struct parser *p, struct group *g, struct rules *r)
{
	struct span name;

	if (!parse_atom(p, &name))
		return RULES_SYNTAX;
	for (size_t i = 0; i < COUNT(events); i++) {
		if (!span_equal_case(name, span_text(events[i].name)))
			continue;
		g->events |= events[i].event;
		if (events[i].event != EVENT_NEW ||
		    !span_starts(p->rest, SPAN(" (")))
			return RULES_GOOD;
		/* Only the selected mailbox may have a FETCH. */
		if (g->filter > FILTER_SELECTED_DELAYED || !parse_space(p) ||
		    !fetch_take(p, &r->fetch))
			return RULES_SYNTAX;
		r->has_fetch = true;
		return RULES_GOOD;
	}
	return RULES_EVENT;
}

static enum rules_fault
take_events(struct parser *p, struct group *g, struct rules *r)
{
	enum rules_fault worst = RULES_GOOD;

	if (parse_is(p, "NONE"))
		return RULES_GOOD;
	if (!parse_byte(p, '('))
		return RULES_SYNTAX;
	do {
		enum rules_fault fault = take_event(p, g, r);

		if (fault == RULES_SYNTAX)
			return fault;
		if (fault == RULES_EVENT)
			worst = fault;
	} while (parse_space(p));
	return parse_byte(p, ')') ? worst : RULES_SYNTAX;
}

/* RFC 5465 5: MessageNew and MessageExpunge require each other, FlagChange needs
 * both; 6.1: no other events for the selected mailbox. */
static bool
makes_sense(const struct group *g)
{
	unsigned both = EVENT_NEW | EVENT_EXPUNGE;

	if ((g->events & EVENTS_OF_MESSAGES) && (g->events & both) != both)
		return false;
	return g->filter > FILTER_SELECTED_DELAYED ||
	    !(g->events & ~(unsigned)EVENTS_OF_MESSAGES);
}

static enum rules_fault
take_group(struct parser *p, struct rules *r, bool *selected)
{
	struct group *g = arena_new(p->arena, sizeof *g);
	enum rules_fault fault;

	if (!parse_byte(p, '(') || !take_filter(p, &g->filter))
		return RULES_SYNTAX;
	if (g->filter >= FILTER_SUBTREE && !take_names(p, g, r))
		return RULES_SYNTAX;
	if (!parse_space(p))
		return RULES_SYNTAX;
	fault = take_events(p, g, r);
	if (fault == RULES_SYNTAX || !parse_byte(p, ')'))
		return RULES_SYNTAX;
	if (fault == RULES_GOOD && !makes_sense(g))
		return RULES_SYNTAX;
	if (g->filter <= FILTER_SELECTED_DELAYED) {
		if (*selected)
			return RULES_SYNTAX;
		*selected = true;
		r->selected = g->events;
		r->delayed = g->filter == FILTER_SELECTED_DELAYED;
	} else {
		g->next = r->groups;
		r->groups = g;
	}
	return fault;
}

enum rules_fault
rules_take(struct parser *p, struct rules *r_r)
{
	enum rules_fault worst = RULES_GOOD;
	bool selected = false;
	size_t n = 0;

	*r_r = (struct rules){ .groups = NULL };
	if (!parse_space(p))
		return RULES_SYNTAX;
	if (parse_is(p, "STATUS")) {
		r_r->status = true;
		if (!parse_space(p))
			return RULES_SYNTAX;
	}
	do {
		enum rules_fault fault = n++ < GROUPS_MAX
		    ? take_group(p, r_r, &selected)
		    : RULES_SYNTAX;

		if (fault == RULES_SYNTAX)
			return fault;
		if (fault == RULES_EVENT)
			worst = fault;
	} while (parse_space(p));
	return parse_end(p) ? worst : RULES_SYNTAX;
}

void
rules_events_add(struct str *out)
{
	for (size_t i = 0; i < COUNT(events); i++)
		str_addf(out, "%s%s", i == 0 ? "" : " ", events[i].name);
}

void
rules_decode(const struct session *s, struct arena *a, struct rules *r)
{
	for (struct group *g = r->groups; g != NULL; g = g->next) {
		size_t kept = 0;

		/* RFC 5465 3.1: impossible names are ignored. */
		for (size_t i = 0; i < g->name_count; i++)
			if (mailbox_name_decode(
				s, a, g->names[i], &g->names[kept]))
				kept++;
		g->name_count = kept;
	}
}

unsigned
rules_all(const struct rules *r)
{
	unsigned all = 0;

	for (const struct group *g = r->groups; g != NULL; g = g->next)
		all |= g->events;
	return all;
}

static bool
is_named(const struct group *g, struct span name)
{
	for (size_t i = 0; i < g->name_count; i++) {
		struct span below = span_from(name, g->names[i].len);

		if (span_starts(name, g->names[i]) &&
		    (below.len == 0 ||
			(g->filter == FILTER_SUBTREE &&
			    below.at[0] == MAILBOX_SEPARATOR)))
			return true;
	}
	return false;
}

/* RFC 5465 6: groups add up. */
unsigned
rules_events(const struct rules *r, struct span name, unsigned state)
{
	unsigned all = 0;

	for (const struct group *g = r->groups; g != NULL; g = g->next)
		if ((g->filter == FILTER_PERSONAL &&
			!(state & MAILBOX_SHARED)) ||
		    (g->filter == FILTER_SUBSCRIBED &&
			((state & MAILBOX_SUBSCRIBED) ||
			    span_equal(name, SPAN("INBOX")))) ||
		    (g->filter >= FILTER_SUBTREE && is_named(g, name)))
			all |= g->events;
	/* What has no messages has no events of theirs. */
	return state & MAILBOX_EXISTS ? all
				      : all & ~(unsigned)EVENTS_OF_MESSAGES;
}
