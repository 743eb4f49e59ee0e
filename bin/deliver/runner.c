/* The other side: forks once per command, and once more to watch it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "os/proc.h"
#include "os/sock.h"
#include "pipe.h"

enum { OUTPUT_MAX = 400 };

struct run {
	int answer;       /* the socket */
	uint64_t seconds; /* limit */
	struct span request;
	int message;
	struct user user; /* whose entry it is */
};

/* deliver reads what strangers send; so what it asks for is looked up here
 * again. */
static bool
is_allowed(struct users *u, struct run *r)
{
	struct str entry = STR_INIT, command = STR_INIT, value = STR_INIT;
	struct span rest, key;
	bool ok = false;

	users_refresh(u);
	record_get(r->request, "entry", &entry);
	record_get(r->request, "command", &command);
	if (entry.at[0] == '@') /* a catch-all answers for any name */
		str_setf(&value, "x%s", entry.at);
	else
		str_set(&value, str_span(&entry));
	users_lookup(u, str_span(&value), &r->user);
	rest = str_span(&r->user.targets);
	while (!ok &&
	    span_equal(str_span(&r->user.address), str_span(&entry)) &&
	    record_next(&rest, &key, &value))
		ok = span_equal(key, SPAN("pipe")) &&
		    span_equal(str_span(&value), str_span(&command));
	str_free(&entry);
	str_free(&command);
	str_free(&value);
	return ok;
}

static void
variable_set(const char *name, struct span value)
{
	char *text = mem_text(value);

	setenv(name, text, 1);
	free(text);
}

static void
environment_make(const struct run *r)
{
	static const struct {
		const char *name, *key;
	} words[] = { { "SENDER", "sender" }, { "RECIPIENT", "recipient" },
		{ "EXT", "ext" }, { "EXTENSION", "ext" }, { "HOME", "home" },
		{ "MESSAGE_ID", "id" } };
	struct str value = STR_INIT;
	size_t at;

	clearenv();
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
	setenv("SHELL", "/bin/sh", 1);
	for (size_t i = 0; i < COUNT(words); i++) {
		record_get(r->request, words[i].key, &value);
		variable_set(words[i].name, str_span(&value));
	}
	record_get(r->request, "recipient", &value);
	at = value.len;
	while (at > 0 && value.at[at - 1] != '@')
		at--;
	variable_set("DOMAIN", span_from(str_span(&value), at));
	variable_set("LOCAL", span_head(str_span(&value), at > 0 ? at - 1 : 0));
	str_free(&value);
}

__attribute__((noreturn)) static void
command_exec(const struct run *r, int output)
{
	struct str command = STR_INIT;
	const char *home;

	record_get(r->request, "command", &command);
	setsid();
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	if (r->user.own_uid && geteuid() == 0)
		proc_become(r->user.uid, r->user.gid);
	environment_make(r);
	home = getenv("HOME");
	if ((home == NULL || chdir(home) < 0) && chdir("/") < 0)
		_exit(TEMP);
	if (dup2(r->message, 0) < 0 || dup2(output, 1) < 0 ||
	    dup2(output, 2) < 0)
		_exit(TEMP);
	close_range(3, ~0U, 0);
	execl("/bin/sh", "sh", "-c", command.at, NULL);
	_exit(TEMP);
}

/* The last line of what it said; -1 when it has closed its output. */
static int
output_take(int fd, struct str *text)
{
	char buffer[4096];
	ssize_t n = read(fd, buffer, sizeof buffer);

	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : -1;
	for (ssize_t i = 0; i < n; i++) {
		if (text->len > 0 && text->at[text->len - 1] == '\n')
			str_clear(text);
		if (text->len < OUTPUT_MAX || buffer[i] == '\n')
			str_add_byte(text, buffer[i]);
	}
	return 0;
}

/* Wait for the command's end and collect its last words; -1 when the time is
 * up (it is killed then, with all that it started). */
