#include "spool/blank.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/format.h"

enum {
	BLANKS = 128,
	GIVE_TRIES = 4, /* slots that are looked at before giving up */
	TAKE_TRIES = 2,
};

struct slot {
	char name[3];
};

static struct slot
slot_name(unsigned n)
{
	struct slot s;

	snprintf(s.name, sizeof s.name, "%02x", n % BLANKS);
	return s;
}

/* Start at a random slot, so that takers seldom collide. */
static unsigned
slot_any(void)
{
	unsigned char n = 0;

	if (getrandom(&n, sizeof n, 0) != sizeof n)
		return 0;
	return n;
}

bool
blank_give(const struct spool *s, const char *name)
{
	unsigned first = slot_any();

	for (unsigned i = 0; s->blank >= 0 && i < GIVE_TRIES; i++) {
		if (renameat2(s->new, name, s->blank, slot_name(first + i).name,
			RENAME_NOREPLACE) == 0)
			return true;
		if (errno != EEXIST)
			return false;
	}
	return false;
}

/* Nobody else has the file open: a writer of its old message could still write
 * to it. A lease is granted only then; without leases (network file systems) it
 * can't be determined. */
static bool
is_alone(int fd)
{
	return fcntl(fd, F_SETLEASE, F_WRLCK) == 0 &&
	    fcntl(fd, F_SETLEASE, F_UNLCK) == 0;
}

/* Open the taken file, if it may be written again. */
static int
blank_open(const struct spool *s, const char *name)
{
	struct stat st;
	int fd = openat(s->tmp, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink == 1 &&
	    st.st_mode == (S_IFREG | SPOOL_MODE) && st.st_uid == geteuid() &&
	    is_alone(fd) && ftruncate(fd, 0) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	unlinkat(s->tmp, name, 0);
	return -1;
}

int
blank_take(const struct spool *s, const char *name)
{
	unsigned first = slot_any();

	for (unsigned i = 0; s->blank >= 0 && i < TAKE_TRIES; i++) {
		if (renameat2(s->blank, slot_name(first + i).name, s->tmp, name,
			RENAME_NOREPLACE) == 0)
			return blank_open(s, name);
		if (errno != ENOENT)
			return -1;
	}
	return -1;
}

unsigned
blank_purge(const struct spool *s)
{
	unsigned n = 0;

	for (unsigned i = 0; s->blank >= 0 && i < BLANKS; i++)
		n += unlinkat(s->blank, slot_name(i).name, 0) == 0;
	return n;
}
