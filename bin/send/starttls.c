#include "base/clock.h"
#include "sender.h"

bool
starttls_run(struct sender *s, struct arena *a, struct result *r)
{
	struct conn *c = &s->conn;
	struct tls_wish wish = c->rule.wish;
	struct tls_peer peer = { .host = str_span(&c->host),
		.ip = c->ip,
		.local = c->local,
		.at = clock_wall_s() };

	if (wish.wait_ms == 0 || wish.wait_ms > s->patience.reply)
		wish.wait_ms = s->patience.reply;
	/* RFC 3207 4.2, 6: plain text after the 220 may have been injected:
	 * discard it. */
	io_discard(&c->io);
	c->io.deadline = 0;
	c->wire = tls_wire_start(s->tls, &c->io, c->fd, &wish, &c->outcome);
	tls_rule_report(&c->rule, &c->outcome, &peer, &s->sessions);
	if (c->wire != NULL)
		return true;
	c->ending = true;
	result_set(r, a, c->rule.permanent ? DATA : TEMP,
	    c->rule.status != NULL ? c->rule.status : "4.7.5", "TLS: %s",
	    c->outcome.text);
	conn_name(c, a, r);
	return false;
}
