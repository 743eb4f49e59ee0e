/* Sending a job: over the open connection, or the next reachable host, until
 * every recipient has a result. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "mail/address.h"
#include "mail/domain.h"
#include "trail.h"

enum {
	CONNECTIONS_MAX = 10,       /* of one attempt */
	TRIES_MIN = 2,              /* RFC 5321 5.1: addresses, at least */
	CONNECTION_LIFE_MS = 300000 /* then the best host is tried again */
};

struct attempt {
	struct sender *s;
	struct job *j;
	struct route route;
	struct result why; /* the most telling failure */
	unsigned connections, tries;
	bool passed; /* addresses that did not answer lately were skipped */
	bool dead;   /* now try them */
	int64_t end; /* no further host after that, clock_mono_ms() */
};

/* One more connection is allowed. A hanging host must not keep the mail from
 * its backup. */
static bool
may_try(const struct attempt *t)
{
	return (t->tries == 0 || !sender_is_ending(t->s)) &&
	    t->connections < CONNECTIONS_MAX &&
	    (t->tries < TRIES_MIN || clock_mono_ms() < t->end);
}

/* Keep the most telling: a temporary failure over a permanent one, a host's
 * reply over none. */
static void
why_note(struct attempt *t, const struct result *r)
{
	struct result *old = &t->why;

	if (!r->set)
		return;
	if (old->set && old->verdict == TEMP &&
	    (r->verdict != TEMP || (old->reply && !r->reply)))
		return;
	*old = *r;
}

static void
failure_log(const struct attempt *t, const struct result *r)
{
	struct logline l;

	if (t->s->quiet)
		return;
	log_start(&l, "unusable");
	log_span(&l, "id", t->j->id);
	log_span(&l, "domain", t->j->domain);
	log_span(&l, "host", r->host);
	if (r->ip.len > 0)
		log_span(&l, "ip", r->ip);
	if (r->rule.len > 0)
		log_span(&l, "rule", r->rule);
	log_text(&l, "status", r->status);
	log_span(&l, "text", r->text);
	log_write(&l);
}

static void
local_note(struct conn *c)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof at;

	c->local[0] = '\0';
	if (getsockname(c->fd, (struct sockaddr *)&at, &len) < 0)
		return;
	if (at.ss_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)&at)->sin_addr,
		    c->local, sizeof c->local);
	else if (at.ss_family == AF_INET6)
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&at)->sin6_addr,
		    c->local, sizeof c->local);
}

static void
domain_fill(const struct attempt *t, const struct hop *hop, struct arena *a,
    struct tls_domain *d)
{
	*d = (struct tls_domain){ .domain = arena_copy(a, t->j->domain),
		.mx = hop->mx.len > 0 ? arena_copy(a, hop->mx) : SPAN(""),
		.mx_secure = hop->mx_secure,
		.route = t->route.tls,
		/* RFC 8689 4.2.1, 5: not with the null sender. */
		.requiretls = t->j->requiretls && t->j->from.len > 0,
		.optional = t->j->message.facts.tls_optional };
}

/* Copy what the rule refers to into the connection. */
static void
conn_begin(struct attempt *t, const struct hop *hop)
{
	struct conn *c = &t->s->conn;

	str_set(&c->key, t->route.key);
	str_set(&c->host, hop->name);
	c->port = hop->port;
	c->lmtp = hop->lmtp;
	c->address = hop->address;
	c->address.name = arena_copy(&c->memory, hop->address.name);
	c->address.addresses = NULL;
	c->address.count = 0;
	domain_fill(t, hop, &c->memory, &c->domain);
	tls_domain_find(t->s->rules, &c->domain, &c->memory);
	tls_rule_find(t->s->rules, &c->domain,
	    &(struct tls_host){ str_span(&c->host), &hop->address, hop->port },
	    &c->memory, &c->rule);
}

static void
conn_start(struct conn *c, int fd, const char *ip)
{
	c->fd = fd;
	io_free(&c->io);
	io_init(&c->io, fd, fd);
	snprintf(c->ip, sizeof c->ip, "%s", ip);
	local_note(c);
	c->can = 0;
	c->wire = NULL;
	c->outcome = (struct tls_outcome){ 0 };
	c->dirty = c->ending = c->bdat_fine = false;
	c->opened = clock_mono_ms();
}

