/* Where an address's mail goes: aliases and forwards. */
#include <string.h>

#include "address.h"
#include "base/die.h"
#include "commands.h"
#include "edit.h"

/* The line for an entry of targets, optionally with the address itself first;
 * ends the program when the words don't fit one line. */
static void
line_make(
    struct span key, bool itself, char **targets, int count, struct str *line_r)
{
	str_set(line_r, key);
	str_add_text(line_r, " -> ");
	if (itself) {
		str_add(line_r, key);
		str_add_text(line_r, ", ");
	}
	for (int i = 0; i < count; i++) {
		struct span target = span_trim(span_text(targets[i]));

		if (target.len == 0)
			die(USAGE, "a target is empty");
		if (target.at[0] == '|' && i + 1 < count)
			die(USAGE, "a command is the last target");
		str_add_text(line_r, i > 0 ? ", " : "");
		str_add(line_r, target);
	}
	if (!span_is_clean(str_span(line_r)))
		die(USAGE, "a target is one line of text");
	if (text_content(str_span(line_r)).len != line_r->len)
		die(USAGE, "a # behind a blank would begin a comment");
}

/* Replace the line of the address's targets, or append it. */
static void
line_put(struct users_file *f, struct span key, struct span line)
{
	struct span text = str_span(&f->text), old;

	if (edit_find(text, key, ENTRY_TARGETS, &old) ||
	    edit_find(text, key, ENTRY_ALIAS, &old))
		edit_replace(&f->text, old, line);
	else
		edit_append(&f->text, line);
}

int
command_alias(char **arguments, int count)
{
	struct users_file f;
	struct str key = STR_INIT, line = STR_INIT;
	struct span found;
	int code;

	address_take_key(arguments[0], &key);
	file_open(&f, true);
	address_settle(&f, &key);
	line_make(str_span(&key), false, arguments + 1, count - 1, &line);
	if (edit_find(str_span(&f.text), str_span(&key), ENTRY_MAILBOX, &found))
		die(DATA,
		    "%s has a mailbox; chainmail user forward sends its mail "
		    "on",
		    key.at);
	if (key.at[0] != '@' || arguments[1][0] != '@')
		address_add_domain(&f, str_span(&key));
	line_put(&f, str_span(&key), str_span(&line));
	code = file_save(&f);
	str_free(&key);
	str_free(&line);
	file_close(&f);
	return code;
}

int
command_forward(char **arguments, int count)
{
	struct users_file f;
	struct str key = STR_INIT, line = STR_INIT;
	bool only = strcmp(arguments[0], "-o") == 0;
	struct span found;
	int code;

	if (only && (arguments++, --count) < 2)
		die(USAGE, "-o takes an address and its targets");
	address_take_user(arguments[0], &key);
	file_open(&f, true);
	address_settle(&f, &key);
	if (count > 1)
		line_make(
		    str_span(&key), !only, arguments + 1, count - 1, &line);
	if (!edit_find(
		str_span(&f.text), str_span(&key), ENTRY_MAILBOX, &found))
		die(NOUSER, "%s has no mailbox; see chainmail user alias",
		    key.at);
	if (count == 1 &&
	    !edit_find(
		str_span(&f.text), str_span(&key), ENTRY_TARGETS, &found))
		die(NOUSER, "%s is not forwarded", key.at);
	if (count == 1)
		edit_replace(&f.text, found, SPAN(""));
	else
		line_put(&f, str_span(&key), str_span(&line));
	code = file_save(&f);
	str_free(&key);
	str_free(&line);
	file_close(&f);
	return code;
}
