#include "base/die.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static const char *name = "chainmail"; /* set once, before anything runs */

void
program_name_set(const char *argv0)
{
	const char *slash = argv0 == NULL ? NULL : strrchr(argv0, '/');

	if (argv0 != NULL)
		name = slash == NULL ? argv0 : slash + 1;
}

const char *
program_name(void)
{
	return name;
}

void
die(enum verdict v, const char *format, ...)
{
	int saved = errno;
	char text[1024];
	struct logline l;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	log_start(&l, "die");
	log_text(&l, "text", text);
	if (saved != 0)
		log_text(&l, "error", strerror(saved));
	log_number(&l, "exit", v);
	log_write(&l);
	exit(v);
}
