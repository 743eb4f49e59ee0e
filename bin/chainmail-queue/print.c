#include "print.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "mail/utf8.h"

enum { MUCH = 65536, UNKNOWN = 0xfffd };

void
print_all(struct str *out)
{
	if (write_all(STDOUT_FILENO, str_span(out)) < 0) {
		if (errno == EPIPE) /* as head(1) does */
			_exit(DONE);
		die(TEMP, "write");
	}
	str_clear(out);
}

void
print_some(struct str *out)
{
	if (out->len >= MUCH)
		print_all(out);
}

void
print_cut(struct str *out, struct span text, size_t width)
{
	struct span before = text;
	uint32_t point;

	for (size_t n = 0; utf8_take(&text, &point); n++) {
		if (n >= width) {
			str_add_text(out, "\xe2\x80\xa6"); /* ... */
			return;
		}
		/* One byte taken, and it was none of UTF-8. */
		if (point == UNKNOWN && before.len - text.len == 1)
			str_addf(out, "\\x%02x", (unsigned char)before.at[0]);
		else if (utf8_is_control(point) && point != '\t')
			str_addf(out, "\\u{%x}", (unsigned)point);
		else
			utf8_add(out, point);
		before = text;
	}
}

void
print_clean(struct str *out, struct span text)
{
	print_cut(out, text, SIZE_MAX);
}

void
print_age(struct str *out, int64_t seconds)
{
	static const struct {
		int64_t from, unit;
		char name;
	} units[] = { { 172800, 86400, 'd' }, { 7200, 3600, 'h' },
		{ 120, 60, 'm' }, { INT64_MIN, 1, 's' } };
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (seconds < units[i].from)
		i++;
	str_addf(
	    out, "%lld%c", (long long)(seconds / units[i].unit), units[i].name);
}

void
print_size(struct str *out, uint64_t bytes)
{
	static const char names[] = "KMGTPE";
	size_t i = 0;
	double n = (double)bytes;

	if (bytes < 1024) {
		str_add_number(out, bytes);
		return;
	}
	for (n /= 1024; n >= 1024 && i < sizeof names - 2; i++)
		n /= 1024;
	str_addf(out, n < 10 ? "%.1f%c" : "%.0f%c", n, names[i]);
}

void
print_time(struct str *out, int64_t seconds)
{
	time_t at = (time_t)seconds;
	struct tm tm;
	char text[64] = "?";

	if (gmtime_r(&at, &tm) != NULL)
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	str_add_text(out, text);
}

void
print_pad(struct str *out, size_t from, size_t width)
{
	while (out->len - from < width)
		str_add_byte(out, ' ');
}

static void
json_string(struct str *out, struct span text)
{
	uint32_t point;

	str_add_byte(out, '"');
	while (utf8_take(&text, &point))
		if (point == '"' || point == '\\')
			str_addf(out, "\\%c", (char)point);
		else if (utf8_is_control(point))
			str_addf(out, "\\u%04x", (unsigned)point);
		else
			utf8_add(out, point);
	str_add_byte(out, '"');
}

static void
json_key(struct str *out, const char *key)
{
	if (out->len > 0 && strchr("{[\n", out->at[out->len - 1]) == NULL)
		str_add_byte(out, ',');
	if (key != NULL) {
		json_string(out, span_text(key));
		str_add_byte(out, ':');
	}
}

void
json_text(struct str *out, const char *key, struct span value)
{
	json_key(out, key);
	json_string(out, value);
}

void
json_number(struct str *out, const char *key, int64_t value)
{
	json_key(out, key);
	str_addf(out, "%lld", (long long)value);
}

void
json_flag(struct str *out, const char *key, bool value)
{
	json_key(out, key);
	str_add_text(out, value ? "true" : "false");
}

void
json_open(struct str *out, const char *key, char bracket)
{
	json_key(out, key);
	str_add_byte(out, bracket);
}

void
json_close(struct str *out, char bracket)
{
	str_add_byte(out, bracket);
}