static int
command_wait(pid_t pid, int output, uint64_t seconds, struct str *text)
{
	int64_t end = clock_mono_ms() + (int64_t)seconds * 1000;
	int watch = (int)syscall(SYS_pidfd_open, pid, 0), status = 0;
	struct pollfd p[2] = { { watch, POLLIN, 0 }, { output, POLLIN, 0 } };
	bool late = false;

	for (;;) {
		int64_t left = end - clock_mono_ms();

		late = left <= 0;
		if (late || (poll(p, 2, (int)left) < 0 && errno != EINTR))
			break;
		if ((p[1].revents & (POLLIN | POLLHUP)) != 0 &&
		    output_take(output, text) < 0)
			p[1].fd = -1;
		else if (p[0].revents != 0)
			break;
	}
	if (late) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	close(watch);
	if (waitpid(pid, &status, 0) != pid || late)
		return -1;
	return status;
}

/* sysexits.h, qmail's codes, the shell's; what is none of them is unsure, and
 * so temporary. */
static int
verdict_of(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : TEMP;

	if (status == -1)
		return TEMP;
	if (code == DONE || code == DROP)
		return DONE;
	if (code >= 64 && code <= 78)
		return code;
	return code == 100 ? DATA : TEMP;
}

static void
answer_send(const struct run *r, int verdict, struct span text)
{
	struct str answer = STR_INIT, n = STR_INIT;

	record_get(r->request, "n", &n);
	record_verb(&answer, "end");
	record_add(&answer, "n", str_span(&n));
	record_add_number(&answer, "verdict", verdict);
	record_add(&answer, "text", text);
	sock_send(r->answer, str_span(&answer), NULL, 0);
	str_free(&answer);
	str_free(&n);
}

__attribute__((noreturn)) static void
run_watch(struct run *r)
{
	struct str text = STR_INIT;
	int output[2], status = -1;
	pid_t pid;

	signal(SIGCHLD, SIG_DFL);
	if (pipe2(output, O_CLOEXEC) == 0 && (pid = fork()) >= 0) {
		if (pid == 0)
			command_exec(r, output[1]);
		close(output[1]);
		status = command_wait(pid, output[0], r->seconds, &text);
		if (status == -1)
			str_set(&text, SPAN("over its time limit"));
	}
	if (text.len > 0 && text.at[text.len - 1] == '\n')
		str_cut(&text, text.len - 1);
	answer_send(r, verdict_of(status), str_span(&text));
	_exit(0);
}

static void
run_one(struct users *u, struct run *r)
{
	pid_t pid = -1;

	user_init(&r->user);
	if (is_allowed(u, r))
		pid = fork();
	if (pid == 0)
		run_watch(r);
	if (pid < 0)
		answer_send(r, TEMP, SPAN("the command can't be run now"));
	user_free(&r->user);
}

__attribute__((noreturn)) static void
runner_serve(int sock, struct users *u, uint64_t seconds)
{
	struct str request = STR_INIT;
	int fds[FDS_MAX];
	size_t count;

	signal(SIGCHLD, SIG_IGN); /* watchers end by themselves */
	while (sock_receive(sock, 0, &request, fds, &count) > 0) {
		struct run r = { .answer = sock,
			.seconds = seconds,
			.request = str_span(&request),
			.message = count > 0 ? fds[0] : -1 };

		if (count == 1)
			run_one(u, &r);
		for (size_t i = 0; i < count; i++)
			close(fds[i]);
	}
	_exit(0);
}

/* The jobs on descriptor 0 are not its business. */
static void
quiet_stdin(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || dup2(fd, 0) < 0)
		_exit(TEMP);
	close(fd);
}

int
runner_start(struct users *u, uint64_t seconds)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		quiet_stdin();
		runner_serve(pair[1], u, seconds);
	}
	close(pair[1]);
	if (pid > 0)
		return pair[0];
	close(pair[0]);
	return -1;
}
