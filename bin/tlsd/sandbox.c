#include "sandbox.h"

#include <stdlib.h>

#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"

enum { FOLDERS_MAX = 1000 };

struct allowed {
	struct sandbox_path paths[FOLDERS_MAX];
	size_t count;
};

static void
folder_allow(const char *folder, void *arg)
{
	struct allowed *a = arg;

	if (a->count < FOLDERS_MAX)
		a->paths[a->count++] = (struct sandbox_path){
			mem_text(span_text(folder)), SANDBOX_READ
		};
}

void
parent_sandbox(const struct certs *c)
{
	struct allowed *a = mem_new(sizeof *a);

	/* The parent folder is allowed, so that files created or replaced later
	 * are found; the files' modes still apply. */
	folder_allow(dir_etc(), a);
	certs_folders(c, folder_allow, a);
	proc_limit(&(struct proc_limits){ .memory = 512 << 20 });
	sandbox_paths(a->paths, a->count);
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_ACCEPT | CALLS_FORK |
	    CALLS_SANDBOX);
	free(a);
}

void
connection_sandbox(void)
{
	proc_limit(&(struct proc_limits){ .no_fork = true });
	sandbox_calls(CALLS_SOCKET);
}
