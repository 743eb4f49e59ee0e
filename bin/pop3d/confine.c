#include "confine.h"

#include "base/span.h"
#include "base/str.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "store/index_place.h"
#include "users/grant.h"

enum { MEMORY_MAX = 256 << 20, FILES_MAX = 64, FILE_SIZE_MAX = 256 << 20 };

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

	proc_limit(&(struct proc_limits){ .memory = MEMORY_MAX,
	    .files = FILES_MAX,
	    .size = FILE_SIZE_MAX,
	    .no_fork = true });
	sandbox_paths(paths, COUNT(paths));
	str_free(&logins);
	str_free(&indexes);
	sandbox_calls(CALLS_FILES);
}
