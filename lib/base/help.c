#include "base/help.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/program.h"

#ifndef VERSION /* the build sets it from NEWS.md */
#define VERSION "unknown"
#endif

static bool
is_usage(const char *line)
{
	return strncmp(line, "usage:", 6) == 0 || *line == ' ';
}

void
help_answer(int argc, char **argv, const char *help)
{
	int r;

	if (argc != 2)
		return;
	if (help != NULL && strcmp(argv[1], "--help") == 0)
		r = dprintf(STDOUT_FILENO, "%s", help);
	else if (strcmp(argv[1], "--version") == 0)
		r = dprintf(STDOUT_FILENO, "%s (chainmail) %s\n",
		    program_name(), VERSION);
	else
		return;
	exit(r < 0 ? TEMP : DONE);
}

void
help_usage(const char *help)
{
	const char *end = help;

	while (is_usage(end))
		end = strchr(end, '\n') + 1;
	dprintf(STDERR_FILENO, "%.*s", (int)(end - help), help);
	exit(USAGE);
}
