#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/dirs.h"
#include "os/file.h"
#include "parts.h"

/* Every name that a program opens in the configuration. */
static const struct file_kind {
	const char *name;
	void (*check)(struct check *c, const char *name);
	mode_t closed;          /* bits that its mode must not have */
	enum person readers[7]; /* up to NOBODY */
} kinds[] = {
	{ "me", check_me, 0,
	    { AUTHD, SMTPD, QUEUE_RUN, SEND, MAILBOXES, VERIFYD } },
	{ "users", check_users, 07, { NOBODY } },
	{ "users.cdb", check_users_cdb, 0,
	    { AUTHD, SMTPD, QUEUE_RUN, MAILBOXES } },
	{ "secrets.cdb", check_secrets_cdb, 07, { AUTHD } },
	{ "logins", check_logins, 0, { SMTPD, MAILBOXES } },
	{ "logins.key", NULL, 077, { NOBODY } },
	{ "limits", check_limits, 0, { SMTPD, QUEUE_RUN, SEND, MAILBOXES } },
	{ "imap", check_imap, 0, { MAILBOXES } },
	{ "relay", check_relay, 0, { SMTPD, VERIFYD } },
	{ "filter.mx", check_filter, 0, { SMTPD } },
	{ "filter.submission", check_filter, 0, { SMTPD } },
	{ "checkpassword", check_checkpassword, 0, { AUTHD } },
	{ "listen", check_listen, 0, { NOBODY } },
	{ "routes", check_routes, 0, { QUEUE_RUN, SEND } },
	{ "routes.auth", check_routes_auth, 0, { SEND } },
	{ "tls-policy", check_tls_policy, 0, { QUEUE_RUN, SEND } },
	{ "dns", check_dns, 0, { QUEUE_RUN, SEND, VERIFYD } },
	{ "hosts", check_hosts, 0, { QUEUE_RUN, SEND, VERIFYD } },
	{ "verify", check_verify, 0, { VERIFYD } },
	{ "forwarders", check_forwarders, 0, { VERIFYD } },
	{ "authorities.pem", check_authorities, 0, { QUEUE_RUN, SEND } },
	{ "tls", check_tls, 0, { TLSD } },
	{ "ca", check_ca, 0, { NOBODY } },
	{ "dkim", check_dkim, 0, { NOBODY } },
};

static const struct file_kind *
kind_find(const char *name)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

/* mta-sts.DOMAIN.txt */
static bool
is_policy(const char *name)
{
	struct span s = span_text(name);

	return span_starts(s, SPAN("mta-sts.")) &&
	    span_ends_case(s, SPAN(".txt")) && s.len > 12;
}

/* Copies that editors, packages and people leave. */
static bool
is_copy(const char *name)
{
	static const char *const ends[] = { "~", ".bak", ".old", ".orig",
		".new", ".save", ".swp", ".example", ".sample", ".dpkg-old",
		".dpkg-dist", ".dpkg-new", ".ucf-dist" };
	struct span s = span_text(name);

	for (size_t i = 0; i < COUNT(ends); i++)
		if (span_ends_case(s, span_text(ends[i])))
			return true;
	return name[0] == '.' || name[0] == '#' ||
	    span_starts_case(s, SPAN("README"));
}

/* How many letters are another, lacking or too many (Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	enum { NAME_MAX_LEN = 40 };
	size_t row[NAME_MAX_LEN + 1], la = strlen(a), lb = strlen(b);

	if (la > NAME_MAX_LEN || lb > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t before = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t best = before +
			    (byte_lower(a[i - 1]) != byte_lower(b[j - 1]));

			before = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

/* One letter in four may be wrong: `lists` is not `limits`. */
const char *
name_guess(const char *name)
{
	const char *guess = NULL;
	size_t least = 3;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		size_t n = distance(name, kinds[i].name);

		if (n < least && n <= strlen(kinds[i].name) / 4) {
			least = n;
			guess = kinds[i].name;
		}
	}
	return guess;
}

/* A folder is perhaps one of lists (chainmail-users(5)). */
static void
unknown_check(struct check *c, const char *name)
{
	const char *guess = name_guess(name);
	struct stat st;

	if (fstatat(c->etc, name, &st, 0) == 0 && S_ISDIR(st.st_mode) &&
	    guess == NULL)
		return;
	if (guess != NULL)
		finding_addf(&c->found, WARNING, name, 0,
		    "no program reads a file of this name; is it meant to be "
		    "%s? Rename it",
		    guess);
	else
		finding_add(&c->found, WARNING, name, 0,
		    "no program reads a file of this name, unless users names "
		    "it as a list; correct the name, or put it elsewhere");
}

static void
name_check(struct check *c, const char *name)
{
	const struct file_kind *k = kind_find(name);

	if (k != NULL) {
		if (readable_check(c, name, k->closed, k->readers) &&
		    k->check != NULL)
			k->check(c, name);
	} else if (is_policy(name)) {
		if (readable_check(c, name, 0, (enum person[]){ NOBODY }))
			check_sts(c, name);
	} else if (!is_copy(name)) {
		unknown_check(c, name);
	}
}

void
files_check(struct check *c)
{
	int copy = dir_open(c->etc, ".");
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	readable_check(c, ".", 0, (enum person[]){ NOBODY });
	while (d != NULL && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			name_check(c, e->d_name);
	if (d != NULL)
		closedir(d);
}
