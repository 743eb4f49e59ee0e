#include "reply.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 400 };

void
reply_ok(struct session *s, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	s->errors = 0;
	io_putf(&s->io, "+OK %s\r\n", text);
}

void
reply_error(struct session *s, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	s->errors++;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	io_putf(&s->io, "-ERR %s\r\n", text);
}

void
reply_gone(struct session *s, uint32_t at)
{
	io_putf(&s->io, "-ERR message %u is gone\r\n", at + 1);
}
