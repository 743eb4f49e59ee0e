#include "commands/filter.h"

#include <poll.h>
#include <stdlib.h>

#include "base/die.h"
#include "base/record.h"
#include "os/conf.h"
#include "os/sock.h"

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
		pipeline_run(etc, r.file, fds, limits.filter_time, v_r);
	}
	record_verb(&record, "verdict");
	record_add_number(&record, "code", v_r->code);
	record_add(&record, "text", str_span(&v_r->text));
	sock_send(fds[FILTER_CALLER], str_span(&record), NULL, 0);
	str_free(&record);
	return ok;
}
