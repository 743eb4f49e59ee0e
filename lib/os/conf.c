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

enum {
	CONF_MAX = 16 << 20, /* bytes of one configuration file */
	ME_MAX = 253,
	ME_LABEL_MAX = 63,
};

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
	LIMIT(cpu_time, "cpu-time", 300),
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
	LIMIT(log_connections, "log-connections", 0),
};

int
conf_open(void)
{
	int etc = dir_open(AT_FDCWD, dir_etc());

	/* A failing disk must not look like a host without configuration, which
	 * would permanently reject addresses it doesn't know. */
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

/* The same for files that programs of every uid read. */
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

bool
conf_changed(int etc, const char *name, struct conf_stamp *stamp)
{
	struct conf_stamp now = { .there = false };
	struct stat st;

	if (etc >= 0 && fstatat(etc, name, &st, 0) == 0)
		now = (struct conf_stamp){ true, st.st_ino, st.st_size,
			st.st_mtim };
	if (now.there == stamp->there && now.inode == stamp->inode &&
	    now.size == stamp->size &&
	    now.changed.tv_sec == stamp->changed.tv_sec &&
	    now.changed.tv_nsec == stamp->changed.tv_nsec)
		return false;
	*stamp = now;
	return true;
}

const char conf_former_text[] = "what was read before stays in force; fix the "
				"file and run chainmail check";

void
conf_former_stays(const char *name, int error)
{
	if (error != 0)
		conf_complain(0, strerror(error), (void *)name);
	conf_complain(0, conf_former_text, (void *)name);
}

const char *
conf_me_fault(struct span name)
{
	size_t label = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		bool dot = c == '.';

		if ((dot && label == 0) || (!dot && ++label > ME_LABEL_MAX) ||
		    ((unsigned char)c < 128 && !dot && !byte_is_alpha(c) &&
			!byte_is_digit(c) && c != '-' && c != '_'))
			return "not a host name; write it as "
			       "mail.example.org";
		if (dot)
			label = 0;
	}
	return name.len > ME_MAX ? "a host name has at most 253 bytes" : NULL;
}

/* DNS allows a final dot, mail does not. */
static void
me_check(struct str *name)
{
	const char *wrong;

	if (name->len > 1 && name->at[name->len - 1] == '.')
		str_cut(name, name->len - 1);
	wrong = conf_me_fault(str_span(name));
	errno = 0;
	/* Mail for this host would be permanently refused as another host's. */
	if (wrong != NULL)
		die_text(TEMP, "%s/me: %s: %s", dir_etc(), name->at, wrong);
}

void
conf_me(int etc, struct str *name_r)
{
	struct utsname u;

	if (conf_value(etc, "me", name_r)) {
		me_check(name_r);
	} else {
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
limit_set(struct limits *l, struct span line, bool seen[COUNT(limit_names)])
{
	struct span name = span_head(line, strcspn(line.at, " \t"));
	struct span value = span_trim(span_from(line, name.len));
	uint64_t n, factor;

	for (size_t i = 0; i < COUNT(limit_names); i++) {
		if (!span_equal(name, span_text(limit_names[i].name)))
			continue;
		if (seen[i])
			return "the limit occurs twice, and the first line "
			       "counts; take one out";
		if (!span_number(&value, UINT32_MAX, &n) ||
		    (factor = unit_of(value)) == 0 ||
		    (n == 0 && limit_names[i].otherwise != 0))
			return "the value must be a number, with K, M, G, s, "
			       "m, h "
			       "or d behind it";
		seen[i] = true;
		memcpy((char *)l + limit_names[i].offset,
		    &(uint64_t){ n * factor }, sizeof(uint64_t));
		return NULL;
	}
	return "unknown limit; see chainmail-limits(5)";
}

/* The number of wrong lines; -1 and errno when the file is missing or can't be
 * read. */
static int
limits_read(int etc, struct limits *l_r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct conf_list list;
	bool seen[COUNT(limit_names)] = { false };
	struct span line;
	int bad = 0;

	for (size_t i = 0; i < COUNT(limit_names); i++)
		memcpy((char *)l_r + limit_names[i].offset,
		    &limit_names[i].otherwise, sizeof(uint64_t));
	if (!conf_list_open(&list, etc, "limits"))
		return -1;
	while (conf_next(&list, &line)) {
		const char *wrong = limit_set(l_r, line, seen);

		if (wrong == NULL)
			continue;
		bad++;
		if (complain != NULL)
			complain(list.line, wrong, arg);
	}
	conf_list_close(&list);
	return bad;
}

unsigned
conf_limits(int etc, struct limits *l_r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	int bad = limits_read(etc, l_r, complain, arg);

	if (bad < 0)
		missing_or_denied("limits");
	return bad < 0 ? 0 : (unsigned)bad;
}

void
conf_limits_refresh(int etc, struct limits *l, struct conf_stamp *stamp)
{
	char name[] = "limits";
	struct limits fresh;
	int bad;

	if (!conf_changed(etc, name, stamp))
		return;
	bad = limits_read(etc, &fresh, conf_complain, name);
	if (bad == 0 || (bad < 0 && errno == ENOENT))
		*l = fresh;
	else
		conf_former_stays(name, bad < 0 ? errno : 0);
}
