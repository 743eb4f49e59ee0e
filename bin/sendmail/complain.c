#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/program.h"

__attribute__((format(printf, 1, 0))) static void
complain_list(const char *format, va_list ap)
{
	fprintf(stderr, "%s: ", program_name());
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
}

void
complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain_list(format, ap);
	va_end(ap);
}

void
complain_and_end(enum verdict v, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain_list(format, ap);
	va_end(ap);
	exit(v);
}
