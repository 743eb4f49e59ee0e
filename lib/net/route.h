/* Where mail for a domain goes: the file `routes`, see chainmail-routes(5).
 *
 *	example.lan        192.168.1.5
 *	.example.lan       192.168.1.5          # every name below it
 *	sales.example.org  lmtp:/run/other/lmtp
 *	legacy.example.org mx:example.net [2001:db8::1]:2525
 *	*                  smtp.provider.net:587 tls=verify user=me@provider.net
 *
 * Targets are tried in order. A domain without a line goes to its MX hosts (RFC
 * 5321 5.1), a literal to its address. The password of user= is in routes.auth,
 * which `send` alone can read. */
#ifndef NET_ROUTE_H
#define NET_ROUTE_H

#include "base/arena.h"

enum target_kind {
	TARGET_MX,   /* the MX hosts of name, else its addresses */
	TARGET_HOST, /* name: a host or an address */
	TARGET_UNIX, /* name: the path of a stream socket */
	TARGET_NONE, /* the line has "error": refuse, name is the text */
};
enum target_tls {
	TARGET_TLS_UNSAID, /* the domain's policy decides; not with user= */
	TARGET_TLS_NONE,
	TARGET_TLS_MAY,
	TARGET_TLS_REQUIRE, /* encrypted, with any certificate */
	TARGET_TLS_VERIFY,  /* certificate for the name, by a known authority */
	TARGET_TLS_WRAPPED, /* verify, and TLS from the first byte on (465) */
};
struct target {
	enum target_kind kind;
	bool lmtp;
	struct span name;
	uint16_t port; /* 25; lmtp 24; tls=wrapped 465 */
};
struct route {
	struct span key; /* identifies the destination: the same for all domains
			  * that share it; the domain for TARGET_MX without a
			  * line */
	bool listed;     /* from a line; else the domain's own MX */
	struct target *targets;
	size_t count; /* 0: the line is faulty, or the file can't be read: mail
		       * waits */
	enum target_tls tls;
	struct span user; /* log in with this name; empty: don't */
};

struct routes;
/* Read `routes`; never NULL. Mistakes are reported through complain (may be
 * NULL), one by one, and their lines are skipped; a line with faulty targets
 * defers its domain's mail instead of falling through to MX. */
struct routes *routes_open(int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
void routes_close(struct routes *r);
/* Re-read the file if it was replaced: one stat(2). Routes found before are
 * then invalid. True when it was. */
bool routes_refresh(struct routes *r);
/* The route of a domain (lower case, ASCII form; or a literal in brackets): its
 * own line, the longest ".suffix", "*", else its MX or its address. "*" is not
 * for literals. Parts of it are valid until the next refresh, the rest lives in
 * the arena. */
void route_find(struct routes *r, struct span domain, struct arena *a,
    struct route *route_r);

#endif
