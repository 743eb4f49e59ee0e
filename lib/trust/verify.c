#include "trust/verify.h"

#include <errno.h>
#include <unistd.h>

#include "mail/idna.h"
#include "trust/spf_names.h"

enum { CHUNK = 65536 };

/* Up to so many bytes from at on; 0 at the end. */
static ssize_t
message_read(const struct verify *v, uint64_t at, void *into, size_t room)
{
	ssize_t n;

	if (at >= v->size)
		return 0;
	if (room > v->size - at)
		room = (size_t)(v->size - at);
	do
		n = pread(v->fd, into, room, (off_t)(v->offset + at));
	while (n < 0 && errno == EINTR);
	return n;
}

/* The header and perhaps a piece of the body. */
static int
header_load(struct verify *v)
{
	struct header_scan scan = { .seen = 0 };
	ssize_t n = 1;

	while (n > 0 && !scan.ended && v->header.len < VERIFY_HEADER_MAX) {
		char *into = str_reserve(&v->header, CHUNK);

		n = message_read(v, v->header.len, into, CHUNK);
		if (n < 0)
			return -1;
		v->header.len += (size_t)n;
		v->header.at[v->header.len] = '\0';
		header_scan(&scan, (struct span){ into, (size_t)n });
	}
	if (v->header.len > VERIFY_HEADER_MAX)
		str_cut(&v->header, VERIFY_HEADER_MAX);
	fields_read(&v->fields, str_span(&v->header));
	v->whole = v->fields.all && (scan.ended || n == 0);
	return 0;
}

static int
body_load(struct verify *v)
{
	uint64_t at = (uint64_t)(v->fields.body.at - v->header.at);
	struct str chunk = STR_INIT;
	char *into = str_reserve(&chunk, CHUNK);
	bool wanted = false;
	ssize_t n = 0;

	for (int c = CANON_SIMPLE; c <= CANON_RELAXED; c++)
		wanted = wanted || v->bodies[c].count > 0;
	while (wanted && (n = message_read(v, at, into, CHUNK)) > 0) {
		for (int c = CANON_SIMPLE; c <= CANON_RELAXED; c++)
			if (v->bodies[c].count > 0)
				body_add(&v->bodies[c],
				    (struct span){ into, (size_t)n });
		at += (uint64_t)n;
	}
	for (int c = CANON_SIMPLE; c <= CANON_RELAXED; c++)
		body_end(&v->bodies[c]);
	str_free(&chunk);
	return n < 0 ? -1 : 0;
}

/* An address or a name in the form of the DNS; as it is if it has none. */
static struct span
ascii_form(struct verify *v, struct span text)
{
	struct span local, domain = text, r = text;
	struct str out = STR_INIT;

	if (span_is_ascii(text))
		return text;
	while (span_until(&domain, '@', &local))
		domain = span_from(domain, 1);
	str_add(&out, span_head(text, (size_t)(domain.at - text.at)));
	if (idna_ascii(domain, &out))
		r = arena_copy(&v->arena, str_span(&out));
	str_free(&out);
	return r;
}

/* What is known beforehand is asked in one go. */
static void
questions_want(struct verify *v)
{
	const bool *off = v->rules->off;
	struct str reverse = STR_INIT;

	if (!off[RULE_SPF])
		spf_want(&v->spf);
	if (!off[RULE_IPREV]) {
		spf_address_reverse(&v->client, &reverse);
		resolver_want(v->resolver, str_span(&reverse), DNS_PTR);
	}
	for (size_t i = 0; i < v->authors.count && !off[RULE_DMARC]; i++)
		dmarc_want(v->resolver, v->authors.domains[i]);
	str_free(&reverse);
	resolver_gather(v->resolver);
}

static void
identity_add(struct verify *v, struct dmarc_identity *id, struct span domain,
    bool dkim, enum result result)
{
	struct str lower = STR_INIT;

	str_set(&lower, domain);
	str_lower(&lower, 0);
	*id = (struct dmarc_identity){ .dkim = dkim,
		.result = result,
		.domain = arena_copy(&v->arena, str_span(&lower)) };
	str_free(&lower);
}

