/* One command of users.cdb: started, watched, ended. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "commands/delivery.h"
#include "commands/last_line.h"
#include "os/dirs.h"
#include "os/proc.h"

/* How the wait for a command ended. */
enum ending { ENDED, LATE, ABANDONED };

static void
variable_set(const char *name, struct span value)
{
	char *text = mem_text(value);

	setenv(name, text, 1);
	free(text);
}

static void
environment_make(const struct delivery_command *c)
{
	const struct delivery_request *r = c->request;
	struct span recipient = str_span(&r->recipient);
	struct str home = STR_INIT;
	size_t at = recipient.len;

	user_home(c->user, &home); /* depends on the environment */
	clearenv();
	setenv("PATH", "/usr/local/bin:/usr/bin:/bin", 1);
	setenv("SHELL", "/bin/sh", 1);
	variable_set("HOME", str_span(&home));
	variable_set("SENDER", str_span(&r->sender));
	variable_set("RECIPIENT", recipient);
	variable_set("EXT", str_span(&c->user->extension));
	variable_set("EXTENSION", str_span(&c->user->extension));
	variable_set("MESSAGE_ID", str_span(&r->id));
	while (at > 0 && recipient.at[at - 1] != '@')
		at--;
	variable_set("DOMAIN", span_from(recipient, at));
	variable_set("LOCAL", span_head(recipient, at > 0 ? at - 1 : 0));
	str_free(&home);
}

/* Never run a command as root, unless the administrator made root the owner of
 * the mail. */
static void
owner_become(const struct user *user)
{
	if (user->own_uid && geteuid() == 0)
		proc_become(user->uid, user->gid);
	else if (proc_become_owner(dir_mail()) < 0)
		die(TEMP, "stat %s", dir_mail());
}

static _Noreturn void
command_exec(const struct delivery_command *c, int output)
{
	const char *home;

	setsid();
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	owner_become(c->user);
	environment_make(c);
	home = getenv("HOME");
	if ((home == NULL || chdir(home) < 0) && chdir("/") < 0)
		_exit(TEMP);
	if (dup2(c->message, 0) < 0 || dup2(output, 1) < 0 ||
	    dup2(output, 2) < 0)
		_exit(TEMP);
	close_range(3, ~0U, 0);
	execl("/bin/sh", "sh", "-c", c->request->command.at, (char *)NULL);
	_exit(TEMP);
}

/* Wait for the command's end and collect its last line. */
static enum ending
command_wait(const struct delivery_command *c, int watch, int output,
    struct last_line *words)
{
	int64_t end = clock_mono_ms() + (int64_t)c->seconds * 1000;
	struct pollfd p[] = { { .fd = watch, .events = POLLIN },
		{ .fd = output, .events = POLLIN }, { .fd = c->caller } };

	for (;;) {
		int64_t left = end - clock_mono_ms();

		if (left <= 0 ||
		    (poll(p, COUNT(p), (int)left) < 0 && errno != EINTR))
			return LATE;
		if ((p[1].revents & (POLLIN | POLLHUP)) != 0) {
			if (!last_line_read(words, output))
				p[1].fd = -1;
		} else if (p[0].revents != 0) {
			return ENDED;
		} else if (p[2].revents != 0) {
			return ABANDONED;
		}
	}
}

/* sysexits.h, qmail's codes, the shell's; any other code is unsure, and so
 * temporary. */
static int
verdict_of(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : TEMP;

	if (code == DONE || code == DROP)
		return DONE;
	if (code >= 64 && code <= 78)
		return code;
	return code == 100 ? DATA : TEMP;
}

/* Give the command's last line to the sender; a shell's only to the log. */
static void
words_tell(const struct delivery_command *c, struct span words, int verdict,
    struct str *text_r)
{
	struct logline l;

	if (!last_line_is_shells(words)) {
		str_set(text_r, words);
		return;
	}
	log_start(&l, "shell");
	log_span(&l, "id", str_span(&c->request->id));
	log_span(&l, "to", str_span(&c->request->recipient));
	log_number(&l, "verdict", verdict);
	log_span(&l, "text", words);
	log_write(&l);
	if (verdict != DONE)
		str_set(text_r, SPAN("the command failed"));
}

static int
command_follow(
    const struct delivery_command *c, pid_t pid, int output, struct str *text_r)
{
	int watch = (int)syscall(SYS_pidfd_open, pid, 0), status = 0, verdict;
	struct last_line words = { .text = STR_INIT };
	enum ending ending = command_wait(c, watch, output, &words);

	if (ending != ENDED) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	close(watch);
	if (waitpid(pid, &status, 0) != pid)
		status = SIGKILL;
	verdict = ending == LATE ? TEMP : verdict_of(status);
	if (ending == LATE)
		str_set(text_r, SPAN("over its time limit"));
	else
		words_tell(c, str_span(&words.text), verdict, text_r);
	str_free(&words.text);
	return ending == ABANDONED ? -1 : verdict;
}

int
delivery_command_run(const struct delivery_command *c, struct str *text_r)
{
	int output[2], verdict = TEMP;
	pid_t pid;

	str_clear(text_r);
	if (pipe2(output, O_CLOEXEC) < 0)
		return TEMP;
	pid = fork();
	if (pid == 0)
		command_exec(c, output[1]);
	close(output[1]);
	if (pid > 0)
		verdict = command_follow(c, pid, output[0], text_r);
	close(output[0]);
	return verdict;
}
