#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/record.h"
#include "edit.h"
#include "file.h"
#include "prompt.h"
#include "users/password.h"

enum { FEED_MAX = 1 << 30 };

/* The address as the key it has; ends the program when it is none. */
static void
key_of(const char *address, struct str *key_r)
{
	if (!address_fold(span_text(address), key_r))
		die(USAGE, "%s is not an address; write user@example.org",
		    address);
}

/* Ask for the password and make both forms of it. */
static void
secrets_ask(struct str *password_r, struct str *scram_r)
{
	struct str password = STR_INIT;

	prompt_password(&password);
	str_set(password_r, SPAN("password="));
	str_set(scram_r, SPAN("scram="));
	if (password_hash(str_span(&password), password_r) < 0 ||
	    password_scram(str_span(&password), SCRAM_ITERATIONS, scram_r) < 0)
		die(TEMP, "hash the password");
	str_wipe(&password);
}

/* The domain of an address is a line of its own, unless it is this host. */
static void
domain_add(struct users_file *f, struct span key)
{
	struct span domain = span_from(key, span_find(key, '@') + 1), line;
	struct str text = STR_INIT;

	if (span_equal(domain, str_span(&f->me)) ||
	    edit_find(str_span(&f->text), domain, ENTRY_DOMAIN, &line))
		return;
	str_add(&text, domain);
	str_add_text(&text, " domain");
	edit_append(&f->text, str_span(&text));
	str_free(&text);
}

int
command_add(char **arguments, int count)
{
	struct users_file f;
	struct str key = STR_INIT, line = STR_INIT, password = STR_INIT,
		   scram = STR_INIT;
	struct span found;
	int code;

	key_of(arguments[0], &key);
	secrets_ask(&password, &scram);
	file_open(&f, true);
	if (edit_find(str_span(&f.text), str_span(&key), ENTRY_MAILBOX, &found))
		die(DATA, "%s is here already; see chainmail user passwd",
		    key.at);
	domain_add(&f, str_span(&key));
	str_setf(&line, "%s mailbox", key.at);
	for (int i = 1; i < count; i++) {
		if (strncmp(arguments[i], "password", 8) == 0 ||
		    strncmp(arguments[i], "scram", 5) == 0)
			die(USAGE, "passwords come from stdin alone");
		str_addf(&line, " %s", arguments[i]);
	}
	str_addf(&line, " %s %s", password.at, scram.at);
	edit_append(&f.text, str_span(&line));
	code = file_save(&f);
	str_wipe(&line);
	str_wipe(&password);
	str_wipe(&scram);
	str_free(&key);
	file_close(&f);
	return code;
}

int
command_passwd(char **arguments, int count)
{
	struct users_file f;
	struct str key = STR_INIT, password = STR_INIT, scram = STR_INIT;
	struct span line;
	int code;

	(void)count;
	key_of(arguments[0], &key);
	file_open(&f, false);
	if (!edit_find(str_span(&f.text), str_span(&key), ENTRY_MAILBOX, &line))
		die(NOUSER, "%s has no mailbox; see chainmail user list",
		    key.at);
	file_close(&f);
	secrets_ask(&password, &scram);
	file_open(&f, true);
	if (!edit_find(str_span(&f.text), str_span(&key), ENTRY_MAILBOX, &line))
		die(NOUSER, "%s has no mailbox any more", key.at);
	{
		struct span words[2] = { str_span(&password),
			str_span(&scram) };

		edit_words(&f.text, line, words, 2);
	}
	code = file_save(&f);
	str_wipe(&password);
	str_wipe(&scram);
	str_free(&key);
	file_close(&f);
	return code;
}

int
command_del(char **arguments, int count)
{
	struct users_file f;
	struct str key = STR_INIT;
	int code;

	(void)count;
	file_open(&f, true);
	if (arguments[0][0] == '@')
		str_add_text(&key, arguments[0]);
	else
		key_of(arguments[0], &key);
	if (edit_remove(&f.text, str_span(&key)) == 0)
		die(NOUSER, "%s is not here; see chainmail user list", key.at);
	code = file_save(&f);
	if (code == DONE)
		fprintf(stderr,
		    "%s is out; its mail, if any, is still on disk\n", key.at);
	str_free(&key);
	file_close(&f);
	return code;
}

static void
entry_print(const struct entry *e)
{
	struct str value = STR_INIT;
	struct span rest = str_span(&e->targets), key;
	const char *between = " -> ";

	fputs(e->key.at, stdout);
	if (e->kind == ENTRY_DOMAIN)
		fputs(" domain", stdout);
	if (e->kind == ENTRY_MAILBOX)
		printf(" mailbox%s%s%s", e->fields.len > 0 ? " " : "",
		    e->fields.at,
		    e->secrets.len > 0 ? "" : " (without a password)");
	while (record_next(&rest, &key, &value)) {
		printf("%s%s%s", between,
		    span_equal(key, SPAN("to"))         ? ""
			: span_equal(key, SPAN("pipe")) ? "| "
							: ":include:",
		    value.at);
		between = ", ";
	}
	putchar('\n');
	str_free(&value);
}

int
command_list(char **arguments, int count)
{
	struct users_file f;
	struct entry e;
	struct str wrong = STR_INIT;
	struct span rest, line;

	(void)arguments, (void)count;
	file_open(&f, false);
	entry_init(&e);
	rest = str_span(&f.text);
	while (span_line(&rest, &line)) {
		line = text_content(line);
		if (line.len > 0 && entry_parse(line, &e, &wrong))
			entry_print(&e);
	}
	entry_free(&e);
	str_free(&wrong);
	file_close(&f);
	return fflush(stdout) == 0 ? DONE : TEMP;
}

int
command_check(char **arguments, int count)
{
	struct users_file f;
	bool good;

	(void)arguments, (void)count;
	file_open(&f, false);
	good = file_check(&f, str_span(&f.text), "users");
	file_close(&f);
	return good ? DONE : DATA;
}

int
command_compile(char **arguments, int count)
{
	struct users_file f;
	struct str feed = STR_INIT;
	int code;

	if (count > 0 && strcmp(arguments[0], "-") != 0)
		die(USAGE, "compile takes - for stdin, or nothing");
	file_open(&f, true);
	if (count > 0 && read_all(STDIN_FILENO, FEED_MAX, &feed) < 0)
		die(TEMP, "read the text from stdin");
	code = count > 0 ? file_compile(&f, str_span(&feed), NULL)
			 : file_compile(&f, str_span(&f.text), "users");
	str_wipe(&feed);
	file_close(&f);
	return code;
}
