#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/program.h"

enum { VALUE_MAX = 512 };

static void
put(struct logline *l, const char *bytes, size_t len)
{
	size_t room = sizeof l->at - 1 - l->len; /* one for the LF */

	if (len > room)
		len = room;
	memcpy(l->at + l->len, bytes, len);
	l->len += len;
}

/* A fault is an error; an event that somebody may have to act on is a warning;
 * a refusal or delay is a notice. */
static const struct {
	const char *event;
	enum level level;
} levels[] = {
	{ "bad", LEVEL_ERROR },
	{ "database", LEVEL_ERROR },
	{ "die", LEVEL_ERROR },
	{ "error", LEVEL_ERROR },
	{ "fork", LEVEL_ERROR },
	{ "front", LEVEL_ERROR },
	{ "later", LEVEL_ERROR },
	{ "lost", LEVEL_ERROR },
	{ "restart", LEVEL_ERROR },
	{ "stuck", LEVEL_ERROR },
	{ "unreadable", LEVEL_ERROR },
	{ "back-off", LEVEL_WARNING },
	{ "shell", LEVEL_WARNING },
	{ "config", LEVEL_WARNING },
	{ "dropped", LEVEL_WARNING },
	{ "failed", LEVEL_WARNING },
	{ "filter", LEVEL_WARNING },
	{ "foreign", LEVEL_WARNING },
	{ "index-place", LEVEL_WARNING },
	{ "nameless", LEVEL_WARNING },
	{ "refuse-last", LEVEL_WARNING },
	{ "refuse-more", LEVEL_WARNING },
	{ "refused", LEVEL_WARNING },
	{ "sandbox", LEVEL_WARNING },
	{ "uids-lost", LEVEL_WARNING },
	{ "uncounted", LEVEL_WARNING },
	{ "unnamed", LEVEL_WARNING },
	{ "unsafe", LEVEL_WARNING },
	{ "unusable", LEVEL_WARNING },
	{ "unwatched", LEVEL_WARNING },
	{ "deferred", LEVEL_NOTICE },
	{ "drop", LEVEL_NOTICE },
	{ "locked", LEVEL_NOTICE },
	{ "refuse", LEVEL_NOTICE },
	{ "stale", LEVEL_NOTICE },
	{ "takeover", LEVEL_NOTICE },
};

static bool to_journal; /* set once, before anything runs */

void
log_to_journal(void)
{
	to_journal = true;
}

void
log_level(struct logline *l, enum level level)
{
	if (to_journal)
		l->at[1] = (char)('0' + level);
}

void
log_start(struct logline *l, const char *event)
{
	const char *connection = getenv("CONNECTION");

	l->len = 0;
	if (to_journal)
		put(l, "<6>", 3);
	for (size_t i = 0; to_journal && i < COUNT(levels); i++)
		if (strcmp(event, levels[i].event) == 0)
			log_level(l, levels[i].level);
	put(l, program_name(), strlen(program_name()));
	put(l, " event=", 7);
	put(l, event, strlen(event));
	if (connection != NULL && connection[0] != '\0')
		log_text(l, "conn", connection);
}

/* U+0080 to U+009F, which can control terminals. */
static bool
has_c1(struct span utf8)
{
	for (size_t i = 0; i + 1 < utf8.len; i++)
		if (utf8.at[i] == '\xc2' &&
		    (unsigned char)utf8.at[i + 1] < 0xa0)
			return true;
	return false;
}

static void
put_escaped(struct logline *l, struct span value)
{
	bool readable = span_is_utf8(value) && !has_c1(value);

	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i], hex[5];

		if (c == '"' || c == '\\' || byte_is_control(c) ||
		    ((unsigned char)c > 126 && !readable)) {
			snprintf(hex, sizeof hex, "\\x%02x", (unsigned char)c);
			put(l, hex, 4);
		} else {
			put(l, &c, 1);
		}
	}
}

void
log_span(struct logline *l, const char *key, struct span value)
{
	bool quote = value.len == 0;
	bool cut = value.len > VALUE_MAX;

	value = span_head(value, VALUE_MAX);
	while (cut && value.len > 0 &&
	    ((unsigned char)value.at[value.len] & 0xc0) == 0x80)
		value.len--; /* not inside a character */
	for (size_t i = 0; i < value.len && !quote; i++)
		quote = strchr(" \"=", value.at[i]) != NULL ||
		    value.at[i] == '\0';
	put(l, " ", 1);
	put(l, key, strlen(key));
	put(l, quote ? "=\"" : "=", quote ? 2 : 1);
	put_escaped(l, value);
	if (cut)
		put(l, "...", 3);
	if (quote)
		put(l, "\"", 1);
}

void
log_text(struct logline *l, const char *key, const char *value)
{
	log_span(l, key, span_text(value));
}

void
log_number(struct logline *l, const char *key, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%lld", (long long)value);
	log_text(l, key, digits);
}

void
log_time(struct logline *l, const char *key, int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm utc;
	char text[40] = "";

	if (gmtime_r(&at, &utc) != NULL)
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
	log_text(l, key, text);
}

void
log_peer(struct logline *l)
{
	const char *ip = getenv("TCPREMOTEIP"), *service = getenv("SERVICE");
	const char *port = getenv("TCPREMOTEPORT");

	if (ip != NULL)
		log_text(l, "client", ip);
	if (port != NULL)
		log_text(l, "port", port);
	if (service != NULL)
		log_text(l, "service", service);
}

void
log_errno(struct logline *l)
{
	log_text(l, "error", strerror(errno));
}

void
log_write(struct logline *l)
{
	ssize_t n;

	l->at[l->len++] = '\n';
	do
		n = write(STDERR_FILENO, l->at, l->len);
	while (n < 0 && errno == EINTR);
	/* A failure of the log itself can't be reported. */
}