/* The worse of two authors' results is the message's. */
static bool
is_worse(const struct dmarc *a, const struct dmarc *b)
{
	static const int order[] = { [RESULT_PASS] = 0,
		[RESULT_NONE] = 1,
		[RESULT_TEMPERROR] = 2,
		[RESULT_FAIL] = 3 };

	if (a->wanted != b->wanted)
		return a->wanted > b->wanted;
	return order[a->result] > order[b->result];
}

static void
authors_check(struct verify *v)
{
	struct dmarc_identity ids[DKIM_MAX + 1];
	struct dmarc each;
	size_t count = 0;

	identity_add(v, &ids[count++], v->spf.domain, false, v->spf_result);
	for (size_t i = 0; i < v->dkim.count; i++)
		identity_add(v, &ids[count++], v->dkim.at[i].domain, true,
		    v->dkim.at[i].result);
	for (size_t i = 0; i < v->authors.count; i++) {
		dmarc_check(
		    v->resolver, v->authors.domains[i], ids, count, &each);
		if (i == 0 || is_worse(&each, &v->dmarc))
			v->dmarc = each;
	}
	/* What the other authors' domains want still counts. */
	if (v->authors.fault != NULL && v->dmarc.result != RESULT_FAIL &&
	    v->dmarc.result != RESULT_TEMPERROR) {
		v->dmarc.result = RESULT_PERMERROR;
		v->dmarc.reason = v->authors.fault;
	}
	if (v->dmarc.result != RESULT_PASS)
		v->vouches = arc_vouches(&v->arc, rules_trust, v->rules);
}

static void
checks_make(struct verify *v)
{
	const bool *off = v->rules->off;

	v->spf_result = off[RULE_SPF] ? RESULT_OFF : spf_check(&v->spf);
	dkim_verify(&v->dkim, &v->fields, v->bodies, v->resolver);
	arc_verify(&v->arc, &v->fields, v->bodies, v->resolver);
	v->iprev = off[RULE_IPREV]
	    ? RESULT_OFF
	    : iprev_check(v->resolver, &v->client, &v->name);
	v->dmarc = (struct dmarc){ .result = RESULT_OFF,
		.reason = "",
		.domain = SPAN(""),
		.publisher = SPAN("") };
	if (!off[RULE_DMARC])
		authors_check(v);
}

int
verify_run(struct verify *v)
{
	const bool *off = v->rules->off;

	v->header = (struct str)STR_INIT;
	v->name = SPAN("");
	v->arc = (struct arc){ .reason = "" };
	body_init(&v->bodies[CANON_SIMPLE], CANON_SIMPLE);
	body_init(&v->bodies[CANON_RELAXED], CANON_RELAXED);
	v->sender = ascii_form(v, v->sender);
	v->helo = ascii_form(v, v->helo);
	spf_init(&v->spf, v->resolver, &v->client, v->sender, v->helo);
	if (header_load(v) < 0)
		return -1;
	authors_read(&v->authors, &v->fields, &v->arena);
	if (!v->whole)
		v->authors.fault = "the header is too long";
	if (!off[RULE_DKIM])
		dkim_read(&v->dkim, &v->fields, v->now, v->bodies, v->resolver);
	if (!off[RULE_ARC])
		arc_read(&v->arc, &v->fields, v->now, v->bodies, v->resolver);
	questions_want(v);
	if (body_load(v) < 0)
		return -1;
	checks_make(v);
	return 0;
}

void
verify_free(struct verify *v)
{
	dkim_free(&v->dkim);
	arc_free(&v->arc);
	spf_free(&v->spf);
	fields_free(&v->fields);
	str_free(&v->header);
	arena_free(&v->arena);
}

enum verify_wish
verify_wish(const struct verify *v)
{
	const struct dmarc *d = &v->dmarc;
	const bool *off = v->rules->off;

	if (v->vouches != NULL)
		return VERIFY_TAKE;
	if (d->wanted == DMARC_REJECT && !off[RULE_REJECT]) {
		/* A forwarder's chain may be valid another time. */
		bool later = v->arc.later && v->rules->count > 0;

		return d->result == RESULT_FAIL && !later ? VERIFY_REFUSE
							  : VERIFY_LATER;
	}
	/* What has no author that can be told may be anyone's. */
	if ((d->wanted != DMARC_NONE && d->result == RESULT_FAIL) ||
	    d->result == RESULT_PERMERROR)
		return off[RULE_QUARANTINE] ? VERIFY_TAKE : VERIFY_MARK;
	return VERIFY_TAKE;
}
