#include "backend.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "os/conf.h"
#include "os/sock.h"

enum {
	FD_PASSWORD = 3, /* a checkpassword program's input */
	PROGRAM_S = 30,
	WORDS_MAX = 32,
	ACCEPTED = 0,
	REFUSED = 1, /* exit codes of checkpassword */
	TEMPORARY = 111,
};

/* The command's words, and /bin/true: a checkpassword program runs what follows
 * it when it accepts. */
static char **
words_of(struct span command)
{
	char **argv = mem_new((WORDS_MAX + 2) * sizeof *argv);
	size_t n = 0;

	while (n < WORDS_MAX) {
		size_t len;

		command = span_trim(command);
		for (len = 0;
		     len < command.len && !byte_is_blank(command.at[len]);
		     len++)
			;
		if (len == 0)
			break;
		argv[n++] = mem_text(span_head(command, len));
		command = span_from(command, len);
	}
	argv[n] = mem_text(SPAN("/bin/true"));
	return argv;
}

/* In a process of its own: write the program's input, and exec it. */
static _Noreturn void
program_become(char **argv, struct span question)
{
	int ends[2];

	if (pipe(ends) < 0 || write_all(ends[1], question) < 0)
		_exit(TEMPORARY);
	close(ends[1]);
	if (dup2(ends[0], FD_PASSWORD) < 0)
		_exit(TEMPORARY);
	close_range(FD_PASSWORD + 1, ~0U, 0);
	signal(SIGCHLD, SIG_DFL);
	alarm(PROGRAM_S); /* outlives the exec */
	execvp(argv[0], argv);
	_exit(TEMPORARY);
}

static unsigned char
program_run(char **argv, struct span question)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		program_become(argv, question);
	if (pid < 0)
		return TEMPORARY;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return TEMPORARY;
	return WIFEXITED(status) ? (unsigned char)WEXITSTATUS(status)
				 : TEMPORARY;
}

/* One process per question, so that a slow one holds up no other. */
static _Noreturn void
runner(int sock, char **argv)
{
	struct str question = STR_INIT;
	int fds[FDS_MAX];
	size_t count;
	unsigned char code;

	signal(SIGCHLD, SIG_IGN); /* children are reaped by the kernel */
	for (;;) {
		int r = sock_receive(sock, 0, &question, fds, &count);

		if (r == 0)
			_exit(DONE); /* authd is gone */
		if (r < 0 || count != 1)
			continue;
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			code = program_run(argv, str_span(&question));
			sock_send(
			    fds[0], (struct span){ (char *)&code, 1 }, NULL, 0);
			_exit(DONE);
		}
		close(fds[0]);
		explicit_bzero(question.at, question.len);
	}
}

int
backend_start(int etc, pid_t *pid_r)
{
	struct str command = STR_INIT;
	int ends[2];
	pid_t pid;

	if (!conf_value(etc, "checkpassword", &command)) {
		conf_missing("checkpassword");
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		die(TEMP, "socketpair");
	pid = fork();
	if (pid < 0)
		die(TEMP, "fork");
	if (pid == 0) {
		close(0);
		close(ends[0]);
		runner(ends[1], words_of(str_span(&command)));
	}
	close(ends[1]);
	*pid_r = pid;
	str_free(&command);
	return ends[0];
}

/* Wait for the one byte; TEMPORARY when it does not come. */
static unsigned char
verdict_wait(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	unsigned char code;

	if (poll(&p, 1, (PROGRAM_S + 2) * 1000) == 1 &&
	    recv(sock, &code, 1, 0) == 1)
		return code;
	return TEMPORARY;
}

int
backend_check(struct dialogue *d, struct span password)
{
	struct str question = STR_INIT;
	unsigned char code = TEMPORARY;
	int ends[2];

	str_add(&question, str_span(&d->user.address));
	str_add_byte(&question, '\0');
	str_add(&question, password);
	str_add_byte(&question, '\0');
	str_addf(&question, "%lld", (long long)clock_wall_s());
	str_add_byte(&question, '\0');
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0) {
		if (sock_send(d->authd->runner, str_span(&question), &ends[1],
			1) == 0) {
			close(ends[1]);
			code = verdict_wait(ends[0]);
		}
		close(ends[0]);
	}
	str_wipe(&question);
	d->how = "program";
	if (code == ACCEPTED)
		return 0;
	return dialogue_fail(
	    d, code == REFUSED ? AUTH_CREDENTIALS : AUTH_UNAVAILABLE);
}
