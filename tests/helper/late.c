/* A program whose calls can be told from those of its parents: CHAINMAIL_LATE
 * times it makes each call that tests have fail, in vain, then it becomes the
 * program of its own name with ".late" behind it. So a debugger that follows
 * all of them (strace -f), and counts for each process by itself, reaches the
 * counts of that program in no other. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"
#include "base/str.h"
#include "os/proc.h"

static void
call_each(void)
{
	char byte = 0;

	/* Of no descriptor: each fails. */
	if (openat(-1, "late", O_RDONLY) >= 0 || read(-1, &byte, 1) >= 0 ||
	    pread(-1, &byte, 1, 0) >= 0 || write(-1, &byte, 1) >= 0)
		die(TEMP, "a call that can't be done is done");
}

int
main(int argc, char **argv)
{
	const char *times = getenv("CHAINMAIL_LATE");
	struct str path = STR_INIT;
	uint64_t n = 0;

	(void)argc;
	if (times == NULL || !span_is_number(span_text(times), 10000, &n))
		die(USAGE, "CHAINMAIL_LATE is no number");
	for (uint64_t i = 0; i < n; i++)
		call_each();
	proc_sibling(argv[0], &path);
	str_add_text(&path, ".late");
	execv(path.at, argv);
	die(TEMP, "start %s", path.at);
}
