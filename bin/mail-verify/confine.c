#include "answer.h"
#include "os/proc.h"
#include "os/sandbox.h"

enum { MEMORY = 64 << 20, FILES = 16 };

void
filter_confine(uint64_t message_size)
{
	proc_limit(&(struct proc_limits){ .memory = MEMORY + 2 * message_size,
	    .files = FILES,
	    .no_fork = true });
	sandbox_paths(NULL, 0);
	sandbox_calls(CALLS_NAMES | CALLS_SOCKET);
}
