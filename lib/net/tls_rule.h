/* The TLS requirements for a connection to one host, with the reason. The order
 * is that of doc/architecture.md, "Sending: TLS".
 *
 *	r = tls_rules_open(etc, dns, complain, NULL);	once, before the sandbox
 *	...
 *	struct tls_domain d = { .domain = SPAN("example.org"),
 *		.mx = SPAN("example.org"), .mx_secure = mx.secure,
 *		.route = route.tls,
 *		.requiretls = job.requiretls && job.from.len > 0,
 *		.optional = header_says_tls_required_no };
 *	tls_domain_find(r, &d, &arena);			asks mta-sts
 *	for each host and its port:
 *		struct tls_host h = { name, &address, port };
 *		tls_rule_find(r, &d, &h, &arena, &rule);	asks TLSA
 *		switch (rule.level) {
 *		TLS_SKIP: the host can't be used: rule.status, rule.text
 *		TLS_NEVER: no STARTTLS
 *		TLS_MAY: STARTTLS if offered; when the handshake fails connect
 *			again and go on in plain text
 *		TLS_MUST: not offered, or wire == NULL: quit, next host; what
 *			it comes to: rule.permanent, rule.status
 *		TLS_WRAPPED: TLS first, then the greeting; else as TLS_MUST
 *		}
 *		wire = tls_wire_start(client, &io, tcp, &rule.wish, &outcome);
 *		tls_rule_report(&rule, &outcome, &peer, &packet);
 *	rule.requiretls: the EHLO after it must offer REQUIRETLS (else 5.7.30);
 *		MAIL FROM says REQUIRETLS
 *	on a connection in use: tls_rule_fits(&rule, &rule_of_connection, ...)
 *
 * All results live in the arena (and in the tls_policy until its next
 * refresh). */
#ifndef NET_TLS_RULE_H
#define NET_TLS_RULE_H

#include "net/route.h"
#include "net/sts.h"
#include "net/tls_client.h"
#include "net/tls_policy.h"

enum tls_level {
	TLS_NEVER,   /* in plain text */
	TLS_MAY,     /* try it; plain text is acceptable */
	TLS_MUST,    /* wish, or nothing */
	TLS_WRAPPED, /* likewise, from the first byte on (RFC 8314 3) */
	TLS_SKIP,    /* don't connect to this host */
};

/* The requirements for all hosts of a domain: the caller fills in the first
 * part, tls_domain_find() the second. */
struct tls_domain {
	struct span domain;    /* of the recipients; looked up in tls-policy */
	struct span mx;        /* the domain whose MX records (or own address)
				* named the hosts; empty: the route did */
	bool mx_secure;        /* from struct mx */
	enum target_tls route; /* tls= of the route's line */
	bool requiretls;       /* RFC 8689 4.2.1: not with the null sender */
	bool optional;         /* the header says TLS-Required: No */

	const struct tls_line *line; /* NULL: none */
	struct sts_answer sts;
};

struct tls_rule {
	enum tls_level level;
	struct tls_wish wish; /* for tls_wire_start() */
	bool requiretls;      /* the host must offer REQUIRETLS */
	bool sound;           /* wish satisfies RFC 8689 */
	const char *why; /* for logs: "route", "policy", "requiretls", "dane",
			  * "sts", "sts-testing", "opportunistic", "optional",
			  * "none" */
	/* For TLS_SKIP, and when TLS fails */
	bool permanent;     /* return the message */
	const char *status; /* NULL: 4.7.5 */
	const char *text;   /* TLS_SKIP: for people */
	/* For reports (RFC 8460 4.4) */
	const struct tls_domain *of;
	const char *policy;  /* "tlsa", "sts", "no-policy-found" */
	struct span string;  /* the policy's lines, LF between them */
	const char *failure; /* a fault found before connecting:
				 * "dnssec-invalid", "sts-...", or NULL */
};

struct tls_rules;
/* Read tls-policy; never NULL. dns stays the caller's. */
struct tls_rules *tls_rules_open(int etc, struct dns *dns,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
void tls_rules_close(struct tls_rules *r);
/* See tls_policy_refresh(); call it once a job. */
bool tls_rules_refresh(struct tls_rules *r);

/* Needs CALLS_CONNECT, and waits for mta-sts up to STS_ASK_MS. */
void tls_domain_find(
    struct tls_rules *r, struct tls_domain *d, struct arena *a);
/* One host: its name as in the MX record or route, and the result of
 * dns_host(). */
struct tls_host {
	struct span name;
	const struct dns_host *address;
	uint16_t port;
};
/* d must live as long as the rule. */
void tls_rule_find(struct tls_rules *r, const struct tls_domain *d,
    const struct tls_host *host, struct arena *a, struct tls_rule *rule_r);

/* A connection made under the rule had (encrypted: TLS is on; its outcome) also
 * satisfies the rule need for the same host. */
bool tls_rule_fits(const struct tls_rule *need, const struct tls_rule *had,
    bool encrypted, const struct tls_outcome *outcome);

/* The ends of a connection, for tls_rule_report(). */
struct tls_peer {
	struct span host;  /* as in the MX record; empty: no connection */
	const char *ip;    /* the host's address */
	const char *local; /* ours */
	int64_t at;        /* clock_wall_s() */
};
/* Append the line "session ..." of doc/formats.md (RFC 8460): one per
 * connection or skipped host. outcome is NULL when the host did not offer
 * STARTTLS, or was skipped. Nothing is appended for hosts named by a route:
 * their domain can't use a report. */
void tls_rule_report(const struct tls_rule *rule,
    const struct tls_outcome *outcome, const struct tls_peer *peer,
    struct str *packet);

#endif
