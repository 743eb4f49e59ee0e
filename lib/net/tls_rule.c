#include "net/tls_rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "net/tls_dane.h"

struct tls_rules {
	struct dns *dns; /* not owned */
	struct tls_policy *policy;
};

/* One decision in progress. */
struct finding {
	struct tls_rules *rules;
	const struct tls_domain *of;
	const struct tls_host *host;
	struct arena *a;
	bool looked; /* for TLSA records: in dane */
	struct dane dane;
	struct tls_rule *rule;
};

struct tls_rules *
tls_rules_open(int etc, struct dns *dns,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct tls_rules *r = mem_new(sizeof *r);

	r->dns = dns;
	r->policy = tls_policy_open(etc, complain, arg);
	return r;
}

void
tls_rules_close(struct tls_rules *r)
{
	tls_policy_close(r->policy);
	free(r);
}

bool
tls_rules_refresh(struct tls_rules *r)
{
	return tls_policy_refresh(r->policy);
}

void
tls_domain_find(struct tls_rules *r, struct tls_domain *d, struct arena *a)
{
	bool said = d->route != TARGET_TLS_UNSAID;

	d->line = said ? NULL : tls_policy_find(r->policy, d->domain);
	d->sts = (struct sts_answer){ .result = STS_ABSENT };
	/* RFC 8461 is about domains in the public DNS. */
	if (d->mx.len > 0 && span_find(d->mx, '.') < d->mx.len &&
	    ((!said && d->line == NULL) || d->requiretls))
		sts_ask(d->mx, a, &d->sts);
}

static void
rule_is(struct finding *f, enum tls_level level, const char *why)
{
	f->rule->level = level;
	f->rule->why = why;
}

static void
skip(struct finding *f, const char *status, const char *text)
{
	f->rule->level = TLS_SKIP;
	f->rule->status = status;
	f->rule->text = text;
}

/* The host's name can't have been forged in the DNS. */
static bool
name_is_sound(const struct finding *f)
{
	const struct tls_domain *d = f->of;

	return d->mx.len == 0 || d->mx_secure ||
	    (d->sts.result == STS_FOUND && d->sts.policy.mode != STS_NONE &&
		sts_matches(&d->sts.policy, f->host->name));
}

static void
check_pkix(struct finding *f, const struct tls_line *line)
{
	struct tls_wish *w = &f->rule->wish;

	w->check = TLS_CHECK_PKIX;
	f->rule->sound = name_is_sound(f);
	if (line == NULL || line->name_count == 0)
		return;
	/* Only names written by the administrator. */
	w->server = line->names[0];
	w->names = line->names + 1;
	w->name_count = line->name_count - 1;
	f->rule->sound = true;
}

/* RFC 7672 3.2.3: with DANE-TA these names match: the TLSA base domain, its
 * name before the alias, and, if its MX is secure, the domain. */
static void
check_dane(struct finding *f)
{
	struct tls_wish *w = &f->rule->wish;
	struct span *names = arena_new(f->a, 2 * sizeof *names);

	w->check = TLS_CHECK_DANE;
	w->server = f->dane.base;
	w->tlsa = f->dane.records;
	w->tlsa_count = f->dane.count;
	w->names = names;
	if (!span_equal(f->host->name, f->dane.base))
		names[w->name_count++] = f->host->name;
	if (f->of->mx.len > 0 && !span_equal(f->of->mx, f->dane.base))
		names[w->name_count++] = f->of->mx;
	f->rule->sound = true;
}

/* RFC 7672 2.2.1: only if MX and address are secure. */
static void
dane_look(struct finding *f)
{
	struct str text = STR_INIT;

	if (f->looked || (f->of->mx.len > 0 && !f->of->mx_secure))
		return;
	f->looked = true;
	dane_find(f->rules->dns, f->host->name, f->host->address, f->host->port,
	    f->a, &f->dane);
	if (f->dane.result == DANE_NONE)
		return;
	f->rule->policy = "tlsa";
	for (size_t i = 0; i < f->dane.count; i++) {
		const struct dns_record *r = &f->dane.records[i];

		str_addf(&text, "%s%u %u %u ", i > 0 ? "\n" : "",
		    r->is.tlsa.usage, r->is.tlsa.selector, r->is.tlsa.matching);
		hex_encode(&text, r->is.tlsa.data);
	}
	f->rule->string = arena_copy(f->a, str_span(&text));
	str_free(&text);
}

