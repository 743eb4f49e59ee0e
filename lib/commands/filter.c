#include "commands/filter.h"

#include <poll.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/record.h"
#include "os/conf.h"
#include "os/proc.h"
#include "os/sock.h"

/* A filter of chainmail's own is found by its name alone, wherever the programs
 * are installed; the system's programs go before. */
static void
own_programs_add(void)
{
	const char *before = getenv("PATH");
	struct str path = STR_INIT, own = STR_INIT;

	proc_sibling("", &own);
	str_setf(&path, "%s:%s",
	    before != NULL ? before : "/usr/local/bin:/usr/bin:/bin", own.at);
	setenv("PATH", path.at, 1);
	str_free(&own);
	str_free(&path);
}

/* The facts are the message's, not those of the request's connection. */
static void
environment_make(struct span facts)
{
	struct str value = STR_INIT;
	struct span key;

	unsetenv("PROTO");
	for (size_t i = 0; filter_facts[i] != NULL; i++)
		unsetenv(filter_facts[i]);
	while (record_next(&facts, &key, &value)) {
		char *name = mem_text(key);

		setenv(name, value.at, 1);
		free(name);
	}
	str_free(&value);
}

static bool
is_wanted(int caller)
{
	struct pollfd p = { .fd = caller };

	return poll(&p, 1, 0) == 0;
}

bool
filter_serve(int etc, struct span packet, const int fds[FILTER_FDS],
    struct filter_verdict *v_r)
{
	struct filter_request r;
	struct str record = STR_INIT;
	struct limits limits;
	bool ok = filter_request_parse(packet, &r);

	v_r->code = TEMP;
	if (ok && is_wanted(fds[FILTER_CALLER])) {
		conf_limits(etc, &limits, NULL, NULL);
		environment_make(r.facts);
		own_programs_add();
		pipeline_run(etc, r.file, fds, limits.filter_time, v_r);
	}
	record_verb(&record, "verdict");
	record_add_number(&record, "code", v_r->code);
	record_add(&record, "text", str_span(&v_r->text));
	sock_send(fds[FILTER_CALLER], str_span(&record), NULL, 0);
	str_free(&record);
	return ok;
}
