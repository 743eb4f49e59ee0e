#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "os/sandbox.h"

extern char **environ;

/* What of the environment means something to us; all else is dropped. */
static const char *const kept[] = { "CHAINMAIL_", "TCP",
	"PROTO=", "SERVICE=", "LISTEN_", "REMOTE_", "TLS_", "AUTH_",
	"PATH=", "TZ=", "NOTIFY_SOCKET=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=",
	"HOME=", "USER=", "LOGNAME=" };

static bool
is_kept(const char *entry)
{
	for (size_t i = 0; i < COUNT(kept); i++)
		if (strncmp(entry, kept[i], strlen(kept[i])) == 0)
			return true;
	return false;
}

static void
environment_clean(void)
{
	char **to = environ;

	for (char **from = environ; *from != NULL; from++)
		if (is_kept(*from))
			*to++ = *from;
	*to = NULL;
}

void
proc_start(const char *argv0, int first_closed)
{
	struct rlimit none = { 0, 0 };
	int fd;

	program_name_set(argv0);
	umask(077);
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	if (fd >= 0)
		close(fd);
	close_range((unsigned)first_closed, ~0U, 0);
	environment_clean();
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	errno = 0;
}

static void
limit(__rlimit_resource_t what, uint64_t value)
{
	struct rlimit r;

	if (getrlimit(what, &r) < 0)
		die(TEMP, "getrlimit");
	if (r.rlim_max != RLIM_INFINITY && value > r.rlim_max)
		value = r.rlim_max;
	r.rlim_cur = r.rlim_max = value;
	if (setrlimit(what, &r) < 0)
		die(TEMP, "setrlimit");
}

void
proc_limit(const struct proc_limits *l)
{
	if (l->memory > 0 && !SANDBOX_SANITIZED)
		limit(RLIMIT_AS, l->memory);
	if (l->files > 0)
		limit(RLIMIT_NOFILE, l->files);
	if (l->size > 0)
		limit(RLIMIT_FSIZE, l->size);
	if (l->no_fork)
		limit(RLIMIT_NPROC, 0);
}

void
proc_sibling(const char *name, struct str *path_r)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	str_clear(path_r);
	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		if (slash != NULL)
			str_add(path_r,
			    (struct span){ self, (size_t)(slash - self) + 1 });
	}
	str_add_text(path_r, name);
}

void
proc_become(uint32_t uid, uint32_t gid)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (uid == 0 || gid == 0)
		die(CONFIG, "refuse to run as uid %u, gid %u", uid, gid);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		die(CONFIG, "become uid %u, gid %u", uid, gid);
	if (getresuid(&r, &e, &s) < 0 || r != uid || e != uid || s != uid ||
	    getresgid(&rg, &eg, &sg) < 0 || rg != gid || eg != gid ||
	    sg != gid || setuid(0) == 0)
		die(CONFIG, "uid %u is not in force", uid);
	errno = 0;
}