static void
dane_later(struct finding *f)
{
	f->rule->failure = "dnssec-invalid";
	f->rule->permanent = false;
	skip(f, "4.7.5",
	    "its TLSA records can't be looked up, or are not what their "
	    "domain signed");
}

/* RFC 8460 4.4: the policy as its domain published it. */
static void
sts_tell(struct finding *f)
{
	const struct sts_policy *p = &f->of->sts.policy;
	struct str text = STR_INIT;

	f->rule->policy = "sts";
	str_addf(&text, "version: STSv1\nmode: %s", sts_mode_text(p->mode));
	for (size_t i = 0; i < p->count; i++) {
		str_add_text(&text, "\nmx: ");
		str_add(&text, p->mx[i]);
	}
	str_addf(&text, "\nmax_age: %u", (unsigned)p->max_age);
	f->rule->string = arena_copy(f->a, str_span(&text));
	str_free(&text);
}

/* RFC 8461 5: enforce, or only test. */
static void
by_policy_of_sts(struct finding *f)
{
	const struct sts_policy *p = &f->of->sts.policy;
	bool enforce = p->mode == STS_ENFORCE;

	sts_tell(f);
	rule_is(
	    f, enforce ? TLS_MUST : TLS_MAY, enforce ? "sts" : "sts-testing");
	if (sts_matches(p, f->host->name)) {
		check_pkix(f, NULL);
		f->rule->wish.lenient = !enforce;
		return;
	}
	f->rule->failure = "validation-failure";
	if (enforce)
		skip(f, "4.7.5",
		    "the host is not among those of the domain's MTA-STS "
		    "policy");
}

/* Apply the domain's own policy. */
static void
by_domain(struct finding *f)
{
	const struct sts_answer *sts = &f->of->sts;

	dane_look(f);
	/* RFC 8461 2: MTA-STS never overrides a failure of DANE. */
	if (f->dane.result == DANE_LATER) {
		rule_is(f, TLS_SKIP, "dane");
		dane_later(f);
	} else if (f->dane.result == DANE_FOUND) {
		rule_is(f, TLS_MUST, "dane");
		check_dane(f);
	} else if (sts->result == STS_LATER) {
		rule_is(f, TLS_SKIP, "sts");
		skip(f, "4.3.0", "mta-sts does not answer");
	} else if (sts->result == STS_FOUND && sts->policy.mode != STS_NONE) {
		by_policy_of_sts(f);
	} else if (f->dane.result == DANE_UNUSABLE) {
		/* RFC 7672 2.2: encrypted, without authentication. */
		rule_is(f, TLS_MUST, "dane");
	} else {
		rule_is(f, TLS_MAY, "opportunistic");
		if (sts->result == STS_FAILED) {
			f->rule->policy = "sts";
			f->rule->failure = sts->failure;
		}
	}
}

/* RFC 8689 4.2.2: as the domain asks, but do not fail. */
static void
relax(struct finding *f)
{
	if (f->rule->level == TLS_SKIP)
		f->rule->wish.check = TLS_CHECK_NONE;
	f->rule->level = TLS_MAY;
	f->rule->wish.lenient = true;
	f->rule->why = "optional";
}

static void
by_route(struct finding *f, enum target_tls tls)
{
	switch (tls) {
	case TARGET_TLS_UNSAID:
	case TARGET_TLS_MAY:
		rule_is(f, TLS_MAY, "route");
		break;
	case TARGET_TLS_NONE:
		rule_is(f, TLS_NEVER, "route");
		break;
	case TARGET_TLS_REQUIRE:
		rule_is(f, TLS_MUST, "route");
		break;
	case TARGET_TLS_VERIFY:
		rule_is(f, TLS_MUST, "route");
		check_pkix(f, NULL);
		break;
	case TARGET_TLS_WRAPPED:
		rule_is(f, TLS_WRAPPED, "route");
		check_pkix(f, NULL);
		break;
	}
}

