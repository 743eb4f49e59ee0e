#include "os/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/log.h"
#include "os/dirs.h"
#include "os/file.h"

enum { CONF_MAX = 16 << 20 }; /* bytes of one configuration file */

#define LIMIT(field, n, value)                                                 \
	{                                                                      \
		n, offsetof(struct limits, field), value                       \
	}

static const struct limit_name limit_names[] = {
	LIMIT(message_size, "message-size", 50 << 20),
	LIMIT(recipients, "recipients", 1000),
	LIMIT(hops, "hops", 100),
	LIMIT(header_size, "header-size", 256 << 10),
	LIMIT(header_fields, "header-fields", 1000),
	LIMIT(errors, "errors", 20),
	LIMIT(idle_commands, "idle-commands", 100),
	LIMIT(login_time, "login-time", 60),
	LIMIT(idle_time, "idle-time", 1800),
	LIMIT(command_time, "command-time", 300),
	LIMIT(data_rate, "data-rate", 500),
	LIMIT(filter_time, "filter-time", 120),
	LIMIT(pipe_time, "pipe-time", 300),
	LIMIT(queue_life, "queue-life", 5 * 86400),
	LIMIT(delay_warning, "delay-warning", 4 * 3600),
	LIMIT(deliver_workers, "deliver-workers", 4),
	LIMIT(send_workers, "send-workers", 20),
	LIMIT(destination_workers, "destination-workers", 10),
	LIMIT(send_time, "send-time", 300),
	LIMIT(history_time, "history-time", 14 * 86400),
	LIMIT(literal_size, "literal-size", 1 << 20),
	LIMIT(disk_reserve, "disk-reserve", 64 << 20),
};

int
conf_open(void)
{
	int etc = dir_open(AT_FDCWD, dir_etc());

	/* A disk that fails must not look like a host without configuration,
	 * which would refuse or return for good what it doesn't know. */
	if (etc < 0 && errno != ENOENT)
		die(TEMP, "open the configuration %s", dir_etc());
	return etc;
}

static bool
conf_read(int etc, const char *name, struct str *text_r)
{
	int fd;
	bool ok;

	errno = ENOENT;
	fd = etc < 0 ? -1 : openat(etc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = read_all(fd, CONF_MAX, text_r) == 0;
	close(fd);
	return ok;
}

bool
conf_list_open(struct conf_list *l, int etc, const char *name)
{
	*l = (struct conf_list){ .text = STR_INIT };
	return conf_read(etc, name, &l->text);
}

/* Without the comment. A '#' inside a word is part of it. */
static struct span
without_comment(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] == '#' &&
		    (i == 0 || byte_is_blank(line.at[i - 1])))
			return span_head(line, i);
	return line;
}

bool
conf_next(struct conf_list *l, struct span *line_r)
{
	struct span rest = span_from(str_span(&l->text), l->at), line;

	while (span_line(&rest, &line)) {
		l->at = l->text.len - rest.len;
		l->line++;
		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		*line_r = span_trim(without_comment(line));
		if (line_r->len > 0)
			return true;
	}
	return false;
}

void
conf_list_close(struct conf_list *l)
{
	str_free(&l->text);
}

void
conf_missing(const char *name)
{
	if (errno != ENOENT)
		die(TEMP, "read %s/%s", dir_etc(), name);
}

/* The same for what programs of every uid want to know. */
static void
missing_or_denied(const char *name)
{
	if (errno != EACCES)
		conf_missing(name);
}

bool
conf_value(int etc, const char *name, struct str *value_r)
{
	struct conf_list l;
	struct span line;
	bool open = conf_list_open(&l, etc, name);
	bool found = open && conf_next(&l, &line);

	if (open && !found)
		errno = ENOENT;
	str_clear(value_r);
	if (found)
		str_add(value_r, line);
	conf_list_close(&l);
	return found;
}

void
conf_complain(unsigned line, const char *text, void *file)
{
	struct logline l;

	log_start(&l, "config");
	log_text(&l, "file", file);
	log_number(&l, "line", line);
	log_text(&l, "error", text);
	log_write(&l);
}

void
conf_me(int etc, struct str *name_r)
{
	struct utsname u;

	if (!conf_value(etc, "me", name_r)) {
		missing_or_denied("me");
		if (uname(&u) == 0 && u.nodename[0] != '\0')
			str_set(name_r, span_text(u.nodename));
		else
			str_set(name_r, SPAN("localhost"));
	}
	str_lower(name_r, 0);
}

const struct limit_name *
conf_limit_names(size_t *count_r)
{
	*count_r = COUNT(limit_names);
	return limit_names;
}

static uint64_t
unit_of(struct span suffix)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = { { "", 1 }, { "K", 1 << 10 }, { "M", 1 << 20 },
		{ "G", 1 << 30 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 } };

	for (size_t i = 0; i < COUNT(units); i++)
		if (span_equal(suffix, span_text(units[i].name)))
			return units[i].factor;
	return 0;
}

/* "name value" into its field; NULL or what is wrong. */
static const char *
limit_set(struct limits *l, struct span line)
{
	struct span name = span_head(line, strcspn(line.at, " \t"));
	struct span value = span_trim(span_from(line, name.len));
	uint64_t n, factor;

	for (size_t i = 0; i < COUNT(limit_names); i++) {
		if (!span_equal(name, span_text(limit_names[i].name)))
			continue;
		if (!span_number(&value, UINT32_MAX, &n) ||
		    (factor = unit_of(value)) == 0 || n * factor == 0)
			return "the value is a number, with K, M, G, s, m, h "
			       "or d behind it";
		memcpy((char *)l + limit_names[i].offset,
		    &(uint64_t){ n * factor }, sizeof(uint64_t));
		return NULL;
	}
	return "no limit has this name; see chainmail-limits(5)";
}

unsigned
conf_limits(int etc, struct limits *l_r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct conf_list list;
	struct span line;
	unsigned bad = 0;

	for (size_t i = 0; i < COUNT(limit_names); i++)
		memcpy((char *)l_r + limit_names[i].offset,
		    &limit_names[i].otherwise, sizeof(uint64_t));
	if (!conf_list_open(&list, etc, "limits"))
		missing_or_denied("limits");
	while (conf_next(&list, &line)) {
		const char *wrong = limit_set(l_r, line);

		if (wrong == NULL)
			continue;
		bad++;
		if (complain != NULL)
			complain(list.line, wrong, arg);
	}
	conf_list_close(&list);
	return bad;
}
