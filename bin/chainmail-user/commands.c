#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "base/die.h"
#include "base/io.h"
#include "base/record.h"
#include "edit.h"
#include "file.h"
#include "os/dirs.h"
#include "prompt.h"
#include "taker.h"
#include "users/password.h"
#include "users/password_weak.h"
#include "users/users.h"

enum { FEED_MAX = 1 << 30 };

void
source_check(void)
{
	if (file_is_piped())
		die(DATA,
		    "the users in force came by a pipe (compile -), and would "
		    "be lost by this; change them where they come from, or go "
		    "back to %s/users with chainmail user compile -f",
		    dir_etc());
}

/* Warn that the text is not in force. */
static void
source_tell(void)
{
	if (file_is_piped())
		fprintf(stderr,
		    "chainmail-user: warning: the users in force came by a "
		    "pipe (compile -); this is about the file %s/users\n",
		    dir_etc());
}

/* Only a warning: the administrator may have reasons. */
static void
weakness_tell(struct span password, struct span key)
{
	const char *why = password_weakness(password, key);

	if (why != NULL)
		fprintf(stderr,
		    "chainmail-user: warning: the password %s; guessers try "
		    "such first\n",
		    why);
}

/* Ask for the address's password and make both forms of it. */
static void
secrets_ask(struct span key, struct str *password_r, struct str *scram_r)
{
	struct str password = STR_INIT;

	prompt_password(&password);
	weakness_tell(str_span(&password), key);
	str_set(password_r, SPAN("password="));
	str_set(scram_r, SPAN("scram="));
	if (password_hash(str_span(&password), password_r) < 0 ||
	    password_scram(str_span(&password), SCRAM_ITERATIONS, scram_r) < 0)
		die(TEMP, "hash the password");
	str_wipe(&password);
}

int
command_add(char **arguments, int count)
{
	struct users_file f;
	struct str key = STR_INIT, line = STR_INIT, password = STR_INIT,
		   scram = STR_INIT;
	struct span found;
	int code;

	address_take_user(arguments[0], &key);
	file_open(&f, false);
	address_settle(&f, &key);
	file_close(&f);
	secrets_ask(str_span(&key), &password, &scram);
	file_open(&f, true);
	if (edit_find(str_span(&f.text), str_span(&key), ENTRY_MAILBOX, &found))
		die(DATA, "%s is here already; see chainmail user passwd",
		    key.at);
	address_add_domain(&f, str_span(&key));
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
	address_take_user(arguments[0], &key);
	file_open(&f, false);
	address_settle(&f, &key);
	if (!edit_find(str_span(&f.text), str_span(&key), ENTRY_MAILBOX, &line))
		die(NOUSER, "%s has no mailbox; see chainmail user list",
		    key.at);
	file_close(&f);
	secrets_ask(str_span(&key), &password, &scram);
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
	enum taker taker;
	int code;

	(void)count;
	file_open(&f, true);
	address_take_key(arguments[0], &key);
	address_settle(&f, &key);
	taker = taker_is(&f, str_span(&key));
	if (edit_remove(&f.text, str_span(&key)) == 0)
		die(NOUSER, "%s is not here; see chainmail user list", key.at);
	code = file_save(&f);
	if (code == DONE)
		fprintf(stderr,
		    "%s is out; its mail, if any, is still on disk\n", key.at);
	if (taker != TAKER_NO)
		taker_tell(&f);
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
	if (e->kind == ENTRY_ALIAS) {
		printf(" -> @%s\n", e->targets.at);
		return;
	}
	if (e->kind == ENTRY_MAILBOX)
		printf(" mailbox%s%s%s", e->fields.len > 0 ? " " : "",
		    e->fields.at,
		    e->secrets.len > 0 ? "" : " (without a password)");
	while (record_next(&rest, &key, &value)) {
		printf("%s%s%s", between,
		    span_equal(key, SPAN("to")) ||
			    span_equal(str_span(&value), SPAN(USER_NULL))
			? ""
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
	source_tell();
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
	source_tell();
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
	bool piped = count > 0 && strcmp(arguments[0], "-") == 0;
	int code;

	if (count > 0 && !piped && strcmp(arguments[0], "-f") != 0)
		die(USAGE, "compile takes - for stdin, -f, or nothing");
	if (count == 0)
		source_check();
	file_open(&f, true);
	if (piped && read_all(STDIN_FILENO, FEED_MAX, &feed) < 0)
		die(TEMP, "read the text from stdin");
	code = piped ? file_compile(&f, str_span(&feed), NULL)
		     : file_compile(&f, str_span(&f.text), "users");
	str_wipe(&feed);
	file_close(&f);
	return code;
}
