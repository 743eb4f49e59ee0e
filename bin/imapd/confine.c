#include "confine.h"

#include "base/str.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "store/acl.h"
#include "store/index_place.h"
#include "users/grant.h"

enum { MEMORY = 1 << 30, FILES = 64 };

void
confine(const char *maildir, const struct shared *shared)
{
	struct str logins = STR_INIT, indexes = STR_INIT;
	bool apart = index_place_path(maildir, &indexes);
	struct sandbox_path paths[SHARED_MAX + 3] = {
		{ maildir, SANDBOX_READ | SANDBOX_WRITE },
		{ apart ? indexes.at : NULL, SANDBOX_READ | SANDBOX_WRITE },
		grant_path(&logins),
	};
	size_t count = 3;
	const struct proc_limits limits = {
		.memory = MEMORY, .files = FILES, .no_fork = true
	};

	for (size_t i = 0; shared != NULL && i < shared->count; i++)
		if (shared->at[i].rights & RIGHT_READ)
			paths[count++] = (struct sandbox_path){
				shared->at[i].path.at, SANDBOX_READ
			};
	proc_limit(&limits);
	sandbox_paths(paths, count);
	str_free(&logins);
	str_free(&indexes);
	sandbox_calls(CALLS_FILES | CALLS_WATCH);
}
