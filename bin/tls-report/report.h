/* The data of tls-report. */
#ifndef REPORT_H
#define REPORT_H

#include "base/arena.h"
#include "base/str.h"
#include "net/dns.h"
#include "net/https.h"
#include "spool/day.h"
#include "spool/spool.h"

enum { URIS_MAX = 5 };

/* One line of spool/tls/DATE. */
struct session {
	struct span line; /* as written */
	struct span domain, policy, string, result, mx, ip, local, text;
};
/* The sessions of a day, ordered by all their words; all is in the arena. */
struct sessions {
	struct arena arena;
	struct session *at;
	size_t count, size;
};
/* Read lines; malformed ones, and an unfinished last one, are ignored. */
void sessions_read(struct sessions *s, struct span text);
void sessions_free(struct sessions *s);
/* The number of sessions, from the first on, of the same domain. */
size_t sessions_of_domain(const struct session *first, size_t count);

/* One report: the sessions of a domain on a day. */
struct report {
	struct span me; /* our name */
	struct day day;
	const struct session *sessions;
	size_t count;
};
struct span report_domain(const struct report *r);
/* Always the same for the same day and domain. */
void report_id(const struct report *r, struct str *out);
/* RFC 8460 5.1. */
void report_file_name(const struct report *r, struct str *out);
/* RFC 8460 4: the JSON text. */
void report_json(const struct report *r, struct str *out);
/* RFC 1952; -1: no memory. */
int report_gzip(struct span json, struct str *out);
/* RFC 8460 5.3: the message, to one address. */
void report_message(const struct report *r, struct span to, struct span gzip,
    int64_t now, const struct id *id, struct str *out);

/* Read one TXT record of _smtp._tls.DOMAIN (RFC 8460 3): the addresses for
 * reports, at most URIS_MAX; false: it is invalid. */
bool wanted_parse(struct span text, struct span *uris, size_t *count_r);
/* It begins with "v=TLSRPTv1;": others don't count. */
bool wanted_is(struct span text);
/* The address of a mailto: URI; false: not one. */
bool wanted_mailto(struct span uri, struct str *address_r);

/* The ways to send reports. */
struct outlet {
	struct dns *dns;
	struct https *https;
	struct spool spool;
	uint64_t reserve; /* bytes kept free in the spool */
};
/* Send it to the domain's addresses. 0: done (or none wanted); -1: retry
 * another day. Logged. */
int report_send(struct outlet *o, const struct report *r);
/* The domain's addresses for reports; 0: none, or unknown now. */
size_t report_wanted(struct dns *dns, struct span domain, struct arena *a,
    struct span uris[URIS_MAX], bool *known_r);

#endif
