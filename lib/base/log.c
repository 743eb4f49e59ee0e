#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"

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

void
log_start(struct logline *l, const char *event)
{
	l->len = 0;
	put(l, program_name(), strlen(program_name()));
	put(l, " event=", 7);
	put(l, event, strlen(event));
}

/* U+0080 to U+009F, with which terminals can be steered. */
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
log_peer(struct logline *l)
{
	const char *ip = getenv("TCPREMOTEIP"), *service = getenv("SERVICE");

	if (ip != NULL)
		log_text(l, "client", ip);
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
	/* Nobody is left to tell when the log itself is gone. */
}
