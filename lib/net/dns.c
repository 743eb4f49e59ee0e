#include "net/dns.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/dns_inside.h"

enum { PATIENCE = 10000 };

struct dns *
dns_open(int etc, void (*complain)(unsigned line, const char *text, void *arg),
    void *arg)
{
	struct dns *d = mem_new(sizeof *d);

	d->patience = PATIENCE;
	dns_servers_read(d, etc, complain, arg);
	d->hosts = hosts_open(etc);
	return d;
}

void
dns_close(struct dns *d)
{
	hosts_close(d->hosts);
	free(d);
}

void
dns_patience(struct dns *d, int ms)
{
	d->patience = ms;
}

void
dns_ask_until(struct dns *d, const struct dns_question *q, int64_t deadline,
    struct arena *a, struct dns_answer *answer_r)
{
	struct dns_answer *r = answer_r;
	struct dns_question now = { arena_copy(a, q->name), q->type };
	bool secure = d->trusted, chased = false;
	struct span packet;

	/* A server that recurses gives a CNAME's records along; one that does
	 * not is asked for them. */
	for (int hops = 0; hops <= DNS_CNAMES_MAX; hops++) {
		if (!dns_exchange(d, &now, deadline, &packet))
			break;
		dns_parse(packet, now.name, now.type, a, r);
		secure = secure && r->secure;
		if (r->result != DNS_EMPTY || !r->chased) {
			r->secure = secure;
			r->chased = r->chased || chased;
			return;
		}
		chased = true;
		now.name = r->name;
		if (!dns_can_ask(now.name))
			break;
	}
	*r = (struct dns_answer){
		.result = DNS_LATER, .name = now.name, .chased = chased
	};
}

void
dns_ask(struct dns *d, struct span name, enum dns_type type, struct arena *a,
    struct dns_answer *answer_r)
{
	struct dns_question q = { name, type };

	if (name.len > 0 && name.at[name.len - 1] == '.')
		q.name.len--;
	*answer_r = (struct dns_answer){ .name = q.name };
	if (d->off)
		answer_r->result = DNS_OFF;
	else if (!dns_can_ask(q.name))
		answer_r->result = DNS_GONE;
	else
		dns_ask_until(
		    d, &q, clock_mono_ms() + d->patience, a, answer_r);
}
