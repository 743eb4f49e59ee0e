#include "history.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/record.h"
#include "os/file.h"
#include "spool/spool.h"

enum {
	DAY_S = 86400,
	DAY_LEN = 10, /* YYYY-MM-DD */
	FILE_MODE = 0640,
};

struct day_name {
	char text[32];
};

static struct day_name
day_name(int64_t day)
{
	time_t at = (time_t)(day * DAY_S);
	struct day_name name = { "" };
	struct tm tm;

	if (gmtime_r(&at, &tm) != NULL)
		strftime(name.text, sizeof name.text, "%Y-%m-%d", &tm);
	return name;
}

static void
diary_open(struct diary *d, const char *name)
{
	*d = (struct diary){ spool_part(name), -1, STR_INIT };
}

void
history_open(struct history *h, uint64_t keep)
{
	*h = (struct history){ .keep = keep };
	diary_open(&h->results, "history");
	diary_open(&h->sessions, "tls");
}

void
history_result(struct history *h, const char *id, const struct envelope *e,
    uint64_t size, const struct result *result, struct span via)
{
	struct str *out = &h->results.lines;

	record_add_number(out, "at", result->at);
	record_add_text(out, "id", id);
	record_add(out, "from", e->from);
	record_add(out, "to", e->recipients[result->index].address);
	record_add_number(out, "verdict", result->verdict);
	record_add(out, "status", result->status);
	if (result->host.len > 0)
		record_add(out, "host", result->host);
	if (via.len > 0) {
		str_add_byte(out, ' ');
		str_add(out, via);
	}
	record_add_number(out, "tries", result->attempts);
	record_add_number(out, "size", (int64_t)size);
	if (result->text.len > 0)
		record_add(out, "text", result->text);
	record_end(out);
}

void
history_session(struct history *h, struct span line)
{
	str_add(&h->sessions.lines, line);
	record_end(&h->sessions.lines);
}

/* O_APPEND: a line is whole or not there, also when the disk is full. */
static void
diary_write(struct diary *d, const char *name)
{
	struct logline l;

	if (d->lines.len == 0)
		return;
	if (d->fd < 0) {
		d->fd = openat(d->dir, name,
		    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		    FILE_MODE);
		if (d->fd >= 0)
			fchmod(d->fd, FILE_MODE); /* whatever the umask says */
	}
	if (d->fd < 0 || write_all(d->fd, str_span(&d->lines)) < 0) {
		log_start(&l, "later");
		log_text(&l, "what", "write the history");
		log_errno(&l);
		log_write(&l);
	}
	/* What could not be written is lost. */
	str_clear(&d->lines);
}

static void
diary_close(struct diary *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

void
history_write(struct history *h, int64_t now)
{
	if (now / DAY_S != h->day) {
		diary_close(&h->results);
		diary_close(&h->sessions);
		h->day = now / DAY_S;
	}
	diary_write(&h->results, day_name(h->day).text);
	diary_write(&h->sessions, day_name(h->day).text);
}

static bool
is_day(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (i == 4 || i == 7 ? name.at[i] != '-'
				     : !byte_is_digit(name.at[i]))
			return false;
	return name.len == DAY_LEN;
}

static void
diary_clean(struct diary *d, const char *oldest)
{
	int copy = d->dir < 0 ? -1 : dir_open(d->dir, ".");
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (dir == NULL) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((e = readdir(dir)) != NULL)
		if (is_day(span_text(e->d_name)) &&
		    span_compare(span_text(e->d_name), span_text(oldest)) < 0)
			unlinkat(d->dir, e->d_name, 0);
	closedir(dir);
}

/* The sessions too: they are kept by whoever reports them, if anybody does. */
void
history_clean(struct history *h, int64_t now)
{
	int64_t oldest = now - (int64_t)h->keep;
	struct day_name name = day_name(oldest > 0 ? oldest / DAY_S : 0);

	diary_clean(&h->results, name.text);
	diary_clean(&h->sessions, name.text);
}
