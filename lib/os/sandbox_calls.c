/* The seccomp filter: a list of allowed numbers compiled to a small BPF
 * program. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/die.h"
#include "base/span.h"
#include "os/sandbox.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "name this machine's AUDIT_ARCH here"
#endif

/* Numbers that only some architectures have. */
#ifdef SYS_open
#define OLD(...) __VA_ARGS__
#else
#define OLD(...)
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

static const int stream[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_close, SYS_ppoll,
	SYS_pselect6, SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise,
	SYS_mprotect, SYS_getrandom, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_clock_gettime,
	SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_fstat,
	SYS_newfstatat, SYS_fcntl, SYS_lseek, SYS_futex, SYS_restart_syscall,
	SYS_getpid, SYS_gettid, SYS_sched_yield, SYS_recvfrom, SYS_sendto,
	SYS_shutdown, SYS_ioctl, SYS_rseq, SYS_set_robust_list, SYS_membarrier,
	SYS_uname, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_prlimit64,
	OLD(SYS_poll, SYS_select, SYS_time, SYS_stat, SYS_lstat, SYS_epoll_wait)
};
static const int files[] = { SYS_openat, SYS_pread64, SYS_pwrite64, SYS_statx,
	SYS_fsync, SYS_fdatasync, SYS_syncfs, SYS_renameat2, SYS_linkat,
	SYS_unlinkat, SYS_mkdirat, SYS_readlinkat, SYS_faccessat,
	SYS_faccessat2, SYS_fstatfs, SYS_statfs, SYS_flock, SYS_ftruncate,
	SYS_fallocate, SYS_utimensat, SYS_fchmod, SYS_umask, SYS_sendfile,
	SYS_copy_file_range, SYS_fadvise64, SYS_sync_file_range, SYS_getcwd,
	SYS_memfd_create,
	OLD(SYS_open, SYS_access, SYS_rename, SYS_link, SYS_unlink, SYS_mkdir,
	    SYS_rmdir, SYS_readlink, SYS_renameat) };
static const int lists[] = { SYS_getdents64, OLD(SYS_getdents) };
static const int watches[] = { SYS_inotify_init1, SYS_inotify_add_watch,
	SYS_inotify_rm_watch };
static const int sockets[] = { SYS_sendmsg, SYS_recvmsg, SYS_getpeername,
	SYS_getsockname, SYS_setsockopt, SYS_getsockopt, SYS_socketpair,
	SYS_sendmmsg, SYS_recvmmsg, SYS_dup, SYS_dup3, SYS_pipe2,
	OLD(SYS_dup2, SYS_pipe) };
static const int connects[] = { SYS_connect };
static const int accepts[] = { SYS_accept4, SYS_accept };
static const int forks[] = { SYS_clone, SYS_clone3, SYS_wait4, SYS_waitid,
	SYS_signalfd4, SYS_pipe2, SYS_dup, SYS_dup3, SYS_socketpair,
	SYS_getppid, SYS_prlimit64, SYS_timerfd_create, SYS_timerfd_settime,
	SYS_setitimer, SYS_eventfd2, SYS_prctl,
	OLD(SYS_fork, SYS_vfork, SYS_pipe, SYS_dup2, SYS_alarm) };
/* Calls of glibc's dynamic linker when a new program starts. */
static const int execs[] = { SYS_execve, SYS_access, SYS_pread64, SYS_prctl,
	SYS_prlimit64, SYS_set_tid_address, SYS_openat, SYS_umask,
	SYS_close_range, OLD(SYS_arch_prctl, SYS_open) };
static const int owners[] = { SYS_setuid, SYS_setgid, SYS_setresuid,
	SYS_setresgid, SYS_setgroups, SYS_getresuid, SYS_getresgid, SYS_fchown,
	SYS_fchownat, SYS_setreuid, SYS_setregid, SYS_capset, SYS_prctl };
