#include "os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "base/program.h"
#include "os/journald.h"
#include "os/sandbox.h"

enum { GROUPS_MAX = 64 };

extern char **environ;

/* The environment variables we use; all others are dropped. */
static const char *const kept[] = { "CHAINMAIL_", "TCP",
	"PROTO=", "SERVICE=", "LISTEN_", "REMOTE_", "TLS_", "AUTH_",
	"PATH=", "TZ=", "NOTIFY_SOCKET=", "JOURNAL_STREAM=", "CONNECTION=",
	"ASAN_OPTIONS=", "UBSAN_OPTIONS=", "HOME=", "USER=", "LOGNAME=" };

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
	journald_start(program_name());
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
	if (l->size > 0) {
		signal(SIGXFSZ, SIG_IGN);
		limit(RLIMIT_FSIZE, l->size);
	}
	if (l->no_fork)
		limit(RLIMIT_NPROC, 0);
}

int
proc_term(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    (fd = signalfd(-1, &set, SFD_CLOEXEC)) < 0)
		die(TEMP, "wait for signals");
	return fd;
}

pid_t
proc_fork(void)
{
	/* The sanitizers intercept only fork(). */
	return SANDBOX_SANITIZED ? fork() : _Fork();
}

void
proc_exit(int code)
{
	if (SANDBOX_SANITIZED)
		exit(code);
	_exit(code);
}

void
proc_end_with_parent(int signal)
{
	prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0);
	errno = 0;
}

/* The kernel compares RLIMIT_CPU to time counted in clock ticks, like
 * ITIMER_PROF; CLOCK_PROCESS_CPUTIME_ID is measured exactly, and may differ by
 * seconds on a busy machine. */
enum { CLOCK_PROCESS_TICKS = (int)(~0U << 3) };

void
proc_cpu_renew(struct proc_cpu *c, uint64_t seconds)
{
	struct timespec used = { 0 };
	struct rlimit r;
	uint64_t until;

	if (clock_gettime(CLOCK_PROCESS_TICKS, &used) < 0)
		die(TEMP, "clock_gettime");
	/* The current second counts as used. */
	until = (uint64_t)used.tv_sec + 1 + seconds;
	if (until == c->until)
		return;
	c->until = until;
	if (getrlimit(RLIMIT_CPU, &r) < 0)
		die(TEMP, "getrlimit");
	r.rlim_cur = until < r.rlim_max ? until : r.rlim_max;
	if (setrlimit(RLIMIT_CPU, &r) < 0)
		die(TEMP, "setrlimit");
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

/* Dropping needs CAP_SETPCAP. Without it the bounding set doesn't matter, since
 * the process can't gain privileges. */
static void
bounding_clear(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		;
}

/* Only the result counts: a unit that has no capabilities may have a filter
 * that refuses capset(). */
void
proc_powerless(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
	struct __user_cap_data_struct left[2] = { { 1, 1, 1 }, { 1, 1, 1 } };

	bounding_clear();
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    (syscall(SYS_capset, &h, none) < 0 &&
		(syscall(SYS_capget, &h, left) < 0 ||
		    memcmp(left, none, sizeof left) != 0)))
		die(CONFIG, "give up capabilities");
	errno = 0;
}

static void
become(uint32_t uid, uint32_t gid, size_t count, const gid_t *groups)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;
	int with_parent = 0;

	if (uid == 0 || gid == 0)
		die_text(CONFIG, "refuse to run as uid %u, gid %u", uid, gid);
	bounding_clear(); /* while we can */
	prctl(PR_GET_PDEATHSIG, &with_parent, 0, 0, 0);
	if (setgroups(count, groups) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		die(CONFIG, "become uid %u, gid %u", uid, gid);
	if (getresuid(&r, &e, &s) < 0 || r != uid || e != uid || s != uid ||
	    getresgid(&rg, &eg, &sg) < 0 || rg != gid || eg != gid ||
	    sg != gid || setuid(0) == 0)
		die_text(CONFIG, "uid %u is not in force", uid);
	proc_powerless();
	proc_end_with_parent(with_parent); /* setuid cleared it */
}

void
proc_become(uint32_t uid, uint32_t gid)
{
	become(uid, gid, 0, NULL);
}

/* CHAINMAIL_OWNER. */
static void
become_named(const char *owner)
{
	struct span rest = span_text(owner);
	gid_t groups[GROUPS_MAX];
	uint64_t uid, gid;
	size_t count = 0;

	if (!span_number(&rest, UINT32_MAX, &uid) || !span_take(&rest, ':'))
		die_text(
		    CONFIG, "CHAINMAIL_OWNER=%s: want UID:GID GID ...", owner);
	while (count < GROUPS_MAX && span_number(&rest, UINT32_MAX, &gid)) {
		groups[count++] = (gid_t)gid;
		span_take(&rest, ' ');
	}
	if (count == 0 || rest.len > 0)
		die_text(
		    CONFIG, "CHAINMAIL_OWNER=%s: want UID:GID GID ...", owner);
	become((uint32_t)uid, groups[0], count, groups);
}

int
proc_become_owner(const char *folder)
{
	const char *owner = getenv("CHAINMAIL_OWNER");
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (stat(folder, &st) < 0)
		return -1;
	if (st.st_uid != 0)
		proc_become(st.st_uid, st.st_gid);
	else if (owner != NULL)
		become_named(owner);
	return 0;
}
