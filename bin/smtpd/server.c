#include "server.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/die.h"
#include "filter.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "os/serve.h"

/* Has the file changed since the stamp? Then the stamp is the new one. */
static bool
stamp_changed(int etc, const char *name, struct stamp *stamp)
{
	struct stamp now = { .there = false };
	struct stat st;

	if (etc >= 0 && fstatat(etc, name, &st, 0) == 0)
		now = (struct stamp){ true, st.st_ino, st.st_size, st.st_mtim };
	if (now.there == stamp->there && now.inode == stamp->inode &&
	    now.size == stamp->size &&
	    now.changed.tv_sec == stamp->changed.tv_sec &&
	    now.changed.tv_nsec == stamp->changed.tv_nsec)
		return false;
	*stamp = now;
	return true;
}

static void
relay_read(struct server *s)
{
	struct conf_list list;
	struct network n;
	struct span line;

	network_free(&s->relay);
	if (!conf_list_open(&list, s->etc, "relay"))
		conf_missing("relay");
	while (conf_next(&list, &line)) {
		if (network_parse(line, &n))
			network_add(&s->relay, &n);
		else
			conf_complain(list.line,
			    "a line is an address or a network such as "
			    "192.0.2.0/24",
			    (void *)"relay");
	}
	conf_list_close(&list);
}

void
server_refresh(void *server)
{
	struct server *s = server;

	users_refresh(&s->users);
	if (stamp_changed(s->etc, "limits", &s->limits_stamp))
		conf_limits(
		    s->etc, &s->limits, conf_complain, (void *)"limits");
	if (stamp_changed(s->etc, "relay", &s->relay_stamp))
		relay_read(s);
}

void
server_open(struct server *s)
{
	*s = (struct server){
		.parent = serve_is_parent(), .etc = conf_open(), .runner = -1
	};
	str_init(&s->tls);
	str_setf(&s->tls, "%s/tls", dir_run());
	conf_limits(s->etc, &s->limits, conf_complain, (void *)"limits");
	stamp_changed(s->etc, "limits", &s->limits_stamp);
	users_open(&s->users, s->etc);
	server_refresh(s);
	if (spool_open(&s->spool) < 0)
		die(TEMP, "open the spool %s", dir_spool());
	if (s->parent || filter_wanted(s->etc, "filter.mx") ||
	    filter_wanted(s->etc, "filter.submission"))
		s->runner = filter_runner_start(s->etc, &s->helper);
}

void
server_sandbox(const struct server *s)
{
	struct str tmp = STR_INIT, new = STR_INIT, blank = STR_INIT;

	str_setf(&tmp, "%s/tmp", dir_spool());
	str_setf(&new, "%s/new", dir_spool());
	str_setf(&blank, "%s/blank", dir_spool());
	const struct sandbox_path paths[] = {
		{ s->etc < 0 ? NULL : dir_etc(), SANDBOX_READ },
		{ tmp.at, SANDBOX_READ | SANDBOX_WRITE },
		{ new.at, SANDBOX_READ | SANDBOX_WRITE },
		{ blank.at, SANDBOX_READ | SANDBOX_WRITE },
	};

	proc_limit(&(struct proc_limits){
	    .memory = 512 << 20, .files = 64, .no_fork = !s->parent });
	sandbox_paths(paths, COUNT(paths));
	sandbox_calls(CALLS_FILES | CALLS_SOCKET | CALLS_CONNECT |
	    (s->parent ? CALLS_FORK | CALLS_ACCEPT : 0));
	str_free(&tmp);
	str_free(&new);
	str_free(&blank);
}