static const int narrower[] = { SYS_prctl, SYS_seccomp,
	SYS_landlock_create_ruleset, SYS_landlock_add_rule,
	SYS_landlock_restrict_self, SYS_prlimit64, SYS_setrlimit, SYS_getrlimit,
	SYS_close_range, SYS_openat };
/* Calls of the sanitizers' run-time library. */
static const int sanitizer[] = { SYS_sigaltstack, SYS_openat, SYS_getpid,
	SYS_sched_getaffinity, SYS_readlink, SYS_prlimit64, SYS_getrlimit,
	SYS_pread64, SYS_sysinfo, SYS_close_range };
/* No correct program makes these calls: the process is killed. Those in a
 * chosen group are allowed first. */
static const int deadly[] = { SYS_execve, SYS_execveat, SYS_ptrace,
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_bpf, SYS_mount,
	SYS_umount2, SYS_pivot_root, SYS_unshare, SYS_setns, SYS_keyctl,
	SYS_add_key, SYS_request_key, SYS_init_module, SYS_finit_module,
	SYS_kexec_load, SYS_perf_event_open, SYS_userfaultfd,
	SYS_io_uring_setup };

/* Calls with many operations, and the operations that affect this process
 * alone: no signals, no descriptor's owner, no terminal, no other process's
 * limits. */
static const unsigned fcntls[] = { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL,
	F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW,
	F_SETLEASE, F_GETLEASE, F_DUPFD_CLOEXEC };
static const unsigned ioctls[] = { TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO,
	FIOCLEX };
static const unsigned prctls[] = { PR_SET_PDEATHSIG, PR_GET_PDEATHSIG,
	PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_SECCOMP, PR_CAPBSET_READ,
	PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS,
	PR_CAP_AMBIENT };
static const unsigned own[] = { 0 };
/* Datagrams could be sent to any socket of the machine without a connection. */
static const unsigned connected[] = { SOCK_STREAM, SOCK_SEQPACKET };

static const struct {
	unsigned group;
	const int *calls;
	size_t count;
} groups_of[] = {
	{ CALLS_NAMES, files, COUNT(files) },
	{ CALLS_LIST, lists, COUNT(lists) },
	{ CALLS_WATCH, watches, COUNT(watches) },
	{ CALLS_SOCKET, sockets, COUNT(sockets) },
	{ CALLS_CONNECT | CALLS_INTERNET, connects, COUNT(connects) },
	{ CALLS_CONNECT | CALLS_INTERNET, sockets, COUNT(sockets) },
	{ CALLS_ACCEPT, accepts, COUNT(accepts) },
	{ CALLS_FORK, forks, COUNT(forks) },
	{ CALLS_EXEC, execs, COUNT(execs) },
	{ CALLS_OWNER, owners, COUNT(owners) },
	{ CALLS_SANDBOX, narrower, COUNT(narrower) },
};

/* The filter's answer to a call. */
enum answer {
	REFUSED, /* EPERM */
	ALLOWED,
	DEADLY,      /* the process is killed */
	MISSING,     /* ENOSYS, so that libc takes the older call */
	UNIX_ONLY,   /* socket(2): AF_UNIX, with connections */
	INTERNET,    /* socket(2): AF_INET and AF_INET6 too */
	PLAIN_CLONE, /* clone(2) without new namespaces */
	OF_A_LIST,   /* from here on: depends on an argument, see decided[] */
};
enum { CALLS_MAX = 512, PROGRAM_MAX = 448, SOCK_MASK = 15 };
#define NAMESPACES                                                             \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |         \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* The answer depends on an argument: its bits in mask must equal one of a
 * list. */
