/* HTTPS by libcurl, for MTA-STS and TLS reports: one request to a host, at
 * addresses looked up by the caller. No redirect is followed, no cookie kept,
 * no proxy used, no file read after https_open(). */
#ifndef NET_HTTPS_H
#define NET_HTTPS_H

#include "base/str.h"
#include "net/dns.h"

struct https; /* the authorities */
/* Those of CHAINMAIL_ETC/authorities.pem, else the system's. Never NULL. */
struct https *https_open(int etc);
void https_close(struct https *h);
/* The authorities' file was replaced since. */
bool https_is_stale(const struct https *h);

struct https_request {
	const char *url; /* https://HOST[:PORT]/... */
	struct span host;
	uint16_t port;
	const struct dns_host *address;
	const char *type; /* of the body; NULL: GET */
	struct span body;
	size_t limit;     /* bytes of the answer */
	unsigned seconds; /* for the whole exchange */
};
struct https_answer {
	long status;    /* 200; 0: there was no answer */
	bool untrusted; /* the certificate was not accepted */
	struct str type;
	struct str body;
	struct str text; /* for people, when status is 0 */
};
void https_answer_init(struct https_answer *a);
void https_answer_free(struct https_answer *a);
/* Needs CALLS_INTERNET. */
void https_ask(struct https *h, const struct https_request *r,
    struct https_answer *answer_r);

/* Parse https://HOST[:PORT][/PATH]; false when malformed. */
bool https_url_parse(struct span url, struct span *host_r, uint16_t *port_r);

#endif
