#include "net/route_auth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/io.h"
#include "base/str.h"
#include "net/route_parse.h"

enum { AUTH_FILE_MAX = 1 << 20 };

struct auth_line {
	struct str host; /* folded, or "*" */
	struct str user;
	struct span password; /* in the text */
};

struct route_auth {
	struct str text;
	struct auth_line *lines;
	size_t count;
};

/* NULL, or the fault; it never repeats the line's contents. */
static const char *
line_read(struct span line, struct auth_line *l)
{
	struct span host = span_word(&line), user = span_word(&line);

	*l = (struct auth_line){ STR_INIT, STR_INIT, line };
	if (line.len == 0)
		return "write three words: the host or *, the user, the "
		       "password";
	if (span_find(line, '\0') < line.len)
		return "a password can't contain a zero byte";
	if (!percent_decode(&l->user, user) || l->user.len == 0)
		return "write the user as after user= in routes: %20 for "
		       "a blank, %25 for %";
	if (span_equal(host, SPAN("*"))) {
		str_add(&l->host, host);
		return NULL;
	}
	return route_host_fold(host, &l->host)
	    ? NULL
	    : "the first word is a host as routes names it (without the "
	      "port), or *";
}

static void
line_free(struct auth_line *l)
{
	str_free(&l->host);
	str_free(&l->user);
}

/* NULL, or why the file is not used. A missing one is empty. */
static const char *
file_read(int etc, struct str *text_r)
{
	const char *why = NULL;
	struct stat st;
	int fd;

	fd = etc < 0 ? -1 : openat(etc, "routes.auth", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return etc < 0 || errno == ENOENT
		    ? NULL
		    : "can't be opened; it belongs to root and the group of "
		      "send, with mode 0640";
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		why = "is not a file";
	else if (st.st_mode & 07)
		why = "is not used, because others can read or change it; "
		      "chmod o= routes.auth";
	else if (read_all(fd, AUTH_FILE_MAX, text_r) < 0)
		why = "can't be read, or is over a MiB";
	close(fd);
	return why;
}

/* No comments after the words, since a password may contain anything. */
static void
lines_read(struct route_auth *r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct span rest = str_span(&r->text), line;
	unsigned number = 0;

	while (span_line(&rest, &line)) {
		const char *wrong;

		number++;
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		line = span_trim(line);
		if (line.len == 0 || line.at[0] == '#')
			continue;
		r->lines = mem_resize(r->lines, r->count + 1, sizeof *r->lines);
		wrong = line_read(line, &r->lines[r->count]);
		if (wrong == NULL) {
			r->count++;
			continue;
		}
		line_free(&r->lines[r->count]);
		if (complain != NULL)
			complain(number, wrong, arg);
	}
}

struct route_auth *
route_auth_open(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct route_auth *r = mem_new(sizeof *r);
	const char *why;

	str_init(&r->text);
	why = file_read(etc, &r->text);
	if (why == NULL)
		lines_read(r, complain, arg);
	else if (complain != NULL)
		complain(0, why, arg);
	return r;
}

void
route_auth_close(struct route_auth *r)
{
	for (size_t i = 0; i < r->count; i++)
		line_free(&r->lines[i]);
	free(r->lines);
	str_wipe(&r->text);
	free(r);
}

bool
route_auth_find(const struct route_auth *r, struct span host, struct span user,
    struct span *password_r)
{
	bool found = false;

	for (size_t i = 0; i < r->count; i++) {
		const struct auth_line *l = &r->lines[i];
		bool any = span_equal(str_span(&l->host), SPAN("*"));

		if (!span_equal(str_span(&l->user), user) || (any && found) ||
		    (!any && !span_equal_case(str_span(&l->host), host)))
			continue;
		*password_r = l->password;
		found = true;
		if (!any)
			break;
	}
	return found;
}
