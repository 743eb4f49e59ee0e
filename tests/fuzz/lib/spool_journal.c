/* What is left of a journal and of a state file is put together: the first part
 * of the input, up to a NUL, is the state file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "spool/journal.h"
#include "spool/state.h"

#define ID "01K00000000000000000000000"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A spool of its own, removed at the end; where syncing costs nothing, if there
 * is such a place. */
static struct spool spool;
static char folder[40];

static void
folder_remove(void)
{
	static const char *const parts[] = { "tmp", "new/" ID, "new",
		"state/" ID, "state", "bad", "blank", "hold", "journal",
		"journal.new" };

	for (size_t i = 0; i < COUNT(parts); i++) {
		char path[100];

		snprintf(path, sizeof path, "%s/%s", folder, parts[i]);
		remove(path);
	}
	rmdir(folder);
}

static void
spool_begin(void)
{
	snprintf(folder, sizeof folder, "%s/chainmail-fuzz-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (mkdtemp(folder) == NULL ||
	    setenv("CHAINMAIL_SPOOL", folder, 1) < 0 || spool_open(&spool) < 0)
		abort();
	atexit(folder_remove);
	close(openat(spool.new, ID, O_WRONLY | O_CREAT, 0600));
}

static void
file_put(int dir, const char *name, struct span text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write_all(fd, text) < 0)
		abort();
	close(fd);
}

static void
replay(int root, struct span journal, struct str *state_r)
{
	struct journal j;

	file_put(root, "journal", journal);
	if (journal_open(&j, &spool) < 0)
		abort();
	journal_close(&j);
	if (faccessat(root, "journal", F_OK, 0) == 0 ||
	    state_tail(&spool, ID, 1 << 20, state_r) < 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = { (const char *)data, size }, state;
	struct str once = STR_INIT, twice = STR_INIT;
	int root;

	if (folder[0] == '\0')
		spool_begin();
	if (!span_until(&rest, '\0', &state))
		return 0;
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file_put(spool.state, ID, state);
	replay(root, span_from(rest, 1), &once);
	/* What was there is there; and nothing is put back again and again,
	 * behind a line that is cut once more. */
	if (!span_starts(str_span(&once), state))
		abort();
	replay(root, span_from(rest, 1), &once);
	replay(root, span_from(rest, 1), &twice);
	if (!span_equal(str_span(&once), str_span(&twice)))
		abort();
	close(root);
	str_free(&once);
	str_free(&twice);
	return 0;
}
