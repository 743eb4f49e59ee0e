#include "base/program.h"

#include <string.h>

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
