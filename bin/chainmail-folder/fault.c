#include <stdarg.h>
#include <stdio.h>

#include "report.h"

void
report_fault(struct report *r, bool lasting, const char *format, ...)
{
	va_list ap;

	fputs("  ", stdout);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	r->count++;
	r->lasting += lasting;
}
