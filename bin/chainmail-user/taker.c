#include "taker.h"

#include <stdio.h>

#include "base/record.h"
#include "edit.h"
#include "users/role.h"

/* The targets of postmaster@me, or itself; false: it has no entry. */
static bool
named(const struct users_file *f, struct span key, bool *is_r)
{
	struct str name = STR_INIT, value = STR_INIT, wrong = STR_INIT;
	struct span text = str_span(&f->text), line, word, rest;
	struct entry e;
	bool found;

	entry_init(&e);
	str_set(&name, SPAN("postmaster@"));
	str_add(&name, str_span(&f->me));
	*is_r = span_equal(str_span(&name), key);
	found = edit_find(text, str_span(&name), ENTRY_TARGETS, &line) &&
	    entry_parse(text_content(line), &e, &wrong);
	for (rest = str_span(&e.targets);
	     found && record_next(&rest, &word, &value);)
		*is_r |= span_equal(word, SPAN("to")) &&
		    span_equal(str_span(&value), key);
	found |= edit_find(text, str_span(&name), ENTRY_MAILBOX, &line);
	entry_free(&e);
	str_free(&name);
	str_free(&value);
	str_free(&wrong);
	return found;
}

static bool
first_mailbox(const struct users_file *f, struct str *key_r)
{
	struct span rest = str_span(&f->text), line;
	struct str wrong = STR_INIT;
	struct entry e;
	bool found = false;

	entry_init(&e);
	while (!found && span_line(&rest, &line)) {
		line = text_content(line);
		found = line.len > 0 && entry_parse(line, &e, &wrong) &&
		    e.kind == ENTRY_MAILBOX;
	}
	if (found)
		str_set(key_r, str_span(&e.key));
	entry_free(&e);
	str_free(&wrong);
	return found;
}

enum taker
taker_is(const struct users_file *f, struct span key)
{
	struct str first = STR_INIT;
	enum taker t = TAKER_NO;
	bool is;

	if (named(f, key, &is))
		t = is ? TAKER_NAMED : TAKER_NO;
	else if (first_mailbox(f, &first) && span_equal(str_span(&first), key))
		t = TAKER_FIRST;
	str_free(&first);
	return t;
}

void
taker_tell(const struct users_file *f)
{
	struct str first = STR_INIT;
	bool is;

	if (named(f, SPAN(""), &is))
		fprintf(stderr,
		    "mail for " ROLES_TEXT " goes where postmaster@%s does; ",
		    f->me.at);
	else if (first_mailbox(f, &first))
		fprintf(stderr,
		    "mail for " ROLES_TEXT " goes to %s, the first mailbox; ",
		    first.at);
	else
		fprintf(stderr,
		    "there is no mailbox for the mail of " ROLES_TEXT "; ");
	fprintf(stderr,
	    "to name another: chainmail user alias postmaster@%s ADDRESS\n",
	    f->me.at);
	str_free(&first);
}
