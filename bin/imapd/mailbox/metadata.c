/* GETMETADATA and SETMETADATA (RFC 5464). */
#include "mailbox/metadata.h"

#include <errno.h>
#include <string.h>

#include "answer.h"
#include "argument.h"
#include "command.h"
#include "mail/nstring.h"
#include "notify/notify.h"
#include "store/append.h"
#include "store/metadata.h"
#include "store/special_use.h"

#define ADMIN SPAN("/shared/admin")

enum { NAMES_MAX = METADATA_COUNT_MAX };

bool
metadata_names_take(struct parser *p, struct metadata_ask *a)
{
	bool list = parse_byte(p, '(');

	if (a->names == NULL)
		a->names = arena_new(p->arena, NAMES_MAX * sizeof *a->names);
	do {
		if (a->count == NAMES_MAX ||
		    !parse_astring(p, &a->names[a->count]) ||
		    !metadata_name_is_valid(a->names[a->count], true))
			return false;
		a->count++;
	} while (list && parse_space(p));
	return !list || parse_byte(p, ')');
}

static bool
take_depth(struct parser *p, struct metadata_ask *a)
{
	static const char *const words[] = { "0", "1", "INFINITY" };

	for (a->depth = DEPTH_NONE; a->depth <= DEPTH_INFINITY; a->depth++)
		if (parse_is(p, words[a->depth]))
			return true;
	return false;
}

/* "(" options ")". In the grammar they precede the mailbox, in every example
 * they follow it. */
static bool
take_options(struct parser *p, struct metadata_ask *a)
{
	if (!parse_byte(p, '('))
		return false;
	do {
		if (parse_is(p, "MAXSIZE")) {
			if (!parse_space(p) || !parse_number(p, &a->max_size))
				return false;
			a->has_max = true;
		} else if (!parse_is(p, "DEPTH") || !parse_space(p) ||
		    !take_depth(p, a)) {
			return false;
		}
	} while (parse_space(p));
	return parse_byte(p, ')');
}

static bool
options_follow(const struct parser *p)
{
	return span_starts_case(p->rest, SPAN("(MAXSIZE ")) ||
	    span_starts_case(p->rest, SPAN("(DEPTH "));
}

/* " " and a mailbox, or "" for the account. False: the command is answered. */
static bool
take_place(struct session *s, struct span *mailbox_r)
{
	if (!parse_space(&s->parser)) {
		answer_syntax(s);
		return false;
	}
	*mailbox_r = SPAN("");
	return span_take_text(&s->parser.rest, SPAN("\"\"")) ||
	    argument_mailbox(s, mailbox_r);
}

/* RFC 5464 4.2.2: the name itself, or one below it within the depth. */
static bool
is_asked(const struct metadata_ask *a, struct span asked, struct span name)
{
	struct span below = span_from(name, asked.len);

	if (!span_starts_case(name, asked))
		return false;
	if (below.len == 0 || a->depth == DEPTH_NONE)
		return below.len == 0;
	return span_take(&below, '/') &&
	    (a->depth == DEPTH_INFINITY || span_find(below, '/') == below.len);
}

static bool
wants(const struct metadata_ask *a, struct span name)
{
	for (size_t i = 0; i < a->count; i++)
		if (is_asked(a, a->names[i], name))
			return true;
	return false;
}

void
metadata_name_add(struct str *out, struct span name)
{
	bool plain = true;

	for (size_t i = 0; i < name.len; i++)
		plain = plain &&
		    (byte_is_alpha(name.at[i]) || byte_is_digit(name.at[i]) ||
			strchr("/-_.:+$", name.at[i]) != NULL);
	if (plain)
		str_add(out, name);
	else
		string_add(out, name);
}

static void
value_add(struct str *out, struct span value)
{
	if (value.len == 0 || memchr(value.at, '\0', value.len) == NULL) {
		nstring_add(out, value);
		return;
	}
	str_addf(out, "~{%zu}\r\n", value.len); /* RFC 5464 5: literal8 */
	str_add(out, value);
}

/* RFC 5464 3.2.1.1: how the administrator can be reached. */
static struct span
admin(struct session *s)
{
	struct span domain = span_text(s->user);
	struct str uri = STR_INIT;
	struct span value = { NULL, 0 };

	domain = span_from(domain, span_find(domain, '@') + 1);
	if (domain.len > 0 && span_is_ascii(domain)) {
		str_set(&uri, SPAN("mailto:postmaster@"));
		str_add(&uri, domain);
		value = arena_copy(&s->arena, str_span(&uri));
		str_free(&uri);
	}
	return value;
}

