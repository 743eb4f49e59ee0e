#include "base/die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

enum { TEXT_MAX = 1024 };

__attribute__((noreturn)) static void
end(enum verdict v, int error, const char *text)
{
	struct logline l;

	log_start(&l, "die");
	log_text(&l, "text", text);
	if (error != 0)
		log_text(&l, "error", strerror(error));
	log_number(&l, "exit", v);
	log_write(&l);
	exit(v);
}

void
die(enum verdict v, const char *format, ...)
{
	int error = v == USAGE || v == DATA || v == NOUSER ? 0 : errno;
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	end(v, error, text);
}

void
die_text(enum verdict v, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	end(v, 0, text);
}
