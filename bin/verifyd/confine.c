#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "service.h"

enum { MEMORY = 256 << 20, FILES = 128 };

/* Only the configuration can be read, and nothing be written. */
void
service_confine(void)
{
	proc_limit(&(struct proc_limits){ .memory = MEMORY, .files = FILES });
	sandbox_paths(&(struct sandbox_path){ dir_etc(), SANDBOX_READ }, 1);
	sandbox_calls(CALLS_NAMES | CALLS_INTERNET | CALLS_ACCEPT | CALLS_FORK |
	    CALLS_SANDBOX);
}

void
service_narrow(void)
{
	proc_limit(&(struct proc_limits){ .no_fork = true });
	sandbox_calls(CALLS_NAMES | CALLS_INTERNET);
}
