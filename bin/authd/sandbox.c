/* authd's sandboxes: see dialogue.h. */
#include "os/sandbox.h"
#include "dialogue.h"
#include "os/dirs.h"
#include "os/proc.h"

void
parent_sandbox(void)
{
	const struct sandbox_path paths[] = { { dir_etc(), SANDBOX_READ } };

	proc_limit(&(struct proc_limits){ .memory = 1 << 30 });
	sandbox_paths(paths, COUNT(paths));
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_ACCEPT | CALLS_FORK |
	    CALLS_SANDBOX);
}

void
dialogue_sandbox(void)
{
	proc_limit(&(struct proc_limits){ .no_fork = true });
	sandbox_calls(CALLS_FILES | CALLS_SOCKET);
}
