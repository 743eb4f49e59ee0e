#include "confine.h"

#include "base/str.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "store/index_place.h"
#include "users/grant.h"

enum { MEMORY = 1 << 30, FILES = 64 };

void
confine(const char *maildir)
{
	struct str logins = STR_INIT, indexes = STR_INIT;
	bool apart = index_place_path(maildir, &indexes);

	const struct sandbox_path paths[] = {
		{ maildir, SANDBOX_READ | SANDBOX_WRITE },
		{ apart ? indexes.at : NULL, SANDBOX_READ | SANDBOX_WRITE },
		grant_path(&logins),
	};
	const struct proc_limits limits = {
		.memory = MEMORY, .files = FILES, .no_fork = true
	};

	proc_limit(&limits);
	sandbox_paths(paths, COUNT(paths));
	str_free(&logins);
	str_free(&indexes);
	sandbox_calls(CALLS_FILES | CALLS_WATCH);
}