static const struct decided {
	int call;
	unsigned argument;
	unsigned mask;
	const unsigned *list;
	size_t count;
} decided[] = {
	{ SYS_fcntl, 1, ~0U, fcntls, COUNT(fcntls) },
	{ SYS_ioctl, 1, ~0U, ioctls, COUNT(ioctls) },
	{ SYS_prctl, 0, ~0U, prctls, COUNT(prctls) },
	{ SYS_prlimit64, 0, ~0U, own, COUNT(own) },
	{ SYS_socketpair, 1, SOCK_MASK, connected, COUNT(connected) },
};
/* A pointer that must be NULL: an address to send to, a path to stamp. */
static const struct absent {
	int call;
	unsigned argument;
} absents[] = { { SYS_sendto, 4 }, { SYS_utimensat, 1 } };

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned short len;
};

static void
emit(struct program *p, unsigned code, unsigned k, unsigned jt, unsigned jf)
{
	if (p->len == PROGRAM_MAX || jt > 255 || jf > 255)
		die_text(CONFIG, "the list of system calls is too long");
	p->code[p->len++] = (struct sock_filter){ (uint16_t)code, (uint8_t)jt,
		(uint8_t)jf, k };
}

static void
answer(struct program *p, unsigned action)
{
	emit(p, BPF_RET | BPF_K, action, 0, 0);
}

static void
load(struct program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void
load_argument(struct program *p, unsigned n)
{
	load(p, offsetof(struct seccomp_data, args) + n * sizeof(uint64_t));
}

/* "If the loaded word is value, it is allowed." */
static void
allow_if(struct program *p, unsigned value)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	answer(p, SECCOMP_RET_ALLOW);
}

/* "If the argument is one of the list, the call is allowed", else refused. */
static void
emit_list(struct program *p, const struct decided *d)
{
	load_argument(p, d->argument);
	if (d->mask != ~0U)
		emit(p, BPF_ALU | BPF_AND | BPF_K, d->mask, 0, 0);
	for (size_t i = 0; i < d->count; i++)
		emit(p, BPF_JMP | BPF_JEQ | BPF_K, d->list[i],
		    (unsigned)(d->count - i), 0);
	answer(p, SECCOMP_RET_ERRNO | EPERM);
	answer(p, SECCOMP_RET_ALLOW);
}

/* "If both halves of the pointer are 0, the call is allowed", else refused. */
static void
emit_absent(struct program *p, const struct absent *a)
{
	load_argument(p, a->argument);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
	load(p,
	    offsetof(struct seccomp_data, args) +
		a->argument * sizeof(uint64_t) + sizeof(uint32_t));
	allow_if(p, 0);
	answer(p, SECCOMP_RET_ERRNO | EPERM);
}

/* socket(2): the family, and for AF_UNIX the type. */
static void
emit_socket(struct program *p, bool internet)
{
	static const struct decided type = { SYS_socket, 1, SOCK_MASK,
		connected, COUNT(connected) };

	load_argument(p, 0);
	if (internet) {
		allow_if(p, AF_INET);
		allow_if(p, AF_INET6);
	}
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0);
	answer(p, SECCOMP_RET_ERRNO | EPERM);
	emit_list(p, &type);
}

static void
emit_answer(struct program *p, unsigned a)
{
	if (a >= OF_A_LIST + COUNT(decided)) {
		emit_absent(p, &absents[a - OF_A_LIST - COUNT(decided)]);
		return;
	}
	if (a >= OF_A_LIST) {
		emit_list(p, &decided[a - OF_A_LIST]);
		return;
	}
	switch ((enum answer)a) {
	case REFUSED:
		break;
	case ALLOWED:
		answer(p, SECCOMP_RET_ALLOW);
		return;
	case DEADLY:
		answer(p, SECCOMP_RET_KILL_PROCESS);
		return;
	case MISSING:
		answer(p, SECCOMP_RET_ERRNO | ENOSYS);
		return;
	case UNIX_ONLY:
	case INTERNET:
		emit_socket(p, a == INTERNET);
		return;
	case OF_A_LIST: /* handled above */
		break;
	case PLAIN_CLONE:
		load_argument(p, 0);
		emit(p, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 1, 0);
		answer(p, SECCOMP_RET_ALLOW);
		break;
	}
	answer(p, SECCOMP_RET_ERRNO | EPERM);
}

