#include "sender.h"

#include <poll.h>
#include <sys/stat.h>

#include "notes.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"

enum { MEMORY = 1 << 30, FILES = 256 };

static void
patience_set(struct sender *s)
{
	int t = (int)(s->limits.send_time < 3600 ? s->limits.send_time : 3600) *
	    1000;

	s->patience = (struct patience){
		.connect = t < DIAL_WAIT_MS ? t : DIAL_WAIT_MS,
		.reply = t,
		.data = t / 5 * 2,
		.block = t / 5 * 3,
		.end = 2 * t,
		.all = 12 * t,
	};
}

void
sender_open(struct sender *s)
{
	*s = (struct sender){
		.etc = conf_open(),
		.me = STR_INIT,
		.sessions = STR_INIT,
		.notes = -1,
		.signals = -1,
		.ending = -1,
	};
	conf_me(s->etc, &s->me);
	conf_limits(s->etc, &s->limits, conf_complain, (void *)"limits");
	patience_set(s);
	s->dns = dns_open(s->etc, conf_complain, (void *)"dns");
	dns_validate(s->dns);
	s->routes = routes_open(s->etc, conf_complain, (void *)"routes");
	s->auths = route_auth_open(
	    s->etc, conf_complain, (void *)"routes.auth");
	s->rules = tls_rules_open(
	    s->etc, s->dns, conf_complain, (void *)"tls-policy");
	s->tls = tls_client_open(s->etc);
	conn_init(&s->conn);
}

void
sender_close(struct sender *s)
{
	conn_free(&s->conn);
	tls_client_close(s->tls);
	tls_rules_close(s->rules);
	route_auth_close(s->auths);
	routes_close(s->routes);
	dns_close(s->dns);
	str_free(&s->me);
	str_free(&s->sessions);
}

bool
sender_is_ending(const struct sender *s)
{
	struct pollfd p[] = { { s->signals, POLLIN, 0 },
		{ s->ending, POLLIN, 0 } };

	return poll(p, COUNT(p), 0) > 0;
}

/* Limit the size of notes, but not that of a log in a file. */
static uint64_t
size_limit(void)
{
	struct stat st;

	return fstat(2, &st) == 0 && S_ISREG(st.st_mode) ? 0 : notes_size_max;
}

/* The configuration may be re-read; spool files come only by descriptor. */
void
sender_sandbox(bool parent)
{
	const struct sandbox_path paths[] = { { dir_etc(), SANDBOX_READ },
		{ "/etc/resolv.conf", SANDBOX_READ },
		{ "/etc/hosts", SANDBOX_READ } };

	proc_limit(&(struct proc_limits){ .memory = MEMORY,
	    .files = FILES,
	    .size = size_limit(),
	    .no_fork = !parent });
	sandbox_paths(paths, COUNT(paths));
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_CONNECT |
	    CALLS_INTERNET |
	    (parent ? CALLS_ACCEPT | CALLS_FORK | CALLS_SANDBOX : 0));
}

void
sender_narrow(void)
{
	proc_limit(&(struct proc_limits){ .no_fork = true });
	sandbox_calls(
	    CALLS_FILES | CALLS_SOCKET | CALLS_CONNECT | CALLS_INTERNET);
}
