#include "trust/dmarc.h"

#include "base/str.h"
#include "trust/tags.h"

const char *
dmarc_policy_text(enum dmarc_policy p)
{
	static const char *const texts[] = { [DMARC_NONE] = "none",
		[DMARC_QUARANTINE] = "quarantine",
		[DMARC_REJECT] = "reject" };

	return texts[p];
}

static void
policy_read(struct span value, enum dmarc_policy *p_r)
{
	for (int p = DMARC_NONE; p <= DMARC_REJECT; p++)
		if (span_equal_case(value,
			span_text(dmarc_policy_text((enum dmarc_policy)p))))
			*p_r = (enum dmarc_policy)p;
}

/* RFC 9989 4.7: v= is the first tag, its value is written so. */
static bool
is_record(struct span *rest)
{
	struct tag t;

	return tag_next(rest, &t) && span_equal_case(t.name, SPAN("v")) &&
	    span_equal(t.value, SPAN("DMARC1"));
}

bool
dmarc_record_parse(struct span text, struct dmarc_record *r_r)
{
	struct span rest = text, sp = SPAN(""), np = SPAN("");
	struct tag t;

	*r_r = (struct dmarc_record){ .domain = DMARC_NONE };
	if (!is_record(&rest))
		return false;
	while (tag_next(&rest, &t))
		if (span_equal_case(t.name, SPAN("p")))
			policy_read(t.value, &r_r->domain);
		else if (span_equal_case(t.name, SPAN("sp")))
			sp = t.value;
		else if (span_equal_case(t.name, SPAN("np")))
			np = t.value;
		else if (span_equal_case(t.name, SPAN("adkim")))
			r_r->strict_dkim = span_equal_case(t.value, SPAN("s"));
		else if (span_equal_case(t.name, SPAN("aspf")))
			r_r->strict_spf = span_equal_case(t.value, SPAN("s"));
		else if (span_equal_case(t.name, SPAN("t")))
			r_r->test = span_equal_case(t.value, SPAN("y"));
		else if (span_equal_case(t.name, SPAN("psd")))
			r_r->psd = span_equal_case(t.value, SPAN("y"))
			    ? DMARC_PSD_YES
			    : span_equal_case(t.value, SPAN("n"))
			    ? DMARC_PSD_NO
			    : DMARC_PSD_UNSAID;
	r_r->subdomain = r_r->domain;
	policy_read(sp, &r_r->subdomain);
	r_r->unknown = r_r->subdomain;
	policy_read(np, &r_r->unknown);
	return true;
}

static size_t
labels_of(struct span domain)
{
	size_t n = domain.len > 0;

	for (size_t i = 0; i < domain.len; i++)
		n += domain.at[i] == '.';
	return n;
}

static struct span
parent_of(struct span domain)
{
	return span_from(domain, span_find(domain, '.') + 1);
}

/* RFC 9989 4.10: of a long name the upper seven labels come next. */
static struct span
next_of(struct span domain)
{
	domain = parent_of(domain);
	while (labels_of(domain) > DMARC_QUERIES_MAX - 1)
		domain = parent_of(domain);
	return domain;
}

static void
name_make(struct span domain, struct str *out)
{
	str_setf(out, "_dmarc.");
	str_add(out, domain);
}

void
dmarc_want(struct resolver *r, struct span domain)
{
	struct str name = STR_INIT;

	while (domain.len > 0) {
		name_make(domain, &name);
		resolver_want(r, str_span(&name), DNS_TXT);
		domain = next_of(domain);
	}
	str_free(&name);
}

/* Exactly one record counts. */
static bool
record_choose(const struct dns_answer *a, struct dmarc_record *r_r)
{
	struct dmarc_record each;
	size_t count = 0;

	for (size_t i = 0; i < a->count; i++)
		if (dmarc_record_parse(a->records[i].is.text, &each)) {
			*r_r = each;
			count++;
		}
	return count == 1;
}

/* RFC 9989 4.10.2. */
static struct span
organization_of(const struct dmarc_walk *w, struct span domain)
{
	const struct dmarc_step *last = NULL;

	for (size_t i = 0; i < w->count; i++) {
		const struct dmarc_step *s = &w->steps[i];

		if (!s->found)
			continue;
		if (s->record.psd == DMARC_PSD_NO)
			return s->domain;
		if (i > 0 && s->record.psd == DMARC_PSD_YES) {
			/* One label more than the public suffix. */
			struct span below = domain;

			while (labels_of(below) > labels_of(s->domain) + 1)
				below = parent_of(below);
			return below;
		}
		last = s;
	}
	return last != NULL ? last->domain : domain;
}

