#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "service.h"

enum {
	AGAIN_S = 300,     /* RFC 8461 3.3: no sooner after a failure */
	REFRESH_S = 86400, /* RFC 8461 10.2: refetched once a day */
	FETCH_S = 60,      /* RFC 8461 3.3: a timeout is required */
};

/* The id in the TXT record of _mta-sts.DOMAIN, or "" for none. RFC 8461 3.1:
 * exactly one record that begins with the version, and it is well-formed. */
static void
id_ask(const struct service *s, struct span domain, struct arena *a,
    struct span *id_r)
{
	struct str name = STR_INIT;
	struct dns_answer answer;
	struct span found = SPAN("");
	size_t count = 0;

	str_add_text(&name, "_mta-sts.");
	str_add(&name, domain);
	dns_ask(s->dns, str_span(&name), DNS_TXT, a, &answer);
	str_free(&name);
	for (size_t i = 0; i < answer.count; i++)
		if (sts_text_is(answer.records[i].is.text)) {
			found = answer.records[i].is.text;
			count++;
		}
	*id_r = SPAN("");
	if (answer.result == DNS_FOUND && count == 1 &&
	    !sts_text_parse(found, id_r))
		*id_r = SPAN("");
}

/* RFC 8461 3.2: text/plain, perhaps with parameters. */
static bool
is_plain_text(struct span type)
{
	struct span kind = span_head(type, span_find(type, ';'));

	return span_equal_case(span_trim(kind), SPAN("text/plain"));
}

static void
refused(struct known *k, const char *word, const char *why)
{
	str_setf(&k->result, "%s", word);
	str_setf(&k->why, "%s", why);
}

/* Store the answer; 0, or -1 with the fault in result and why. */
static int
answer_use(const struct https_answer *answer, struct arena *a, struct known *k)
{
	struct span body = str_span(&answer->body);
	struct sts_policy policy;
	const char *wrong;

	if (answer->status == 0) {
		refused(k,
		    answer->untrusted ? "sts-webpki-invalid"
				      : "sts-policy-fetch-error",
		    answer->text.at);
		return -1;
	}
	if (answer->status != 200) { /* RFC 8461 3.3: redirects too */
		refused(k, "sts-policy-fetch-error", "");
		str_setf(&k->why, "the server answers %ld", answer->status);
		return -1;
	}
	wrong = is_plain_text(str_span(&answer->type))
	    ? sts_policy_parse(body, a, &policy)
	    : "it is not text/plain";
	if (wrong != NULL) {
		refused(k, "sts-policy-invalid", wrong);
		return -1;
	}
	k->policy = policy;
	k->usable = true;
	str_set(&k->text, body);
	return 0;
}

static int
fetch(const struct service *s, struct span domain, struct arena *a,
    struct known *k)
{
	struct str host = STR_INIT, url = STR_INIT;
	struct dns_host address;
	struct https_answer answer;
	int r = -1;

	str_add_text(&host, "mta-sts.");
	str_add(&host, domain);
	str_setf(&url, "https://%s", host.at);
	if (s->port != 443)
		str_addf(&url, ":%u", (unsigned)s->port);
	str_add_text(&url, "/.well-known/mta-sts.txt");
	https_answer_init(&answer);
	dns_host(s->dns, str_span(&host), a, &address);
	if (address.count == 0) {
		refused(k, "sts-policy-fetch-error",
		    "the policy host has no address");
	} else {
		https_ask(s->https,
		    &(struct https_request){ .url = url.at,
			.host = str_span(&host),
			.port = s->port,
			.address = &address,
			.limit = STS_SIZE_MAX,
			.seconds = FETCH_S },
		    &answer);
		r = answer_use(&answer, a, k);
	}
	https_answer_free(&answer);
	str_free(&host);
	str_free(&url);
	return r;
}

static void
fetch_log(struct span domain, const struct known *k, bool ok)
{
	struct logline l;

	log_start(&l, "fetch");
	log_span(&l, "domain", domain);
	log_span(&l, "id", str_span(&k->id));
	if (ok) {
		log_text(&l, "mode", sts_mode_text(k->policy.mode));
		log_number(&l, "max-age", k->policy.max_age);
	} else {
		log_span(&l, "result", str_span(&k->result));
		log_span(&l, "reason", str_span(&k->why));
		log_number(&l, "cached", k->usable ? 1 : 0);
	}
	log_write(&l);
}

static void
keep(const struct service *s, struct span domain, const struct known *k)
{
	struct logline l;

	if (s->dir < 0 || cache_write(s->dir, domain, k) == 0)
		return;
	log_start(&l, "keep");
	log_span(&l, "domain", domain);
	log_errno(&l);
	log_write(&l);
}

static void
refresh(const struct service *s, struct span domain, struct span id,
    struct arena *a, struct known *k)
{
	struct known fresh;

	known_init(&fresh);
	str_set(&fresh.id, id);
	if (fetch(s, domain, a, &fresh) == 0) {
		fresh.fetched = clock_wall_s();
		known_free(k);
		*k = fresh;
		fetch_log(domain, k, true);
	} else {
		/* RFC 8461 3.3, 5.1: the cached policy stays in force. */
		k->failed = clock_wall_s();
		str_set(&k->result, str_span(&fresh.result));
		str_set(&k->why, str_span(&fresh.why));
		known_free(&fresh);
		fetch_log(domain, k, false);
	}
	keep(s, domain, k);
}

/* A fetch is due: unknown, changed, or a day old, and no recent failure. */
static bool
is_due(const struct known *k, struct span id)
{
	int64_t now = clock_wall_s();

	if (k->failed != 0 && now >= k->failed && now < k->failed + AGAIN_S)
		return false;
	return !k->usable || !span_equal(str_span(&k->id), id) ||
	    now >= k->fetched + REFRESH_S;
}

enum sts_result
policy_find(const struct service *s, struct span domain, struct arena *a,
    struct known *k_r)
{
	struct span id;
	int lock = cache_lock(s->dir, domain), saved;

	/* Fetching it instead could replace it by a failure, and mail would be
	 * sent without the policy. */
	if (cache_read(s->dir, domain, a, k_r) < 0) {
		saved = errno;
		if (lock >= 0)
			close(lock);
		errno = saved;
		return STS_LATER;
	}
	id_ask(s, domain, a, &id);
	/* RFC 8461 3.1: without a record nothing is fetched; 5.1: nor is a
	 * cached policy dropped. */
	if (id.len > 0 && is_due(k_r, id))
		refresh(s, domain, id, a, k_r);
	if (lock >= 0)
		close(lock);
	if (k_r->usable)
		return STS_FOUND;
	return id.len > 0 ? STS_FAILED : STS_ABSENT;
}
