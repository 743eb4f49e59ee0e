/* Receive requests and start one process to watch each command. */
#include "commands/delivery.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "base/record.h"
#include "os/sock.h"

enum { WATCHERS_MAX = 200 };

/* A process that watches a command. */
struct watcher {
	struct watcher *next;
	pid_t pid;
	uint64_t n; /* the caller's number of the job */
};

struct serving {
	const struct delivery *how;
	int signals;
	struct watcher *watchers;
	size_t count;
	bool ending; /* SIGTERM: take no further requests */
};

static bool
is_allowed(struct users *u, const struct delivery_request *r, struct user *user)
{
	struct str value = STR_INIT;
	struct span rest, key;
	bool ok = false;

	users_refresh(u);
	users_lookup(u, str_span(&r->to), user);
	rest = str_span(&user->targets);
	while (!ok && record_next(&rest, &key, &value))
		ok = span_equal(key, SPAN("pipe")) &&
		    span_equal(str_span(&value), str_span(&r->command));
	str_free(&value);
	return ok;
}

static void
answer_send(int sock, uint64_t n, int verdict, struct span text)
{
	struct str answer = STR_INIT;

	record_verb(&answer, "end");
	record_add_number(&answer, "n", (int64_t)n);
	record_add_number(&answer, "verdict", verdict);
	record_add(&answer, "text", text);
	sock_send(sock, str_span(&answer), NULL, 0);
	str_free(&answer);
}

static void
command_log(const struct delivery_request *r, const char *event, int verdict,
    struct span text, int64_t started)
{
	struct logline l;

	log_start(&l, event);
	log_span(&l, "id", str_span(&r->id));
	log_span(&l, "to", str_span(&r->to));
	log_number(&l, "verdict", verdict);
	if (text.len > 0)
		log_span(&l, "text", text);
	log_number(&l, "ms", clock_mono_ms() - started);
	log_write(&l);
}

/* Block these signals, which the server reads from a descriptor, or unblock
 * them. */
static void
signals_block(int how, sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGTERM);
	sigprocmask(how, set, NULL);
}

static _Noreturn void
watch(const struct serving *s, const struct delivery_request *r,
    const struct user *user, int message)
{
	struct delivery_command c = { .request = r,
		.user = user,
		.message = message,
		.caller = s->how->sock,
		.seconds = s->how->seconds };
	struct str text = STR_INIT;
	int64_t started = clock_mono_ms();
	sigset_t set;
	int verdict;

	signal(SIGTERM, SIG_IGN); /* the command has its time */
	signals_block(SIG_UNBLOCK, &set);
	verdict = delivery_command_run(&c, &text);
	if (verdict >= 0)
		answer_send(s->how->sock, r->n, verdict, str_span(&text));
	else
		str_set(&text, SPAN("killed: deliver does not wait any more"));
	if (s->how->resident)
		command_log(r, "command", verdict < 0 ? TEMP : verdict,
		    str_span(&text), started);
	_exit(DONE);
}

static void
command_start(struct serving *s, const struct delivery_request *r, int message)
{
	struct watcher *w = mem_new(sizeof *w);
	struct user user;
	bool allowed;

	*w = (struct watcher){ .pid = -1, .n = r->n };
	user_init(&user);
	allowed = is_allowed(s->how->users, r, &user);
	if (allowed)
		w->pid = fork();
	if (w->pid == 0)
		watch(s, r, &user, message);
	user_free(&user);
	if (w->pid > 0) {
		w->next = s->watchers;
		s->watchers = w;
		s->count++;
		return;
	}
	if (!allowed && s->how->resident)
		command_log(r, "refused", TEMP,
		    SPAN("no such command in users.cdb"), clock_mono_ms());
	answer_send(
	    s->how->sock, r->n, TEMP, SPAN("the command can't be run now"));
	free(w);
}

/* Watchers report before they end. One that was killed did not, so report for
 * it, or its job would never end. */
static void
watchers_reap(struct serving *s)
{
	struct watcher **at = &s->watchers;
	int status;

	while (*at != NULL) {
		struct watcher *w = *at;

		if (waitpid(w->pid, &status, WNOHANG) != w->pid) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		s->count--;
		if (!WIFEXITED(status))
			answer_send(s->how->sock, w->n, TEMP,
			    SPAN("the command's result is unknown"));
		free(w);
	}
}

/* False: the caller has ended. */
static bool
request_take(struct serving *s, struct str *packet)
{
	struct delivery_request r;
	int fds[FDS_MAX];
	size_t count;

	if (sock_receive(s->how->sock, 0, packet, fds, &count) <= 0)
		return false;
	delivery_request_init(&r);
	if (delivery_request_parse(str_span(packet), &r) && count == 1)
		command_start(s, &r, fds[0]);
	else
		answer_send(s->how->sock, r.n, TEMP,
		    SPAN("malformed request for a command"));
	delivery_request_free(&r);
	while (count > 0)
		close(fds[--count]);
	return true;
}

static void
signals_take(struct serving *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof info) == sizeof info)
		if (info.ssi_signo == SIGTERM && s->how->resident &&
		    !s->ending) {
			s->ending = true;
			shutdown(s->how->sock, SHUT_RD);
		}
	watchers_reap(s);
}

void
delivery_serve(const struct delivery *d)
{
	struct serving s = { .how = d };
	struct str packet = STR_INIT;
	bool open = true;
	sigset_t set;

	signal(SIGCHLD, SIG_DFL);
	signals_block(SIG_BLOCK, &set);
	s.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s.signals < 0)
		die(TEMP, "signalfd");
	while (open || (d->resident && s.count > 0)) {
		bool full = !open || s.count >= WATCHERS_MAX;
		struct pollfd p[] = { { .fd = s.signals, .events = POLLIN },
			{ .fd = full ? -1 : d->sock, .events = POLLIN } };

		if (poll(p, COUNT(p), -1) < 0)
			continue;
		if (p[0].revents != 0)
			signals_take(&s);
		if (p[1].revents != 0)
			open = request_take(&s, &packet);
	}
	close(s.signals);
	str_free(&packet);
}
