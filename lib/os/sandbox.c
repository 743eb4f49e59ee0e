#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/die.h"
#include "base/log.h"
#include "base/span.h"

/* Rights of Landlock ABI 3 that older headers lack. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

enum {
	READ_RIGHTS = LANDLOCK_ACCESS_FS_READ_FILE |
	    LANDLOCK_ACCESS_FS_READ_DIR,
	EXEC_RIGHTS = LANDLOCK_ACCESS_FS_EXECUTE | READ_RIGHTS,
	FILE_RIGHTS = LANDLOCK_ACCESS_FS_EXECUTE |
	    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_TRUNCATE,
	WRITE_RIGHTS = LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
	    /* None can be created (sandbox_calls()), but existing ones can be
	     * renamed. */
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
	    LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER |
	    LANDLOCK_ACCESS_FS_TRUNCATE,
	/* A file must not gain rights by a rename, so the rights on files are
	 * the same in both folders. */
	TAKE_RIGHTS = LANDLOCK_ACCESS_FS_REFER |
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_TRUNCATE,
	DRAFT_RIGHTS = TAKE_RIGHTS | LANDLOCK_ACCESS_FS_MAKE_REG,
	ARRIVE_RIGHTS = LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_MAKE_REG,
	ALL_RIGHTS = READ_RIGHTS | EXEC_RIGHTS | WRITE_RIGHTS |
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK,
	SCOPES = 1 | 2, /* abstract Unix sockets, signals */
};

/* struct landlock_ruleset_attr of ABI 6; an older kernel gets only the part it
 * knows. */
struct ruleset {
	uint64_t files, net, scopes;
};

static const struct {
	unsigned access;
	uint64_t rights;
} meanings[] = {
	{ SANDBOX_READ, READ_RIGHTS },
	{ SANDBOX_WRITE, WRITE_RIGHTS },
	{ SANDBOX_EXEC, EXEC_RIGHTS },
	{ SANDBOX_DRAFT, DRAFT_RIGHTS },
	{ SANDBOX_TAKE, TAKE_RIGHTS },
	{ SANDBOX_ARRIVE, ARRIVE_RIGHTS },
};

/* The documented setting for kernels without Landlock. */
static bool
switched_off(void)
{
	const char *value = getenv("CHAINMAIL_SANDBOX");

	return value != NULL && strcmp(value, "off") == 0;
}

static void
open_allow(int ruleset, const struct sandbox_open *o, const char *name,
    uint64_t handled)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = o->fd };
	struct stat st;

	if (fstat(o->fd, &st) < 0)
		die(TEMP, "examine %s for the sandbox", name);
	for (size_t i = 0; i < COUNT(meanings); i++)
		if (o->access & meanings[i].access)
			rule.allowed_access |= meanings[i].rights;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
	rule.allowed_access &= handled;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) < 0)
		die(CONFIG, "allow %s in the sandbox", name);
}

static void
path_allow(int ruleset, const struct sandbox_path *p, uint64_t handled)
{
	struct sandbox_open o = { .access = p->access };

	if (p->path == NULL)
		return;
	o.fd = open(p->path, O_PATH | O_CLOEXEC);
	if (o.fd < 0 && errno == ENOENT)
		return;
	if (o.fd < 0)
		die(errno == EACCES ? CONFIG : TEMP, "open %s for the sandbox",
		    p->path);
	open_allow(ruleset, &o, p->path, handled);
	close(o.fd);
}

void
sandbox_paths(const struct sandbox_path *paths, size_t count)
{
	sandbox_paths_and_open(paths, count, NULL, 0);
}

void
sandbox_paths_and_open(const struct sandbox_path *paths, size_t count,
    const struct sandbox_open *open, size_t open_count)
{
	struct ruleset attr = { .files = ALL_RIGHTS };
	size_t size = sizeof attr.files;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	int ruleset;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		die(CONFIG, "no_new_privs");
	if (abi < 1 && switched_off()) {
		struct logline l;

		log_start(&l, "sandbox");
		log_text(&l, "landlock", "off");
		log_write(&l);
		return;
	}
	if (abi < 1)
		die(CONFIG,
		    "no Landlock here; boot the kernel with "
		    "lsm=landlock,..., allow it to the container, "
		    "or set CHAINMAIL_SANDBOX=off to run without");
	if (abi < 2) /* without REFER, renaming between folders is refused */
		attr.files &= ~LANDLOCK_ACCESS_FS_REFER;
	if (abi < 3)
		attr.files &= ~LANDLOCK_ACCESS_FS_TRUNCATE;
	if (abi >= 6) {
		attr.scopes = SCOPES;
		size = sizeof attr;
	}
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (ruleset < 0)
		die(CONFIG, "create a Landlock ruleset");
	for (size_t i = 0; i < count; i++)
		path_allow(ruleset, &paths[i], attr.files);
	for (size_t i = 0; i < open_count; i++)
		open_allow(ruleset, &open[i], "a directory", attr.files);
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		die(CONFIG, "enter the Landlock sandbox");
	close(ruleset);
	errno = 0;
}