/* The rule forbids using this host. */
static void
skip_note(struct attempt *t, struct result *r)
{
	struct conn *c = &t->s->conn;

	result_set(r, &t->j->memory, c->rule.permanent ? DATA : TEMP,
	    c->rule.status != NULL ? c->rule.status : "4.7.5", "%s",
	    c->rule.text != NULL ? c->rule.text : "its TLS policy forbids it");
	r->down = !c->rule.permanent;
	conn_name(c, &t->j->memory, r);
	tls_rule_report(&c->rule, NULL,
	    &(struct tls_peer){ .host = str_span(&c->host),
		.ip = "",
		.local = "",
		.at = clock_wall_s() },
	    &t->s->sessions);
}

static int
hop_dial(struct attempt *t, const struct hop *hop, struct dial *d,
    const struct dns_address **at_r, struct result *r)
{
	int fd;

	if (hop->kind == TARGET_UNIX)
		fd = dial_unix(hop->name);
	else
		fd = dial_run(d, &t->s->dead, at_r);
	if (fd >= 0)
		return fd;
	/* RFC 3463: 4.4.1 no answer from host. */
	result_set(
	    r, &t->j->memory, TEMP, "4.4.1", "connect: %s", strerror(errno));
	r->down = true;
	r->host = arena_copy(&t->j->memory, hop->name);
	if (d->count > 0)
		r->ip = arena_copy(
		    &t->j->memory, span_text(d->addresses[0].text));
	return -1;
}

/* Use the new connection. True: the job's transaction was completed. */
static bool
conn_try(struct attempt *t, bool no_tls, bool *plain_r, struct result *r)
{
	struct sender *s = t->s;

	if (hello_run(s, &t->route, no_tls, &t->j->memory, r, plain_r))
		return transaction_run(s, t->j, r);
	r->down = r->verdict == TEMP;
	return false;
}

/* Drop the address that failed. */
static void
address_drop(struct dial *d, const struct dns_address *at)
{
	size_t i = (size_t)(at - d->addresses);

	memmove(&d->addresses[i], &d->addresses[i + 1],
	    (--d->count - i) * sizeof *d->addresses);
}

static void
hop_addresses(struct attempt *t, const struct hop *hop, struct dial *d)
{
	*d = (struct dial){ .port = hop->port,
		.wait_ms = t->s->patience.connect,
		.addresses = arena_new(&t->j->memory,
		    (hop->address.count + 1) * sizeof *d->addresses) };
	for (size_t i = 0; i < hop->address.count; i++) {
		const struct dns_address *a = &hop->address.addresses[i];
		bool dead = dead_has(&t->s->dead, a->text, hop->port);

		if (dead == t->dead)
			d->addresses[d->count++] = *a;
		t->passed |= dead;
	}
}

/* Make one connection to the host. False: don't try its other addresses. */
static bool
hop_connect(
    struct attempt *t, const struct hop *hop, struct dial *d, bool *no_tls)
{
	const struct dns_address *at = NULL;
	struct result r = { 0 };
	bool plain = false;
	int fd = hop_dial(t, hop, d, &at, &r);

	t->tries++;
	if (fd < 0) {
		failure_log(t, &r);
		why_note(t, &r);
		return false;
	}
	t->connections++;
	conn_start(&t->s->conn, fd, at != NULL ? at->text : "");
	if (conn_try(t, *no_tls, &plain, &r))
		return false;
	failure_log(t, &r);
	why_note(t, &r);
	/* Not conn_close(), which frees the rule. */
	close(fd);
	t->s->conn.fd = -1;
	if (t->s->conn.wire != NULL) {
		tls_wire_end(t->s->conn.wire);
		t->s->conn.wire = NULL;
	}
	/* RFC 7435: plain text is better than no mail. */
	*no_tls = plain;
	if (!plain && at != NULL)
		address_drop(d, at);
	return at != NULL || plain;
}

static void
hop_try(struct attempt *t, const struct hop *hop)
{
	struct conn *c = &t->s->conn;
	struct result r = { 0 };
	struct dial d;
	bool no_tls = false;

	hop_addresses(t, hop, &d);
	if (hop->kind == TARGET_HOST && d.count == 0)
		return;
	conn_begin(t, hop);
	if (c->rule.level == TLS_SKIP) {
		skip_note(t, &r);
		failure_log(t, &r);
		why_note(t, &r);
	} else {
		while (may_try(t) &&
		    (d.count > 0 || hop->kind == TARGET_UNIX) &&
		    hop_connect(t, hop, &d, &no_tls))
			continue;
	}
	if (c->fd < 0) {
		arena_clear(&c->memory);
		c->rule = (struct tls_rule){ 0 };
	}
}

