#include "confine.h"

#include "base/str.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "users/grant.h"

enum { MEMORY = 1 << 30, FILES = 64 };

void
confine(const char *maildir)
{
	struct str logins = STR_INIT;

	const struct sandbox_path paths[] = {
		{ maildir, SANDBOX_READ | SANDBOX_WRITE },
		grant_path(&logins),
	};
	const struct proc_limits limits = {
		.memory = MEMORY, .files = FILES, .no_fork = true
	};

	proc_limit(&limits);
	sandbox_paths(paths, COUNT(paths));
	str_free(&logins);
	sandbox_calls(CALLS_FILES | CALLS_WATCH);
}
