/* The results, for the message's readers and for the log. */
#include "trust/authres.h"
#include "trust/verify.h"

static void
spf_add(const struct verify *v, struct str *out)
{
	bool helo = v->sender.len == 0;

	if (v->spf_result == RESULT_OFF)
		return;
	authres_add(out, "spf", v->spf_result, str_span(&v->spf.reason));
	authres_property(out, helo ? "smtp.helo" : "smtp.mailfrom",
	    helo ? v->helo : v->sender);
}

enum { B_SHOWN = 8 }; /* RFC 6008: enough to tell signatures apart */

static void
signature_add(const struct signature *s, struct str *out)
{
	struct str comment = STR_INIT;
	struct span b = SPAN("");

	if (s->bits > 0)
		str_addf(&comment, "%u-bit key", s->bits);
	if (s->result != RESULT_PASS)
		str_addf(
		    &comment, "%s%s", comment.len > 0 ? ", " : "", s->reason);
	if (s->test)
		str_addf(&comment, ", testing");
	authres_add(out, "dkim", s->result, str_span(&comment));
	authres_property(out, "header.d", s->domain);
	authres_property(out, "header.s", s->selector);
	if (tags_find(&s->tags, "b", &b))
		authres_property(out, "header.b", span_head(b, B_SHOWN));
	str_free(&comment);
}

static void
arc_add(const struct verify *v, struct str *out)
{
	const struct arc *a = &v->arc;

	if (v->rules->off[RULE_ARC] || a->result == RESULT_NONE)
		return;
	authres_add(out, "arc", a->result, span_text(a->reason));
	if (a->result == RESULT_PASS)
		authres_property(
		    out, "header.d", a->sets[a->count - 1].seal.domain);
}

static void
dmarc_add(const struct verify *v, struct str *out)
{
	const struct dmarc *d = &v->dmarc;
	struct str comment = STR_INIT;

	if (d->result == RESULT_OFF)
		return;
	str_add_text(&comment, d->reason);
	if (d->publisher.len > 0) {
		str_addf(&comment, ", p=%s of ", dmarc_policy_text(d->policy));
		str_add(&comment, d->publisher);
	}
	if (v->vouches != NULL) {
		str_add_text(&comment, ", but it passed at ");
		str_add(&comment, v->vouches->domain);
	}
	authres_add(out, "dmarc", d->result, str_span(&comment));
	authres_property(out, "header.from", d->domain);
	str_free(&comment);
}

void
verify_field(const struct verify *v, struct span me, struct str *out)
{
	struct str field = STR_INIT;

	authres_begin(&field, me);
	spf_add(v, &field);
	for (size_t i = 0; i < v->dkim.count; i++)
		signature_add(&v->dkim.at[i], &field);
	if (v->dkim.count == 0 && !v->rules->off[RULE_DKIM])
		authres_add(&field, "dkim", RESULT_NONE, SPAN(""));
	arc_add(v, &field);
	dmarc_add(v, &field);
	if (v->iprev != RESULT_OFF) {
		authres_add(&field, "iprev", v->iprev, v->name);
		authres_property(&field, "policy.iprev", v->client_text);
	}
	authres_end(&field);
	str_add(out, str_span(&field));
	str_free(&field);
}

static void
signatures_text(const struct verify *v, struct str *out)
{
	for (size_t i = 0; i < v->dkim.count; i++) {
		const struct signature *s = &v->dkim.at[i];

		str_addf(
		    out, "%s%s ", i > 0 ? ", " : "", result_text(s->result));
		str_add(out, s->domain);
		str_add_byte(out, '/');
		str_add(out, s->selector);
		if (s->result != RESULT_PASS)
			str_addf(out, " (%s)", s->reason);
	}
	if (v->dkim.count == 0)
		str_add_text(out,
		    result_text(
			v->rules->off[RULE_DKIM] ? RESULT_OFF : RESULT_NONE));
}

void
verify_facts(const struct verify *v,
    void (*put)(void *arg, const char *key, struct span value), void *arg)
{
	const struct dmarc *d = &v->dmarc;
	struct str text = STR_INIT;

	put(arg, "dmarc", span_text(result_text(d->result)));
	put(arg, "author", d->domain);
	if (d->publisher.len > 0)
		put(arg, "policy", span_text(dmarc_policy_text(d->policy)));
	put(arg, "reason", span_text(d->reason));
	if (v->vouches != NULL)
		put(arg, "forwarder", v->vouches->domain);
	put(arg, "spf", span_text(result_text(v->spf_result)));
	put(arg, "domain", v->spf.domain);
	put(arg, "spf-reason", str_span(&v->spf.reason));
	put(arg, "arc",
	    span_text(result_text(
		v->rules->off[RULE_ARC] ? RESULT_OFF : v->arc.result)));
	if (v->arc.result == RESULT_FAIL)
		put(arg, "arc-reason", span_text(v->arc.reason));
	put(arg, "iprev", span_text(result_text(v->iprev)));
	if (v->name.len > 0)
		put(arg, "name", v->name);
	str_addf(&text, "%zu", v->dkim.count + v->dkim.more);
	if (v->dkim.more > 0)
		put(arg, "signatures", str_span(&text));
	str_clear(&text);
	signatures_text(v, &text);
	put(arg, "dkim", str_span(&text));
	str_free(&text);
}
