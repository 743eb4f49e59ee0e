#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/record.h"
#include "spool/format.h"
#include "spool/state.h"

enum { TEXT_MAX = 700 /* bytes kept of one result's text */ };

static void
add_if(struct str *out, const char *key, struct span value)
{
	if (value.len > 0)
		record_add(out, key, value);
}

static void
flag_if(struct str *out, const char *key, bool value)
{
	if (value)
		record_add_number(out, key, 1);
}

void
state_write_result(struct str *out, const struct result *r)
{
	record_add_number(out, "at", r->at);
	record_add_number(out, "index", (int64_t)r->index);
	record_add_number(out, "verdict", r->verdict);
	record_add(out, "status", r->status);
	record_add_number(out, "next", r->next);
	flag_if(out, "reported", r->reported);
	flag_if(out, "warn", r->warn);
	flag_if(out, "warned", r->warned);
	if (r->action != ACTION_DELIVERED)
		record_add_number(out, "action", r->action);
	if (r->action == ACTION_EXPANDED)
		record_add_number(out, "places", (int64_t)r->places);
	flag_if(out, "reply", r->reply);
	add_if(out, "host", r->host);
	flag_if(out, "more", r->more);
	record_add(out, "text", span_head(r->text, TEXT_MAX));
	record_end(out);
}

/* Its last word: a line without it was cut by a crash. */
static void
line_end(struct str *out)
{
	record_add_number(out, "end", 1);
	record_end(out);
}

void
state_write_place(struct str *out, uint64_t index, const struct recipient *to)
{
	record_verb(out, "place");
	record_add_number(out, "index", (int64_t)index);
	record_add_number(out, "of", to->of);
	record_add(out, "to", to->address);
	if (to->kind != RECIPIENT_ADDRESS)
		record_add_text(out, "kind", recipient_kind_word(to->kind));
	add_if(out, "for", to->through);
	if (to->kind == RECIPIENT_PIPE) {
		record_add_number(out, "order", to->order);
		record_add(out, "command", to->command);
	}
	add_if(out, "notify", to->notify);
	add_if(out, "orcpt", to->orcpt);
	line_end(out);
}

void
state_write_report(struct str *out, enum state_report kind, const struct id *id)
{
	record_verb(out, "report");
	record_add_text(out, "kind", state_report_word(kind));
	record_add_text(out, "id", id->text);
	line_end(out);
}

void
state_write_reported(struct str *out, const struct id *id)
{
	record_verb(out, "reported");
	record_add_text(out, "id", id->text);
	line_end(out);
}

void
state_write_wish(struct str *out, enum state_wish wish)
{
	static const char *const words[] = { "none", "hold", "remove", "fail",
		"release" };

	record_verb(out, "wish");
	record_add_text(out, "do", words[wish]);
	line_end(out);
}

/* The text to write before new lines: the magic in a new file; an LF after a
 * line that a crash left unfinished. */
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
lines_append(int fd, off_t size, struct span lines)
{
	const char *before = joint(fd, size);
	struct str text = STR_INIT;
	int result;

	if (before == NULL)
		return -1;
	if (*before == '\0')
		return write_all(fd, lines);
	str_add_text(&text, before);
	str_add(&text, lines);
	result = write_all(fd, str_span(&text));
	str_free(&text);
	return result;
}

int
state_append(
    const struct spool *s, const char *name, struct span lines, bool sync)
{
	struct stat st;
	int result, saved;
	int fd = openat(s->state, name,
	    O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0)
		return -1;
	result = fstat(fd, &st);
	if (result == 0)
		result = lines_append(fd, st.st_size, lines);
	if (result == 0 && sync)
		result = fdatasync(fd);
	if (result == 0 && sync && st.st_size == 0)
		result = fsync(s->state);
	saved = errno;
	close(fd);
	errno = saved;
	return result;
}
