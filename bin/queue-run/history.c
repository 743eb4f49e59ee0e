#include "history.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/record.h"
#include "spool/day.h"
#include "spool/spool.h"

enum { FILE_MODE = 0640 };

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
	const struct recipient *to = &e->recipients[result->index];
	struct str *out = &h->results.lines;

	record_add_number(out, "at", result->at);
	record_add_text(out, "id", id);
	record_add(out, "from", e->from);
	record_add(out, "to", to->address);
	if (to->through.len > 0)
		record_add(out, "for", to->through);
	if (to->kind != RECIPIENT_ADDRESS)
		record_add_text(out, "kind", recipient_kind_word(to->kind));
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
diary_write(struct diary *d, int64_t now)
{
	struct logline l;

	if (d->lines.len == 0)
		return;
	if (d->fd < 0) {
		d->fd = openat(d->dir, day_of(now).name,
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
	diary_write(&h->results, now);
	diary_write(&h->sessions, now);
}

static void
diary_clean(const struct diary *d, const struct day *oldest)
{
	struct days days;

	days_read(&days, d->dir);
	for (size_t i = 0; i < days.count; i++)
		if (days.all[i].begin < oldest->begin)
			unlinkat(d->dir, days.all[i].name, 0);
	days_free(&days);
}

/* The sessions too: they are kept by whoever reports them, if anybody does. */
void
history_clean(struct history *h, int64_t now)
{
	struct day oldest = day_of(now - (int64_t)h->keep);

	diary_clean(&h->results, &oldest);
	diary_clean(&h->sessions, &oldest);
}
