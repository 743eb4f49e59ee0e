#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/die.h"

char str_empty[1];

void
str_init(struct str *s)
{
	*s = (struct str)STR_INIT;
}

void
str_free(struct str *s)
{
	if (s->size > 0)
		free(s->at);
	str_init(s);
}

void
str_wipe(struct str *s)
{
	if (s->size > 0)
		explicit_bzero(s->at, s->size);
	str_free(s);
}

void
str_clear(struct str *s)
{
	str_cut(s, 0);
}

void
str_cut(struct str *s, size_t len)
{
	if (s->size == 0 || len > s->len)
		return;
	s->len = len;
	s->at[len] = '\0';
}

char *
str_reserve(struct str *s, size_t more)
{
	size_t need;

	if (__builtin_add_overflow(s->len, more, &need) ||
	    __builtin_add_overflow(need, 1, &need))
		die_text(TEMP, "a string of more than SIZE_MAX bytes");
	if (need > s->size) {
		size_t size = s->size < 32 ? 32 : s->size;

		while (size < need)
			size = size > SIZE_MAX / 2 ? need : size * 2;
		s->at = mem_resize(s->size == 0 ? NULL : s->at, size, 1);
		s->size = size;
		s->at[s->len] = '\0';
	}
	return s->at + s->len;
}

struct span
str_span(const struct str *s)
{
	return (struct span){ s->at, s->len };
}

void
str_add(struct str *s, struct span bytes)
{
	if (bytes.len == 0)
		return;
	memcpy(str_reserve(s, bytes.len), bytes.at, bytes.len);
	s->len += bytes.len;
	s->at[s->len] = '\0';
}

void
str_add_text(struct str *s, const char *text)
{
	str_add(s, span_text(text));
}

void
str_add_byte(struct str *s, char c)
{
	str_add(s, (struct span){ &c, 1 });
}

void
str_add_number(struct str *s, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	str_add(s, (struct span){ digits + at, sizeof digits - at });
}

void
str_add_format(struct str *s, const char *format, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		die(TEMP, "format %s", format);
	vsnprintf(str_reserve(s, (size_t)n), (size_t)n + 1, format, ap);
	s->len += (size_t)n;
}

void
str_addf(struct str *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	str_add_format(s, format, ap);
	va_end(ap);
}

void
str_set(struct str *s, struct span bytes)
{
	str_clear(s);
	str_add(s, bytes);
}

void
str_setf(struct str *s, const char *format, ...)
{
	va_list ap;

	str_clear(s);
	va_start(ap, format);
	str_add_format(s, format, ap);
	va_end(ap);
}

void
str_lower(struct str *s, size_t from)
{
	for (size_t i = from; i < s->len; i++)
		s->at[i] = byte_lower(s->at[i]);
}

void
str_shift(struct str *s, size_t n)
{
	if (n > s->len)
		n = s->len;
	if (n == 0)
		return;
	memmove(s->at, s->at + n, s->len - n + 1);
	s->len -= n;
}

void *
mem_new(size_t size)
{
	void *p = calloc(1, size == 0 ? 1 : size);

	if (p == NULL)
		die(TEMP, "memory for %zu bytes", size);
	return p;
}

void *
mem_resize(void *p, size_t count, size_t size)
{
	p = reallocarray(p, count == 0 ? 1 : count, size);
	if (p == NULL)
		die(TEMP, "memory for %zu times %zu bytes", count, size);
	return p;
}

char *
mem_text(struct span s)
{
	char *p = mem_new(s.len + 1);

	if (s.len > 0)
		memcpy(p, s.at, s.len);
	return p;
}
