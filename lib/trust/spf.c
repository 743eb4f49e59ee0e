#include "trust/spf.h"

#include <stdio.h>
#include <string.h>

#include "mail/domain.h"
#include "trust/spf_macro.h"
#include "trust/spf_names.h"
#include "trust/spf_record.h"

/* Deeper nesting can't be: each include is a term that asks the DNS. */
static enum result host_check(struct spf *s, struct span domain);

void
spf_init(struct spf *s, struct resolver *r, const struct spf_address *client,
    struct span sender, struct span helo)
{
	struct span local, domain = sender;

	*s = (struct spf){ .resolver = r,
		.client = *client,
		.local = SPAN("postmaster"), /* RFC 7208 4.3 */
		.domain = helo,
		.helo = helo,
		.reason = STR_INIT };
	while (span_until(&domain, '@', &local))
		domain = span_from(domain, 1);
	if (domain.at > sender.at + 1)
		s->local = span_head(
		    sender, (size_t)(domain.at - sender.at) - 1);
	if (sender.len > 0)
		s->domain = domain;
	if (s->domain.len > 0 && s->domain.at[s->domain.len - 1] == '.')
		s->domain.len--;
}

void
spf_free(struct spf *s)
{
	str_free(&s->reason);
	arena_free(&s->arena);
}

/* RFC 7208 4.3: at least two labels, none empty or longer than 63 bytes. */
static bool
is_domain(struct span name)
{
	size_t label = 0, labels = 1;

	if (name.len == 0 || name.len > DOMAIN_PLAIN_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			labels++;
		} else if (++label > 63)
			return false;
	}
	return label > 0 && labels > 1;
}

void
spf_want(struct spf *s)
{
	if (is_domain(s->domain))
		resolver_want(s->resolver, s->domain, DNS_TXT);
}

static enum result
problem(struct spf *s, enum result r, const char *what, struct span which)
{
	str_setf(&s->reason, "%s", what);
	if (which.len > 0) {
		str_add_text(&s->reason, ": ");
		str_add(&s->reason, span_head(which, 128));
	}
	return r;
}

/* What one term comes to. */
enum match { MATCH_NO, MATCH_YES, MATCH_TEMPERROR, MATCH_PERMERROR };

static enum match
answer_judge(struct spf *s, const struct dns_answer *a)
{
	if (a->result == DNS_LATER) {
		problem(s, RESULT_TEMPERROR, "no answer", a->name);
		return MATCH_TEMPERROR;
	}
	if (a->result == DNS_FOUND)
		return MATCH_YES;
	/* RFC 7208 4.6.4. */
	if (++s->voids > SPF_VOID_MAX) {
		problem(s, RESULT_PERMERROR,
		    "more than two names without records", a->name);
		return MATCH_PERMERROR;
	}
	return MATCH_NO;
}

static enum match
address_match(struct spf *s, const struct spf_term *t, struct span name)
{
	bool four = s->client.family == AF_INET;
	const struct dns_answer *a = resolver_ask(
	    s->resolver, name, four ? DNS_A : DNS_AAAA);
	enum match m = answer_judge(s, a);

	if (m != MATCH_YES)
		return m;
	for (size_t i = 0; i < a->count; i++) {
		const void *bytes = four ? (const void *)&a->records[i].is.a
					 : &a->records[i].is.aaaa;

		if (spf_address_within(
			&s->client, bytes, four ? t->bits4 : t->bits6))
			return MATCH_YES;
	}
	return MATCH_NO;
}

static enum match
mx_match(struct spf *s, const struct spf_term *t, struct span name)
{
	enum dns_type type = s->client.family == AF_INET ? DNS_A : DNS_AAAA;
	const struct dns_answer *a = resolver_ask(s->resolver, name, DNS_MX);
	enum match m = answer_judge(s, a);

	if (m != MATCH_YES)
		return m;
	if (a->count > SPF_NAMES_MAX) {
		problem(s, RESULT_PERMERROR, "more than ten MX records", name);
		return MATCH_PERMERROR;
	}
	for (size_t i = 0; i < a->count; i++)
		resolver_want(s->resolver, a->records[i].is.mx.host, type);
	m = MATCH_NO;
	for (size_t i = 0; i < a->count && m == MATCH_NO; i++)
		if (a->records[i].is.mx.host.len > 0)
			m = address_match(s, t, a->records[i].is.mx.host);
	return m;
}

static bool
is_below(struct span name, struct span domain)
{
	if (name.len > domain.len && name.at[name.len - domain.len - 1] == '.')
		name = span_from(name, name.len - domain.len);
	return span_equal_case(name, domain);
}

static enum match
ptr_match(struct spf *s, struct span name)
{
	spf_names_find(s);
	for (size_t i = 0; i < s->name_count; i++)
		if (is_below(s->names[i], name))
			return MATCH_YES;
	return MATCH_NO;
}

static enum match
include_match(struct spf *s, struct span name)
{
	/* RFC 7208 5.2. */
	switch (host_check(s, name)) {
	case RESULT_PASS:
		return MATCH_YES;
	case RESULT_FAIL:
	case RESULT_SOFTFAIL:
	case RESULT_NEUTRAL:
		return MATCH_NO;
	case RESULT_TEMPERROR:
		return MATCH_TEMPERROR;
	case RESULT_NONE:
		problem(s, RESULT_PERMERROR, "no SPF record", name);
		return MATCH_PERMERROR;
	case RESULT_PERMERROR:
	case RESULT_POLICY:
	case RESULT_OFF:
		break;
	}
	return MATCH_PERMERROR;
}

