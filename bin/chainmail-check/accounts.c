/* `users`, and the databases compiled from it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/record.h"
#include "command.h"
#include "mail/address.h"
#include "os/dirs.h"
#include "parts.h"
#include "store/foreign.h"
#include "users/compile.h"
#include "users/database.h"
#include "users/logins.h"
#include "users/text.h"
#include "users/users.h"

static void
fault(void *arg, unsigned line, struct span text)
{
	struct str copy = STR_INIT;

	str_set(&copy, text);
	complain(line, copy.at, arg);
	str_free(&copy);
}

/* A list that deliver reads for each message. */
static void
list_check(struct check *c, const struct source *users, unsigned line,
    const char *path)
{
	struct conf_list l;
	struct span address;
	struct address a;
	int error;

	if (!conf_list_open(&l, c->etc, path)) {
		error = errno;
		if (error == EACCES && geteuid() != 0)
			finding_add(&c->found, UNREAD, path, 0,
			    "you may not read it; run chainmail check as root");
		else
			finding_addf(&c->found, MISTAKE, users->file, line,
			    "%s: %s; make the list, or correct its path", path,
			    strerror(error));
	} else if ((error = person_try(&c->people, MAILBOXES, path, R_OK)) !=
	    0) {
		finding_addf(&c->found, MISTAKE, path, 0,
		    "%s can't read it (%s); chmod o+r",
		    person_name(&c->people, MAILBOXES), strerror(error));
	}
	while (conf_next(&l, &address))
		if (!address_parse(address, &a))
			finding_add(&c->found, MISTAKE, path, l.line,
			    "not an address; a list has one user@domain a "
			    "line");
	conf_list_close(&l);
}

static void
targets_check(struct check *c, const struct source *s, unsigned line,
    const struct entry *e)
{
	struct span rest = str_span(&e->targets), key;
	struct str value = STR_INIT;

	while (e->kind == ENTRY_TARGETS && record_next(&rest, &key, &value))
		if (span_equal(key, SPAN("include")))
			list_check(c, s, line, value.at);
		else if (span_equal(key, SPAN("pipe")))
			command_check(c, MAILBOXES, s, line, str_span(&value));
	str_free(&value);
}

/* Mail that no session would show. */
static void
foreign_check(struct check *c, const struct source *s, unsigned line,
    const struct entry *e)
{
	struct str path = STR_INIT, where = STR_INIT;
	struct user u;
	const char *is;

	user_init(&u);
	str_set(&u.address, str_span(&e->key));
	record_get(str_span(&e->fields), "home", &u.home);
	user_maildir(&u, &path);
	is = foreign_find(path.at, &where);
	if (is != NULL)
		finding_addf(&c->found, MISTAKE, s->file, line,
		    "%s is Dovecot's %s, which no session here reads; copy it "
		    "into %s by doveadm backup (doc/moving.md), and remove it",
		    where.at, is, path.at);
	user_free(&u);
	str_free(&path);
	str_free(&where);
}

/* Checks beyond the compiler's. */
static void
entries_check(struct check *c, const struct source *s, struct span text)
{
	struct str wrong = STR_INIT;
	struct span line;
	struct entry e;

	entry_init(&e);
	for (unsigned number = 1; span_line(&text, &line); number++) {
		line = text_content(line);
		if (line.len == 0 || !entry_parse(line, &e, &wrong))
			continue;
		targets_check(c, s, number, &e);
		if (e.kind == ENTRY_MAILBOX)
			foreign_check(c, s, number, &e);
	}
	entry_free(&e);
	str_free(&wrong);
}

static bool
is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec
				      : a->tv_nsec > b->tv_nsec;
}

/* Check that the text was compiled. */
static void
compiled_check(struct check *c, const char *name)
{
	struct stat text, made;

	if (fstatat(c->etc, name, &text, 0) < 0)
		return;
	if (fstatat(c->etc, "users.cdb", &made, 0) < 0) {
		if (errno == ENOENT)
			finding_add(&c->found, MISTAKE, name, 0,
			    "was never compiled, so all mail waits; run "
			    "chainmail user compile");
	} else if (is_later(&text.st_mtim, &made.st_mtim)) {
		finding_add(&c->found, MISTAKE, name, 0,
		    "has changed since it was compiled, so the former users "
		    "are in force; run chainmail user compile");
	}
}

/* The databases came by a pipe, not from the file. */
static bool
is_piped(struct check *c)
{
	struct database d;
	struct span record;
	uint64_t n = 0;
	bool piped;

	database_init(&d, c->etc, "users.cdb", "chainmail-users 1");
	d.quiet = true;
	piped = database_refresh(&d) == DATABASE_FOUND &&
	    database_get(&d, SPAN(""), &record) == DATABASE_FOUND &&
	    record_get_number(record, "piped", 1, &n) && n == 1;
	database_close(&d);
	return piped;
}

void
check_users(struct check *c, const char *name)
{
	struct source s = { c, name };
	struct compile compile = { .fault = fault, .arg = &s };
	struct str text = STR_INIT;

	if (is_piped(c)) {
		finding_add(&c->found, WARNING, name, 0,
		    "is not in force, and not checked, since the users came by "
		    "a pipe (compile -); remove it, or run chainmail user "
		    "compile -f");
		return;
	}
	if (text_read(c, name, &text)) {
		users_compile(&compile, str_span(&text), str_span(&c->me), -1);
		entries_check(c, &s, str_span(&text));
	}
	compiled_check(c, name);
	str_wipe(&text);
}

static void
database_check(struct check *c, int dir, const char *path, const char *magic)
{
	struct database d;
	const char *name = strrchr(path, '/');

	database_init(&d, dir, name == NULL ? path : name + 1, magic);
	d.quiet = true;
	if (database_refresh(&d) != DATABASE_FOUND)
		finding_add(&c->found, MISTAKE, path, 0,
		    "is damaged, or made by another version; run chainmail "
		    "user compile");
	database_close(&d);
}

void
check_users_cdb(struct check *c, const char *name)
{
	database_check(c, c->etc, name, "chainmail-users 1");
}

void
check_secrets_cdb(struct check *c, const char *name)
{
	database_check(c, c->etc, name, "chainmail-secrets 1");
}

void
check_logins(struct check *c, const char *name)
{
	int folder = openat(c->etc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (folder >= 0 && fstatat(folder, LOGINS_FILE, &st, 0) == 0)
		database_check(
		    c, folder, LOGINS_FOLDER "/" LOGINS_FILE, LOGINS_MAGIC);
	if (folder >= 0)
		close(folder);
}
