#include "command.h"

bool
command_split(struct span line, struct span *verb_r, struct span *rest_r)
{
	*verb_r = span_head(line, span_find(line, ' '));
	*rest_r = span_trim(span_from(line, verb_r->len));
	return verb_r->len > 0;
}

static const struct command *
find(const struct session *s, struct span verb)
{
	for (const struct command *c = s->commands; c->name != NULL; c++)
		if (span_equal_case(verb, span_text(c->name)))
			return c;
	return NULL;
}

/* Take the number of a message that is not marked deleted; else reply. */
static bool
take_message(struct session *s, struct span *rest, uint32_t *at_r)
{
	uint64_t n;

	if (!span_number(rest, UINT32_MAX, &n) ||
	    (rest->len > 0 && !span_take(rest, ' '))) {
		reply_error(s, "expected a message number");
		return false;
	}
	if (n == 0 || n > s->folder.count) {
		reply_error(
		    s, "no such message, there are %u", s->folder.count);
		return false;
	}
	if (s->marks[n - 1] & MARK_DELETED) {
		reply_error(s, "message %u is deleted", (unsigned)n);
		return false;
	}
	*at_r = (uint32_t)n - 1;
	return true;
}

static bool
take_arguments(struct session *s, const struct command *c, struct span rest,
    struct arguments *a)
{
	a->text = rest;
	if (c->numbers == NO_NUMBERS ||
	    (c->numbers == MAYBE_MESSAGE && rest.len == 0))
		return true;
	if (!take_message(s, &rest, &a->at))
		return false;
	a->given = true;
	rest = span_trim(rest);
	if (c->numbers == MESSAGE_AND_COUNT) {
		if (span_is_number(rest, UINT64_MAX, &a->count))
			return true;
		reply_error(s, "expected a number of lines");
		return false;
	}
	if (rest.len == 0)
		return true;
	reply_error(s, "too many arguments");
	return false;
}

void
command_run(struct session *s, struct span line)
{
	struct arguments a = { 0 };
	const struct command *c = NULL;
	struct span verb, rest;

	if (command_split(line, &verb, &rest))
		c = find(s, verb);
	if (c == NULL)
		reply_error(s, "unknown command");
	else if (take_arguments(s, c, rest, &a))
		c->run(s, &a);
}