void
dmarc_walk(struct resolver *r, struct span domain, struct dmarc_walk *w_r)
{
	struct str name = STR_INIT;
	struct span at = domain;

	*w_r = (struct dmarc_walk){ .later = false };
	dmarc_want(r, domain);
	while (at.len > 0 && w_r->count < DMARC_QUERIES_MAX) {
		struct dmarc_step *s = &w_r->steps[w_r->count++];
		const struct dns_answer *a;

		name_make(at, &name);
		a = resolver_ask(r, str_span(&name), DNS_TXT);
		w_r->later = w_r->later || a->result == DNS_LATER;
		s->domain = at;
		s->found = record_choose(a, &s->record);
		if (s->found && s->record.psd != DMARC_PSD_UNSAID)
			break;
		at = next_of(at);
	}
	str_free(&name);
	w_r->organization = organization_of(w_r, domain);
}

/* RFC 9989 3.2: there are no records of the kinds that mail needs. */
static bool
exists(struct resolver *r, struct span domain)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_MX };
	bool gone = true;

	for (size_t i = 0; i < COUNT(types); i++)
		resolver_want(r, domain, types[i]);
	for (size_t i = 0; i < COUNT(types); i++) {
		const struct dns_answer *a = resolver_ask(r, domain, types[i]);

		gone = gone &&
		    (a->result == DNS_GONE || a->result == DNS_EMPTY);
	}
	return !gone;
}

static const struct dmarc_step *
step_of(const struct dmarc_walk *w, struct span domain)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->steps[i].found && w->steps[i].domain.len == domain.len)
			return &w->steps[i];
	return NULL;
}

/* RFC 9989 4.10.1: the author's domain's own record, else the organization's,
 * else the public suffix's. NULL: none. */
static const struct dmarc_record *
policy_find(struct resolver *r, const struct dmarc_walk *w, struct dmarc *d)
{
	const struct dmarc_step *s = step_of(w, d->domain);

	if (s != NULL) {
		d->policy = s->record.domain;
		d->publisher = s->domain;
		return &s->record;
	}
	s = step_of(w, w->organization);
	for (size_t i = w->count; s == NULL && i-- > 0;)
		if (w->steps[i].found)
			s = &w->steps[i];
	if (s == NULL)
		return NULL;
	d->publisher = s->domain;
	d->policy = s->record.subdomain == s->record.unknown ||
		exists(r, d->domain)
	    ? s->record.subdomain
	    : s->record.unknown;
	return &s->record;
}

static bool
is_below(struct span name, struct span domain)
{
	if (name.len > domain.len && name.at[name.len - domain.len - 1] == '.')
		name = span_from(name, name.len - domain.len);
	return span_equal(name, domain);
}

/* RFC 9989 4.4: the same domain, or the same organization. */
static bool
is_aligned(struct resolver *r, const struct dmarc_walk *author,
    struct span domain, struct span other, bool strict, bool *later)
{
	struct dmarc_walk w;

	if (span_equal(domain, other))
		return true;
	if (strict || !is_below(other, author->organization))
		return false;
	dmarc_walk(r, other, &w);
	*later = *later || w.later;
	return span_equal(w.organization, author->organization);
}

static enum dmarc_policy
wanted_of(const struct dmarc_record *record, enum dmarc_policy p)
{
	/* RFC 9989 4.7, t=y: one step less. */
	if (record->test && p != DMARC_NONE)
		return p == DMARC_REJECT ? DMARC_QUARANTINE : DMARC_NONE;
	return p;
}

static void
identities_judge(struct resolver *r, const struct dmarc_walk *w,
    const struct dmarc_record *record, const struct dmarc_identity *ids,
    size_t count, struct dmarc *d)
{
	bool later = false;

	for (size_t i = 0; i < count; i++) {
		bool strict = ids[i].dkim ? record->strict_dkim
					  : record->strict_spf;

		if (ids[i].result != RESULT_PASS &&
		    ids[i].result != RESULT_TEMPERROR)
			continue;
		if (!is_aligned(r, w, d->domain, ids[i].domain, strict, &later))
			continue;
		if (ids[i].result == RESULT_PASS) {
			d->result = RESULT_PASS;
			d->reason = ids[i].dkim ? "by DKIM" : "by SPF";
			return;
		}
		later = true;
	}
	d->result = later ? RESULT_TEMPERROR : RESULT_FAIL;
	d->reason = later ? "a name server does not answer"
			  : "neither SPF nor DKIM passes for this domain";
	d->wanted = wanted_of(record, d->policy);
}

void
dmarc_check(struct resolver *r, struct span domain,
    const struct dmarc_identity *ids, size_t count, struct dmarc *d_r)
{
	const struct dmarc_record *record;
	struct dmarc_walk w;

	*d_r = (struct dmarc){ .domain = domain,
		.result = RESULT_NONE,
		.reason = "no policy is published",
		.publisher = SPAN("") };
	dmarc_walk(r, domain, &w);
	record = policy_find(r, &w, d_r);
	if (record != NULL)
		identities_judge(r, &w, record, ids, count, d_r);
	/* The step without an answer might have had another policy, or shown
	 * another organization. A message that passes does so anyway. */
	if (w.later && d_r->result != RESULT_PASS) {
		d_r->result = RESULT_TEMPERROR;
		d_r->reason = "a name server does not answer";
	}
}