/* Numbers from one start up to the next have the same answer. */
struct runs {
	unsigned char answers[CALLS_MAX];
	uint16_t starts[CALLS_MAX];
	size_t count;
};

static void
runs_find(struct runs *r)
{
	r->count = 0;
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (i == 0 || r->answers[i] != r->answers[i - 1])
			r->starts[r->count++] = (uint16_t)i;
}

/* Binary search: when the filter is installed the kernel runs it for every
 * number, so a linear list would cost as much as a fork. */
static void
emit_tree(struct program *p, const struct runs *r, size_t low, size_t high)
{
	size_t middle = low + (high - low) / 2, at = p->len;

	if (high - low == 1) {
		emit_answer(p, r->answers[r->starts[low]]);
		return;
	}
	emit(p, BPF_JMP | BPF_JGE | BPF_K, r->starts[middle], 0, 0);
	emit_tree(p, r, low, middle);
	if (p->len - at - 1 > 255)
		die_text(CONFIG, "the list of system calls is too long");
	p->code[at].jt = (uint8_t)(p->len - at - 1);
	emit_tree(p, r, middle, high);
}

static void
answers_set(
    unsigned char *answers, const int *calls, size_t count, enum answer a)
{
	for (size_t i = 0; i < count; i++)
		answers[calls[i]] = (unsigned char)a;
}

/* Calls that are allowed only with some arguments. */
static void
answers_decide(unsigned char answers[CALLS_MAX])
{
	unsigned a = OF_A_LIST;

	for (size_t i = 0; i < COUNT(decided); i++, a++)
		if (answers[decided[i].call] == ALLOWED)
			answers[decided[i].call] = (unsigned char)a;
	for (size_t i = 0; i < COUNT(absents); i++, a++)
		if (answers[absents[i].call] == ALLOWED)
			answers[absents[i].call] = (unsigned char)a;
}

static void
answers_choose(unsigned char answers[CALLS_MAX], unsigned groups)
{
	memset(answers, REFUSED, CALLS_MAX);
	answers_set(answers, deadly, COUNT(deadly), DEADLY);
	answers_set(answers, stream, COUNT(stream), ALLOWED);
	for (size_t i = 0; i < COUNT(groups_of); i++)
		if (groups & groups_of[i].group)
			answers_set(answers, groups_of[i].calls,
			    groups_of[i].count, ALLOWED);
	if (SANDBOX_SANITIZED)
		answers_set(answers, sanitizer, COUNT(sanitizer), ALLOWED);
	if (groups & (CALLS_CONNECT | CALLS_INTERNET))
		answers[SYS_socket] = groups & CALLS_INTERNET ? INTERNET
							      : UNIX_ONLY;
	if (groups & CALLS_FORK) {
		answers[SYS_clone] = PLAIN_CLONE;
		answers[SYS_clone3] = MISSING; /* the filter can't see its
					        * flags */
	}
	answers_decide(answers);
}

void
sandbox_calls(unsigned groups)
{
	struct runs r;
	struct program p = { .len = 0 };
	struct sock_fprog f;

	answers_choose(r.answers, groups);
	runs_find(&r);
	load(&p, offsetof(struct seccomp_data, arch));
	emit(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
	answer(&p, SECCOMP_RET_KILL_PROCESS);
	load(&p, offsetof(struct seccomp_data, nr));
	emit(&p, BPF_JMP | BPF_JGE | BPF_K, CALLS_MAX, 0, 1);
	answer(&p, SECCOMP_RET_ERRNO | EPERM);
	emit_tree(&p, &r, 0, r.count);

	f = (struct sock_fprog){ p.len, p.code };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &f) < 0)
		die(CONFIG, "enter the system call sandbox");
	errno = 0;
}