/* RFC 7208 4.6.4: so many terms may ask. */
static bool
may_ask(struct spf *s)
{
	if (++s->lookups <= SPF_LOOKUPS_MAX)
		return true;
	problem(
	    s, RESULT_PERMERROR, "more than ten terms ask the DNS", SPAN(""));
	return false;
}

static enum match
asking_match(struct spf *s, const struct spf_term *t, struct span domain)
{
	struct str name = STR_INIT;
	const struct dns_answer *a;
	enum match m = MATCH_NO;
	struct span target;

	if (!may_ask(s))
		return MATCH_PERMERROR;
	if (t->domain.len > 0)
		spf_macro_expand(s, t->domain, domain, &name);
	target = t->domain.len > 0 ? arena_copy(&s->arena, str_span(&name))
				   : domain;
	str_free(&name);
	switch (t->kind) {
	case SPF_INCLUDE:
		return include_match(s, target);
	case SPF_A:
		return address_match(s, t, target);
	case SPF_MX:
		return mx_match(s, t, target);
	case SPF_PTR:
		return ptr_match(s, target);
	case SPF_EXISTS:
		a = resolver_ask(s->resolver, target, DNS_A);
		return answer_judge(s, a);
	case SPF_ALL:
	case SPF_IP4:
	case SPF_IP6:
	case SPF_REDIRECT:
	case SPF_OTHER:
		break;
	}
	return m;
}

static enum match
term_match(struct spf *s, const struct spf_term *t, struct span domain)
{
	if (t->kind == SPF_ALL)
		return MATCH_YES;
	if (t->kind != SPF_IP4 && t->kind != SPF_IP6)
		return asking_match(s, t, domain);
	return t->network.family == s->client.family &&
		spf_address_within(&s->client, t->network.bytes,
		    t->kind == SPF_IP4 ? t->bits4 : t->bits6)
	    ? MATCH_YES
	    : MATCH_NO;
}

/* Put the first questions of all terms at once. Those whose names depend on
 * others' answers (%{p}) wait. */
static void
terms_want(struct spf *s, const struct spf_record *r, struct span domain)
{
	static const enum dns_type types[] = { [SPF_INCLUDE] = DNS_TXT,
		[SPF_A] = DNS_A,
		[SPF_MX] = DNS_MX,
		[SPF_EXISTS] = DNS_A };
	size_t asking = s->lookups;

	for (size_t i = 0; i < r->count; i++) {
		const struct spf_term *t = &r->terms[i];
		struct str name = STR_INIT;

		if (t->kind == SPF_ALL)
			break;
		if (t->kind == SPF_IP4 || t->kind == SPF_IP6)
			continue;
		if (asking++ == SPF_LOOKUPS_MAX)
			break;
		if (t->kind == SPF_PTR || spf_macro_needs_names(t->domain))
			continue;
		if (t->domain.len > 0)
			spf_macro_expand(s, t->domain, domain, &name);
		else
			str_set(&name, domain);
		resolver_want(s->resolver, str_span(&name),
		    t->kind == SPF_A && s->client.family == AF_INET6
			? DNS_AAAA
			: types[t->kind]);
		str_free(&name);
	}
}

static enum result
redirect_follow(struct spf *s, struct span target, struct span domain)
{
	struct str name = STR_INIT;
	enum result r;

	if (!may_ask(s))
		return RESULT_PERMERROR;
	spf_macro_expand(s, target, domain, &name);
	r = host_check(s, arena_copy(&s->arena, str_span(&name)));
	if (r == RESULT_NONE) /* RFC 7208 6.1 */
		r = problem(
		    s, RESULT_PERMERROR, "no SPF record", str_span(&name));
	str_free(&name);
	return r;
}

static enum result
record_evaluate(struct spf *s, const struct spf_record *r, struct span domain)
{
	terms_want(s, r, domain);
	for (size_t i = 0; i < r->count; i++)
		switch (term_match(s, &r->terms[i], domain)) {
		case MATCH_YES:
			return problem(
			    s, r->terms[i].result, "by", r->terms[i].text);
		case MATCH_TEMPERROR:
			return RESULT_TEMPERROR;
		case MATCH_PERMERROR:
			return RESULT_PERMERROR;
		case MATCH_NO:
			break;
		}
	if (r->redirect.len > 0)
		return redirect_follow(s, r->redirect, domain);
	return problem(
	    s, RESULT_NEUTRAL, "no term matches", SPAN("")); /* 4.7 */
}

static enum result
host_check(struct spf *s, struct span domain)
{
	const struct dns_answer *a;
	struct spf_record record;
	struct span wrong = SPAN("");
	const struct dns_record *found = NULL;

	if (!is_domain(domain))
		return problem(s, RESULT_NONE, "not a domain", SPAN(""));
	a = resolver_ask(s->resolver, domain, DNS_TXT);
	if (a->result == DNS_LATER)
		return problem(s, RESULT_TEMPERROR, "no answer", domain);
	for (size_t i = 0; i < a->count; i++) {
		if (!spf_is_record(a->records[i].is.text))
			continue;
		if (found != NULL) /* RFC 7208 4.5 */
			return problem(s, RESULT_PERMERROR,
			    "more than one SPF record", domain);
		found = &a->records[i];
	}
	if (found == NULL)
		return problem(s, RESULT_NONE, "no SPF record", SPAN(""));
	if (!spf_record_parse(found->is.text, &s->arena, &record, &wrong))
		return problem(s, RESULT_PERMERROR, "malformed", wrong);
	return record_evaluate(s, &record, domain);
}

enum result
spf_check(struct spf *s)
{
	return host_check(s, s->domain);
}