static void
hosts_try(struct attempt *t)
{
	struct trail trail = {
		.s = t->s, .route = &t->route, .memory = &t->j->memory
	};
	struct result r = { 0 };
	struct hop hop;

	while (job_is_open(t->j) && may_try(t) && trail_next(&trail, &hop, &r))
		hop_try(t, &hop);
	why_note(t, &r);
}

/* The open connection satisfies this job. */
static bool
conn_fits(struct attempt *t)
{
	struct conn *c = &t->s->conn;
	struct tls_rule rule;
	struct tls_domain d;
	struct hop hop = { .name = str_span(&c->host),
		.mx = c->domain.mx,
		.mx_secure = c->domain.mx_secure };

	if (c->fd < 0 || !span_equal(str_span(&c->key), t->route.key) ||
	    conn_is_stale(c) ||
	    clock_mono_ms() - c->opened > CONNECTION_LIFE_MS)
		return false;
	domain_fill(t, &hop, &t->j->memory, &d);
	if (span_equal(d.domain, c->domain.domain) &&
	    d.requiretls == c->domain.requiretls &&
	    d.optional == c->domain.optional)
		return true;
	tls_domain_find(t->s->rules, &d, &t->j->memory);
	tls_rule_find(t->s->rules, &d,
	    &(struct tls_host){ str_span(&c->host), &c->address, c->port },
	    &t->j->memory, &rule);
	return rule.level != TLS_SKIP &&
	    rule.requiretls == c->rule.requiretls &&
	    tls_rule_fits(&rule, &c->rule, c->wire != NULL, &c->outcome);
}

/* Use the open connection. If it has ended meanwhile, that says nothing about
 * the message or the host. */
static void
conn_reuse(struct attempt *t)
{
	struct result r = { 0 };

	if (conn_fits(t)) {
		if (transaction_run(t->s, t->j, &r))
			return;
		conn_close(&t->s->conn);
		return;
	}
	conn_quit(&t->s->conn);
}

static void
attempt_hosts(struct attempt *t)
{
	struct sender *s = t->s;

	if (t->route.count == 0) {
		result_set(&t->why, &t->j->memory, TEMP, "4.3.5",
		    "the line for the domain in the file routes is wrong");
		t->why.down = true;
		return;
	}
	conn_reuse(t);
	if (job_is_open(t->j))
		conn_close(&s->conn);
	hosts_try(t);
	t->dead = true;
	if (t->passed && t->connections == 0)
		hosts_try(t);
	if (s->conn.ending)
		conn_close(&s->conn);
}

static const struct tls_line *
policy_line(struct attempt *t, struct span domain)
{
	struct tls_domain d = { .domain = domain, .route = t->route.tls };

	tls_domain_find(t->s->rules, &d, &t->j->memory);
	return d.line;
}

/* All recipients share a connection and so must have the same tls-policy.
 * queue-run ensures that, but the file may have changed since, and a call by
 * hand may have any recipients. */
static void
policy_part(struct attempt *t)
{
	struct job *j = t->j;
	struct str domain = STR_INIT;
	struct result r = { 0 };
	const struct tls_line *line = policy_line(t, j->domain);

	result_set(&r, &j->memory, TEMP, "4.7.5",
	    "tls-policy has another line for its domain than for the first "
	    "recipient's: it goes by itself");
	for (size_t i = 0; i < j->count; i++) {
		struct address a;

		str_clear(&domain);
		if (!address_parse(j->to[i].to, &a) ||
		    !domain_fold_any(a.domain, &domain) ||
		    span_equal(str_span(&domain), j->domain) ||
		    tls_lines_equal(line, policy_line(t, str_span(&domain))))
			continue;
		j->to[i].result = r;
	}
	str_free(&domain);
}

void
attempt_run(struct sender *s, struct job *j)
{
	struct attempt t = {
		.s = s, .j = j, .end = clock_mono_ms() + s->patience.reply
	};
	bool changed = tls_rules_refresh(s->rules);

	if (dns_refresh(s->dns))
		changed = true;
	if (s->forced == NULL && routes_refresh(s->routes))
		changed = true;
	if (changed)
		conn_quit(&s->conn);
	if (s->forced != NULL)
		t.route = *s->forced;
	else
		route_find(s->routes, j->domain, &j->memory, &t.route);
	policy_part(&t);
	if (job_is_open(j))
		attempt_hosts(&t);
	if (!t.why.set)
		result_set(&t.why, &j->memory, TEMP, "4.4.1",
		    "no host could be tried");
	job_result(j, &t.why);
}