/* RFC 6154 4: the uses of the mailbox, set explicitly or by its name. */
static int
use_value(struct session *s, struct span mailbox, const unsigned *known,
    struct span *value_r)
{
	struct str value = STR_INIT;
	unsigned uses = 0;

	*value_r = (struct span){ NULL, 0 };
	if (known != NULL)
		uses = *known & USES_ALL;
	else if (special_uses(&s->store, mailbox, &uses) < 0)
		return -1;
	special_uses_add(&value, uses);
	if (uses != 0)
		*value_r = arena_copy(&s->arena, str_span(&value));
	str_free(&value);
	return 0;
}

/* The one annotation that the server computes. */
static int
computed(struct session *s, struct span mailbox, const struct metadata_ask *a,
    const unsigned *uses, struct annotation *c_r)
{
	*c_r = (struct annotation){
		.name = mailbox.len == 0 ? ADMIN : SPECIAL_USE_ENTRY
	};
	if (!wants(a, c_r->name))
		return 0;
	if (mailbox.len > 0)
		return use_value(s, mailbox, uses, &c_r->value);
	c_r->value = admin(s);
	return 0;
}

/* One response in the making. */
struct answering {
	const struct metadata_ask *ask;
	struct str *out;
	size_t pairs;
	size_t longest;
};

static void
pair_add(struct answering *r, struct span name, struct span value)
{
	if (r->ask->has_max && value.len > r->ask->max_size) {
		if (value.len > r->longest)
			r->longest = value.len;
		return;
	}
	str_add_text(r->out, r->pairs++ == 0 ? "" : " ");
	metadata_name_add(r->out, name);
	str_add_byte(r->out, ' ');
	value_add(r->out, value);
}

/* All annotations for one requested name; a missing one is NIL. */
static void
asked_add(struct answering *r, struct span asked, const struct metadata *m,
    const struct annotation *own)
{
	bool found = false;

	for (size_t i = 0; i < m->count; i++)
		if (is_asked(r->ask, asked, m->at[i].name) &&
		    !span_equal_case(m->at[i].name, own->name)) {
			pair_add(r, m->at[i].name, m->at[i].value);
			found = true;
		}
	if (own->value.at != NULL && is_asked(r->ask, asked, own->name)) {
		pair_add(r, own->name, own->value);
		found = true;
	}
	if (!found && r->ask->depth == DEPTH_NONE)
		pair_add(r, asked, (struct span){ NULL, 0 });
}

int
metadata_put(struct session *s, struct span mailbox,
    const struct metadata_ask *a, const unsigned *uses, size_t *longest_r)
{
	struct answering r = { .ask = a, .out = &s->text };
	struct annotation own;
	struct metadata m;

	*longest_r = 0;
	if (metadata_read(&s->store, mailbox, &m) < 0)
		return -1;
	if (computed(s, mailbox, a, uses, &own) < 0) {
		metadata_free(&m);
		return -1;
	}
	str_set(&s->text, SPAN("* METADATA "));
	if (mailbox.len == 0)
		str_add_text(&s->text, "\"\"");
	else
		mailbox_name_add(s, &s->text, mailbox);
	str_add_text(&s->text, " (");
	for (size_t i = 0; i < a->count; i++)
		asked_add(&r, a->names[i], &m, &own);
	str_add_text(&s->text, ")\r\n");
	if (r.pairs > 0)
		io_put(&s->io, str_span(&s->text));
	*longest_r = r.longest;
	metadata_free(&m);
	return 0;
}

/* The names; RFC 5464 4.4.1 has an example without parentheses. */
static bool
take_names(struct parser *p, struct metadata_ask *a)
{
	do {
		if (!metadata_names_take(p, a))
			return false;
	} while (parse_space(p) && p->rest.len > 0);
	return true;
}

