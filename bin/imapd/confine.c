#include "confine.h"

#include "base/str.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"

enum { MEMORY = 1 << 30, FILES = 64 };

void
confine(const char *maildir)
{
	struct str marks = STR_INIT;

	/* Where a mailbox is marked as full, to unmark it. */
	str_setf(&marks, "%s/.full", dir_mail());
	const struct sandbox_path paths[] = {
		{ maildir, SANDBOX_READ | SANDBOX_WRITE },
		{ marks.at, SANDBOX_READ | SANDBOX_WRITE },
	};
	const struct proc_limits limits = {
		.memory = MEMORY, .files = FILES, .no_fork = true
	};

	proc_limit(&limits);
	sandbox_paths(paths, COUNT(paths));
	str_free(&marks);
	sandbox_calls(CALLS_FILES);
}
