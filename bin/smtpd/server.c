#include "server.h"

#include <errno.h>

#include "base/die.h"
#include "filter.h"
#include "net/relay.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/serve.h"
#include "spool/rights.h"

/* At the start a list with mistakes is used without those lines, and refusals
 * are temporary; later a faulty list does not replace a good one. */
static void
relay_refresh(struct server *s, bool first)
{
	char name[] = "relay";
	struct network_list fresh = { NULL, 0, 0 };
	int bad;

	if (!conf_changed(s->etc, name, &s->relay_stamp))
		return;
	bad = relay_read(s->etc, &fresh, conf_complain, name);
	if (bad < 0 && first)
		conf_missing(name);
	if (bad < 0 || (bad > 0 && !first && !s->relay_wrong)) {
		conf_former_stays(name, bad < 0 ? errno : 0);
		network_free(&fresh);
		return;
	}
	network_free(&s->relay);
	s->relay = fresh;
	s->relay_wrong = bad > 0;
}

void
server_refresh(void *server)
{
	struct server *s = server;

	users_refresh(&s->users);
	conf_limits_refresh(s->etc, &s->limits, &s->limits_stamp);
	relay_refresh(s, false);
}

static void
filters_start(struct server *s)
{
	s->scratch = spool_part("scratch");
	if (s->scratch < 0)
		die(TEMP, "open %s/scratch", dir_spool());
	if (!filter_service())
		s->runner = filter_runner_start(s->etc, &s->helper);
}

void
server_open(struct server *s)
{
	*s = (struct server){ .parent = serve_is_parent(),
		.etc = conf_open(),
		.runner = -1,
		.scratch = -1 };
	tls_place_init(&s->tls);
	conf_changed(s->etc, "limits", &s->limits_stamp);
	conf_limits(s->etc, &s->limits, conf_complain, (void *)"limits");
	relay_refresh(s, true);
	users_open(&s->users, s->etc);
	if (spool_open(&s->spool) < 0)
		die(TEMP, "open the spool %s", dir_spool());
	if (s->parent || filter_wanted(s->etc, "filter.mx") ||
	    filter_wanted(s->etc, "filter.submission"))
		filters_start(s);
}

void
server_sandbox(const struct server *s)
{
	struct writer_rights spool;
	struct str scratch = STR_INIT;

	writer_rights_init(&spool);
	str_setf(&scratch, "%s/scratch", dir_spool());
	const struct sandbox_path paths[2 + WRITER_PATHS] = {
		{ s->etc < 0 ? NULL : dir_etc(), SANDBOX_READ },
		{ scratch.at, SANDBOX_DRAFT | SANDBOX_READ },
		spool.paths[0],
		spool.paths[1],
		spool.paths[2],
	};

	proc_limit(&(struct proc_limits){
	    .memory = 512 << 20, .files = 64, .no_fork = !s->parent });
	sandbox_paths(paths, COUNT(paths));
	sandbox_calls(CALLS_NAMES | CALLS_SOCKET | CALLS_CONNECT |
	    (s->parent ? CALLS_FORK | CALLS_ACCEPT : 0));
	writer_rights_free(&spool);
	str_free(&scratch);
}