/* RFC 5464 4.2. */
void
cmd_getmetadata(struct session *s)
{
	struct metadata_ask a = { .depth = DEPTH_NONE };
	struct parser *p = &s->parser;
	struct span mailbox;
	size_t longest;

	if (span_starts(p->rest, SPAN(" (")) &&
	    (!parse_space(p) || !take_options(p, &a))) {
		answer_syntax(s);
		return;
	}
	if (!take_place(s, &mailbox))
		return;
	if (!parse_space(p) ||
	    (options_follow(p) && (!take_options(p, &a) || !parse_space(p))) ||
	    !take_names(p, &a)) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s))
		return;
	if (metadata_put(s, mailbox, &a, NULL, &longest) < 0)
		answer_errno(s, "read the annotations");
	else if (longest > 0)
		answer(
		    s, RESULT_OK, "[METADATA LONGENTRIES %zu] Done", longest);
	else
		answer(s, RESULT_OK, "Done");
}

/* A SETMETADATA. */
struct setting {
	struct span mailbox;
	struct annotation *at;
	size_t count;
	unsigned uses; /* new ones of the mailbox */
};

static bool
take_value(struct parser *p, struct span *value_r)
{
	return parse_byte(p, '~') ? parse_string(p, value_r)
				  : parse_nstring(p, value_r);
}

static bool
take_settings(struct parser *p, struct setting *set)
{
	set->at = arena_new(p->arena, NAMES_MAX * sizeof *set->at);
	if (!parse_space(p) || !parse_byte(p, '('))
		return false;
	do {
		struct annotation *a = &set->at[set->count];

		if (set->count == NAMES_MAX || !parse_astring(p, &a->name) ||
		    !metadata_name_is_valid(a->name, false) ||
		    !parse_space(p) || !take_value(p, &a->value))
			return false;
		set->count++;
	} while (parse_space(p));
	return parse_byte(p, ')');
}

/* RFC 6154 4: checked as with CREATE. An empty value is stored if the name
 * implies a use. */
static bool
use_prepare(struct session *s, struct setting *set, struct annotation *a)
{
	struct str value = STR_INIT;
	unsigned uses;

	if (!special_uses_parse(a->value, &uses) ||
	    (uses != 0 && span_equal(set->mailbox, SPAN("INBOX")))) {
		answer(s, RESULT_NO,
		    "[USEATTR] Special uses are \\Archive, \\Drafts, \\Junk, "
		    "\\Sent and \\Trash, and not for INBOX");
		return false;
	}
	set->uses = uses;
	special_uses_add(&value, uses);
	if (uses != 0 || special_use_of_name(set->mailbox) != 0)
		a->value = arena_copy(&s->arena, str_span(&value));
	else
		a->value = (struct span){ NULL, 0 };
	str_free(&value);
	return true;
}

/* False: the command is answered. */
static bool
prepare(struct session *s, struct setting *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct annotation *a = &set->at[i];

		if (a->value.len > METADATA_VALUE_MAX) {
			answer(s, RESULT_NO,
			    "[METADATA MAXSIZE %d] An annotation has at most "
			    "%d bytes",
			    METADATA_VALUE_MAX, METADATA_VALUE_MAX);
			return false;
		}
		if (set->mailbox.len == 0 && span_equal_case(a->name, ADMIN)) {
			answer(s, RESULT_NO,
			    "[NOPERM] This annotation is read-only");
			return false;
		}
		if (set->mailbox.len > 0 &&
		    span_equal_case(a->name, SPECIAL_USE_ENTRY) &&
		    !use_prepare(s, set, a))
			return false;
	}
	return true;
}

/* RFC 5464 4.3. */
void
cmd_setmetadata(struct session *s)
{
	struct setting set = { .count = 0 };

	if (!take_place(s, &set.mailbox))
		return;
	if (!take_settings(&s->parser, &set)) {
		answer_syntax(s);
		return;
	}
	if (!argument_end(s) || !prepare(s, &set))
		return;
	if (metadata_change(&s->store, set.mailbox, set.at, set.count) == 0) {
		notify_own_metadata(s, set.mailbox, set.at, set.count);
		special_uses_take(&s->store, set.mailbox, set.uses);
		/* RFC 7162 3.2 */
		if (set.mailbox.len > 0)
			mailbox_tick(&s->store, set.mailbox);
		answer(s, RESULT_OK, "SETMETADATA completed");
	} else if (errno == E2BIG) {
		answer(s, RESULT_NO,
		    "[METADATA TOOMANY] A mailbox has at most %d annotations "
		    "of %d bytes together",
		    METADATA_COUNT_MAX, METADATA_TOTAL_MAX);
	} else {
		answer_errno(s, "store the annotations");
	}
}