static void
by_line_dane(struct finding *f)
{
	dane_look(f);
	if (f->dane.result == DANE_FOUND)
		check_dane(f);
	else if (f->dane.result == DANE_LATER)
		dane_later(f);
	else
		skip(f, "4.7.5",
		    "tls-policy asks for DANE, and there is no usable TLSA "
		    "record that the DNS vouches for");
}

static void
by_line(struct finding *f, const struct tls_line *line)
{
	struct tls_wish *w = &f->rule->wish;

	rule_is(f, TLS_MUST, "policy");
	if (line->broken) {
		skip(f, "4.3.5",
		    "the domain's line in tls-policy is faulty; fix it");
		return;
	}
	switch (line->word) {
	case TLS_WORD_NONE:
		f->rule->level = TLS_NEVER;
		break;
	case TLS_WORD_MAY:
		f->rule->level = TLS_MAY;
		break;
	case TLS_WORD_REQUIRE:
		break;
	case TLS_WORD_VERIFY:
		check_pkix(f, line);
		break;
	case TLS_WORD_DANE:
		by_line_dane(f);
		break;
	case TLS_WORD_PIN:
		w->check = TLS_CHECK_PIN;
		w->pins = (const unsigned char(*)[TLS_PIN_LEN])line->pins;
		w->pin_count = line->pin_count;
		f->rule->sound = true;
		break;
	}
}

/* RFC 8689 4.2.1: the host must be authenticated, and its name secure. */
static void
require(struct finding *f)
{
	struct tls_rule *r = f->rule;

	r->requiretls = true;
	if (r->level == TLS_SKIP)
		return;
	/* A failure now is permanent. */
	r->permanent = true;
	r->status = "5.7.10";
	if (r->level == TLS_NEVER) {
		skip(f, r->status,
		    "the message asks for TLS (REQUIRETLS), and the "
		    "configuration forbids it here");
		return;
	}
	if (r->level == TLS_MAY)
		r->level = TLS_MUST;
	r->wish.lenient = false;
	if (r->wish.check == TLS_CHECK_NONE) {
		r->why = "requiretls";
		dane_look(f);
		if (f->dane.result == DANE_FOUND)
			check_dane(f);
		else if (f->dane.result == DANE_LATER)
			dane_later(f);
		else
			check_pkix(f, NULL);
	}
	if (r->level == TLS_SKIP || r->sound)
		return;
	skip(f, r->status,
	    "the message asks for TLS (REQUIRETLS), but neither DNSSEC nor "
	    "MTA-STS says that this host is the domain's");
}

/* The wish outlives its line of tls-policy. */
static void
wish_keep(struct finding *f)
{
	struct tls_wish *w = &f->rule->wish;
	struct span *names = arena_new(
	    f->a, (w->name_count + 1) * sizeof *names);
	unsigned char(*pins)[TLS_PIN_LEN] = arena_new(
	    f->a, (w->pin_count + 1) * sizeof *pins);

	w->server = arena_copy(f->a, w->server);
	for (size_t i = 0; i < w->name_count; i++)
		names[i] = arena_copy(f->a, w->names[i]);
	if (w->pin_count > 0)
		memcpy(pins, w->pins, w->pin_count * sizeof *pins);
	w->names = names;
	w->pins = (const unsigned char(*)[TLS_PIN_LEN])pins;
}

void
tls_rule_find(struct tls_rules *r, const struct tls_domain *d,
    const struct tls_host *host, struct arena *a, struct tls_rule *rule_r)
{
	struct finding f = {
		.rules = r, .of = d, .host = host, .a = a, .rule = rule_r
	};

	*rule_r = (struct tls_rule){ .of = d, .policy = "no-policy-found" };
	rule_r->wish.server = host->name;
	if (d->route != TARGET_TLS_UNSAID)
		by_route(&f, d->route);
	else if (d->line != NULL)
		by_line(&f, d->line);
	else
		by_domain(&f);
	if (d->requiretls)
		require(&f);
	else if (d->optional && d->route == TARGET_TLS_UNSAID &&
	    d->line == NULL)
		relax(&f);
	wish_keep(&f);
}
