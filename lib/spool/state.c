#include "spool/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/record.h"
#include "spool/format.h"

enum {
	TEXT_MAX = 700, /* bytes kept of one result's text */
	INDEX_MAX = 1 << 20,
	STATE_MAX = 64 << 20, /* five days of thousands of recipients */
};

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

static void
result_write(struct str *out, const struct result *r)
{
	record_add_number(out, "at", r->at);
	record_add_number(out, "index", (int64_t)r->index);
	record_add_number(out, "verdict", r->verdict);
	record_add(out, "status", r->status);
	record_add_number(out, "next", r->next);
	if (r->reported)
		record_add_number(out, "reported", 1);
	if (r->warn)
		record_add_number(out, "warn", 1);
	if (r->warned)
		record_add_number(out, "warned", 1);
	if (r->action != ACTION_DELIVERED)
		record_add_number(out, "action", r->action);
	if (r->reply)
		record_add_number(out, "reply", 1);
	if (r->host.len > 0)
		record_add(out, "host", r->host);
	if (r->more)
		record_add_number(out, "more", 1);
	record_add(out, "text", span_head(r->text, TEXT_MAX));
	record_end(out);
}

/* What must stand before new lines: the magic in a new file; an LF after a line
 * that a crash left unfinished. Reading skips what makes no sense. */
static const char *
joint(int fd, off_t size)
{
	char last = '\n';

	if (size < (off_t)strlen(STATE_MAGIC "\n"))
		return size == 0 ? STATE_MAGIC "\n" : "\n" STATE_MAGIC "\n";
	if (pread(fd, &last, 1, size - 1) < 0)
		return NULL;
	return last == '\n' ? "" : "\n";
}

static int
lines_append(int fd, off_t size, const struct result *r, size_t n)
{
	const char *before = joint(fd, size);
	struct str lines = STR_INIT;
	int result;

	if (before == NULL)
		return -1;
	str_add_text(&lines, before);
	for (size_t i = 0; i < n; i++)
		result_write(&lines, &r[i]);
	result = write_all(fd, str_span(&lines));
	str_free(&lines);
	return result < 0 ? -1 : fdatasync(fd);
}

int
state_add(
    const struct spool *s, const char *name, const struct result *r, size_t n)
{
	struct stat st;
	int result, saved;
	int fd = openat(s->state, name,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0)
		return -1;
	result = fstat(fd, &st);
	if (result == 0)
		result = lines_append(fd, st.st_size, r, n);
	if (result == 0 && st.st_size == 0)
		result = fsync(s->state);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}

static bool
result_parse(struct span line, struct arena *a, struct result *r, size_t count)
{
	struct str value = STR_INIT, text = STR_INIT;
	uint64_t at, index, verdict, next, reported;
	/* The text is last: a line that has none was cut by a crash, and lacks
	 * who knows what else. */
	bool sound = record_get_number(line, "at", INT64_MAX, &at) &&
	    record_get_number(line, "index", count - 1, &index) &&
	    record_get_number(line, "verdict", 255, &verdict) &&
	    record_get_number(line, "next", INT64_MAX, &next) &&
	    record_get(line, "status", &value) &&
	    record_get(line, "text", &text);

	if (sound) {
		struct result *to = &r[index];
		uint64_t flag, action = ACTION_DELIVERED;
		bool told = to->warned;

		record_get_number(line, "action", ACTION_EXPANDED, &action);
		*to = (struct result){ .at = (int64_t)at,
			.index = index,
			.verdict = (int)verdict,
			.next = (int64_t)next,
			.reported = record_get_number(
			    line, "reported", 1, &reported),
			.warn = record_get_number(line, "warn", 1, &flag),
			.warned = record_get_number(line, "warned", 1, &flag),
			.reply = record_get_number(line, "reply", 1, &flag),
			.action = (enum state_action)action,
			.attempts = to->attempts + 1 };
		/* Noted again, since its sender was told: no try. */
		if (to->warned && !told && to->attempts > 1)
			to->attempts--;
		to->status = arena_copy(a, str_span(&value));
		record_get(line, "host", &value);
		to->host = arena_copy(a, str_span(&value));
		to->text = arena_copy(a, str_span(&text));
	}
	str_free(&value);
	str_free(&text);
	return sound;
}

void
state_parse(
    struct span text, struct arena *a, struct result *results_r, size_t count)
{
	struct span line;
	bool known = false;

	for (size_t i = 0; i < count; i++)
		results_r[i] = (struct result){ .index = i };
	/* An unfinished last line is no result. */
	while (count > 0 && span_until(&text, '\n', &line)) {
		text = span_from(text, 1);
		if (span_equal(line, SPAN(STATE_MAGIC)))
			known = true;
		else if (known)
			result_parse(line, a, results_r, count);
	}
}

static int
text_read(const struct spool *s, const char *name, struct str *text)
{
	int r,
	    fd = openat(
		s->state, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	r = read_all(fd, STATE_MAX, text);
	close(fd);
	return r;
}

int
state_read(const struct spool *s, const char *name, struct arena *a,
    struct result *results_r, size_t count)
{
	struct str text = STR_INIT;
	int r = text_read(s, name, &text);

	state_parse(r == 0 ? str_span(&text) : SPAN(""), a, results_r, count);
	str_free(&text);
	return r;
}

/* One more than the highest index. */
static size_t
count_lines(struct span text, bool *more_r)
{
	struct span line;
	uint64_t index, more;
	size_t count = 0;

	*more_r = false;
	while (span_until(&text, '\n', &line)) {
		text = span_from(text, 1);
		if (!record_get_number(line, "index", INDEX_MAX, &index))
			continue;
		if (index >= count)
			count = index + 1;
		*more_r = record_get_number(line, "more", 1, &more);
	}
	return count;
}

int
state_known(const struct spool *s, const char *name, struct arena *a,
    struct result **results_r, size_t *count_r, bool *more_r)
{
	struct str text = STR_INIT;
	int r = text_read(s, name, &text);

	*count_r = r < 0 ? 0 : count_lines(str_span(&text), more_r);
	*results_r = arena_new(a, (*count_r + 1) * sizeof **results_r);
	if (r == 0)
		state_parse(str_span(&text), a, *results_r, *count_r);
	str_free(&text);
	return r;
}

bool
state_due(enum state_report kind, const struct result *r)
{
	if (r->attempts == 0)
		return false;
	if (kind == REPORT_DELAYED)
		return r->verdict == TEMP && r->warn && !r->warned;
	if (r->reported || r->verdict == TEMP)
		return false;
	return (r->verdict == DONE) == (kind == REPORT_DELIVERED);
}
