#include "command.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/proc.h"

/* dash(1)'s own, and those of its grammar. */
static const char *const builtins[] = { ".", ":", "[", "alias", "bg", "break",
	"case", "cd", "command", "continue", "echo", "eval", "exec", "exit",
	"export", "false", "fg", "for", "getopts", "hash", "if", "jobs", "kill",
	"local", "printf", "pwd", "read", "readonly", "return", "set", "shift",
	"test", "times", "trap", "true", "type", "ulimit", "umask", "unalias",
	"unset", "until", "wait", "while" };

/* Where the supervisors have it look. */
static const char folders[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static bool
is_plain(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) || (unsigned char)c > 127 ||
	    (c != '\0' && strchr("._+-/,:@%", c) != NULL);
}

bool
command_word(struct span line, struct str *word_r)
{
	struct span word = span_word(&line);
	size_t n = 0;

	while (n < word.len && is_plain(word.at[n]))
		n++;
	/* "a;b" and "a|b" begin with a, "a=b" and "a$b" with nothing known. */
	if (n == 0 || (n < word.len && strchr(";|&<>", word.at[n]) == NULL))
		return false;
	str_set(word_r, span_head(word, n));
	for (size_t i = 0; i < COUNT(builtins); i++)
		if (strcmp(word_r->at, builtins[i]) == 0)
			return false;
	return true;
}

static bool
is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Where a command of this person is looked for. Filters of chainmail's own lie
 * beside this program (chainmail-filter(7)). */
static void
folders_of(enum person who, struct str *folders_r)
{
	struct str own = STR_INIT;

	str_set(folders_r, span_text(folders));
	if (who == SMTPD) {
		proc_sibling("", &own);
		str_addf(folders_r, ":%s", own.at);
	}
	str_free(&own);
}

/* 0 and the path that is run; else why none is: ENOENT, or of the first of this
 * name. */
static int
path_find(const struct people *p, enum person who, const char *word,
    struct str *path_r)
{
	struct str all = STR_INIT;
	struct span rest;
	int error = ENOENT;

	folders_of(who, &all);
	rest = str_span(&all);
	while (rest.len > 0) {
		struct span folder = span_head(rest, span_find(rest, ':'));
		int tried;

		rest = span_from(rest, folder.len + 1);
		str_set(path_r, folder);
		str_addf(path_r, "/%s", word);
		if (!is_file(path_r->at))
			continue;
		tried = person_try(p, who, path_r->at, X_OK);
		if (error == ENOENT || tried == 0)
			error = tried;
		if (tried == 0)
			break;
	}
	str_free(&all);
	return error;
}

void
command_check(struct check *c, enum person who, const struct source *s,
    unsigned line, struct span command)
{
	struct str word = STR_INIT, path = STR_INIT;
	struct stat st;
	int error = 0;

	if (!command_word(command, &word))
		return;
	if (strchr(word.at, '/') == NULL) {
		error = path_find(&c->people, who, word.at, &path);
	} else {
		str_set(&path, str_span(&word));
		if (word.at[0] != '/')
			finding_addf(&c->found, MISTAKE, s->file, line,
			    "%s: depends on the folder that the program is "
			    "started in; write the path from / on",
			    word.at);
		else if (stat(word.at, &st) < 0)
			error = errno;
		else if (!S_ISREG(st.st_mode))
			error = EISDIR;
		else
			error = person_try(&c->people, who, word.at, X_OK);
	}
	if (error == ENOENT || error == ENOTDIR || error == EISDIR)
		finding_addf(&c->found, MISTAKE, s->file, line,
		    "%s: there is no such program; install it, or correct its "
		    "name",
		    word.at);
	else if (error != 0)
		finding_addf(&c->found, MISTAKE, s->file, line,
		    "%s: %s may not run it (%s); see the modes of the file and "
		    "the folders above it",
		    word.at, person_name(&c->people, who), strerror(error));
	str_free(&word);
	str_free(&path);
}
