#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "report.h"

enum { POST_S = 60, ANSWER_MAX = 65536 };

size_t
report_wanted(struct dns *dns, struct span domain, struct arena *a,
    struct span uris[URIS_MAX], bool *known_r)
{
	struct str name = STR_INIT;
	struct dns_answer answer;
	struct span found = SPAN("");
	size_t records = 0, count = 0;

	str_add_text(&name, "_smtp._tls.");
	str_add(&name, domain);
	dns_ask(dns, str_span(&name), DNS_TXT, a, &answer);
	str_free(&name);
	*known_r = answer.result != DNS_LATER;
	for (size_t i = 0; i < answer.count; i++)
		if (wanted_is(answer.records[i].is.text)) {
			found = answer.records[i].is.text;
			records++;
		}
	/* RFC 8460 3: exactly one record that begins with the version. */
	if (answer.result != DNS_FOUND || records != 1 ||
	    !wanted_parse(found, uris, &count))
		return 0;
	return count;
}

static void
report_log(const struct report *r, struct span uri, const char *result,
    const char *reason)
{
	struct logline l;

	log_start(&l, "report");
	log_text(&l, "day", r->day.name);
	log_span(&l, "domain", report_domain(r));
	log_number(&l, "sessions", (int64_t)r->count);
	if (uri.len > 0)
		log_span(&l, "to", uri);
	log_text(&l, "result", result);
	if (reason != NULL)
		log_text(&l, "reason", reason);
	log_write(&l);
}

/* Into our own spool, from the null sender, so that there are no replies. */
static int
mail_send(
    struct outlet *o, const struct report *r, struct span to, struct span gzip)
{
	struct id id = id_new();
	struct str text = STR_INIT;
	struct envelope e;
	struct spool_file f;
	int status;

	envelope_init(&e);
	e.client = SPAN("local");
	e.service = SPAN("enqueue");
	envelope_to(&e, &(struct recipient){ .address = to });
	report_message(r, to, gzip, clock_wall_s(), &id, &text);
	status = spool_room(&o->spool, text.len, o->reserve);
	if (status == 0)
		status = spool_create(&f, &o->spool, &id, &e);
	if (status == 0) {
		spool_write(&f, str_span(&text));
		status = spool_commit(&f);
	}
	envelope_free(&e);
	str_free(&text);
	return status;
}

/* RFC 8460 5.4. */
static int
post_send(
    struct outlet *o, struct span uri, struct span gzip, struct str *reason_r)
{
	struct https_request q = { .type = "application/tlsrpt+gzip",
		.body = gzip,
		.limit = ANSWER_MAX,
		.seconds = POST_S };
	struct arena a = ARENA_INIT;
	struct https_answer answer;
	struct dns_host address;
	char *url = mem_text(uri);
	bool taken;

	q.url = url;
	https_answer_init(&answer);
	str_setf(reason_r, "not an https URI");
	if (https_url_parse(uri, &q.host, &q.port)) {
		dns_host(o->dns, q.host, &a, &address);
		q.address = &address;
		str_setf(reason_r, "the host has no address");
		if (address.count > 0) {
			https_ask(o->https, &q, &answer);
			if (answer.status == 0)
				str_set(reason_r, str_span(&answer.text));
			else
				str_setf(reason_r, "the server answers %ld",
				    answer.status);
		}
	}
	taken = answer.status / 100 == 2;
	https_answer_free(&answer);
	arena_free(&a);
	free(url);
	return taken ? 0 : -1;
}

/* 0: sent; -1: see reason_r. */
static int
uri_send(struct outlet *o, const struct report *r, struct span uri,
    struct span gzip, struct str *reason_r)
{
	struct str to = STR_INIT;
	int status;

	if (wanted_mailto(uri, &to)) {
		status = mail_send(o, r, str_span(&to), gzip);
		if (status < 0)
			str_setf(reason_r, "%s", strerror(errno));
	} else {
		status = post_send(o, uri, gzip, reason_r);
	}
	str_free(&to);
	report_log(r, uri, status == 0 ? "sent" : "failed",
	    status == 0 ? NULL : reason_r->at);
	return status;
}

int
report_send(struct outlet *o, const struct report *r)
{
	struct str json = STR_INIT, gzip = STR_INIT, reason = STR_INIT;
	struct arena a = ARENA_INIT;
	struct span uris[URIS_MAX];
	bool known;
	size_t count = report_wanted(
	    o->dns, report_domain(r), &a, uris, &known);
	int result = count == 0 && known ? 0 : -1;

	if (!known)
		report_log(r, SPAN(""), "failed", "the DNS does not answer");
	else if (count == 0)
		report_log(r, SPAN(""), "unwanted", NULL);
	if (count > 0) {
		report_json(r, &json);
		if (report_gzip(str_span(&json), &gzip) < 0)
			count = 0;
	}
	/* Send to each; one success is enough. */
	for (size_t i = 0; i < count; i++)
		if (uri_send(o, r, uris[i], str_span(&gzip), &reason) == 0)
			result = 0;
	str_free(&json);
	str_free(&gzip);
	str_free(&reason);
	arena_free(&a);
	return result;
}
