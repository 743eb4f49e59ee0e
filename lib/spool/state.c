#include "spool/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"

enum { TAIL_MORE = 1 << 20 /* bytes that may be added meanwhile */ };

const char *
state_action_word(enum state_action a)
{
	switch (a) {
	case ACTION_RELAYED:
		return "relayed";
	case ACTION_EXPANDED:
		return "expanded";
	case ACTION_DELIVERED:
		break;
	}
	return "delivered";
}

const char *
state_report_word(enum state_report kind)
{
	static const char *const words[] = { "none", "failed", "delivered",
		"delayed" };

	return words[kind];
}

void
state_init(struct state *st)
{
	*st = (struct state){ 0 };
}

void
state_free(struct state *st)
{
	free(st->results);
	free(st->reports);
	state_init(st);
}

void
state_grow(struct state *st, size_t count)
{
	if (count > st->size) {
		st->size = count > 2 * st->size ? count : 2 * st->size;
		st->results = mem_resize(
		    st->results, st->size, sizeof *st->results);
	}
	while (st->count < count) {
		st->results[st->count] = (struct result){ .index = st->count,
			.status = SPAN(""),
			.text = SPAN(""),
			.host = SPAN("") };
		st->count++;
	}
}

void
state_clear(struct state *st, size_t count)
{
	struct state old = *st;

	*st = (struct state){ .results = old.results,
		.size = old.size,
		.reports = old.reports,
		.report_size = old.report_size };
	state_grow(st, count);
}

bool
result_is_final(const struct result *r)
{
	return r->attempts > 0 && r->verdict != TEMP;
}

bool
state_due(enum state_report kind, const struct result *r)
{
	if (r->attempts == 0 || r->report > 0)
		return false;
	if (kind == REPORT_DELAYED)
		return r->verdict == TEMP && r->warn && !r->warned;
	if (r->reported || r->verdict == TEMP)
		return false;
	return (r->verdict == DONE) == (kind == REPORT_DELIVERED);
}

uint32_t
state_open_report(const struct state *st)
{
	for (size_t i = 0; i < st->report_count; i++)
		if (!st->reports[i].made)
			return (uint32_t)i + 1;
	return 0;
}

/* The unmade report with this id; a new one if there is none. */
static uint32_t
report_get(struct state *st, enum state_report kind, const struct id *id)
{
	for (size_t i = 0; i < st->report_count; i++)
		if (!st->reports[i].made &&
		    strcmp(st->reports[i].id.text, id->text) == 0)
			return (uint32_t)i + 1;
	if (st->report_count == st->report_size) {
		st->report_size = st->report_size == 0 ? 1
						       : 2 * st->report_size;
		st->reports = mem_resize(
		    st->reports, st->report_size, sizeof *st->reports);
	}
	st->reports[st->report_count++] = (struct state_made){ *id, kind,
		false };
	return (uint32_t)st->report_count;
}

void
state_take_report(struct state *st, enum state_report kind, const struct id *id)
{
	uint32_t report = report_get(st, kind, id);

	for (size_t i = 0; i < st->count; i++)
		if (state_due(kind, &st->results[i]))
			st->results[i].report = report;
}

void
state_made_report(struct state *st, uint32_t report)
{
	bool delayed = st->reports[report - 1].kind == REPORT_DELAYED;

	st->reports[report - 1].made = true;
	for (size_t i = 0; i < st->count; i++) {
		struct result *r = &st->results[i];

		if (r->report != report)
			continue;
		r->report = 0;
		if (delayed)
			r->warned = true;
		else
			r->reported = true;
	}
}

int
state_open(const struct spool *s, const char *name)
{
	return openat(
	    s->state, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

int
state_tail(
    const struct spool *s, const char *name, uint64_t bytes, struct str *text_r)
{
	struct stat st;
	int r, fd = state_open(s, name);

	str_clear(text_r);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	r = fstat(fd, &st);
	if (r == 0 && (uint64_t)st.st_size > bytes &&
	    lseek(fd, st.st_size - (off_t)bytes, SEEK_SET) < 0)
		r = -1;
	if (r == 0)
		r = read_all(fd, bytes + TAIL_MORE, text_r);
	close(fd);
	return r;
}
