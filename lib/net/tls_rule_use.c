#include <string.h>

#include "base/record.h"
#include "net/tls_rule.h"

static bool
names_same(const struct tls_wish *a, const struct tls_wish *b)
{
	if (!span_equal(a->server, b->server) || a->name_count != b->name_count)
		return false;
	for (size_t i = 0; i < a->name_count; i++)
		if (!span_equal(a->names[i], b->names[i]))
			return false;
	return true;
}

static bool
tlsa_same(const struct tls_wish *a, const struct tls_wish *b)
{
	if (a->tlsa_count != b->tlsa_count)
		return false;
	for (size_t i = 0; i < a->tlsa_count; i++)
		if (a->tlsa[i].is.tlsa.usage != b->tlsa[i].is.tlsa.usage ||
		    a->tlsa[i].is.tlsa.selector !=
			b->tlsa[i].is.tlsa.selector ||
		    a->tlsa[i].is.tlsa.matching !=
			b->tlsa[i].is.tlsa.matching ||
		    !span_equal(
			a->tlsa[i].is.tlsa.data, b->tlsa[i].is.tlsa.data))
			return false;
	return true;
}

static bool
check_same(const struct tls_wish *a, const struct tls_wish *b)
{
	if (a->check != b->check)
		return false;
	switch (a->check) {
	case TLS_CHECK_NONE:
		return true;
	case TLS_CHECK_PKIX:
		return names_same(a, b);
	case TLS_CHECK_DANE:
		return names_same(a, b) && tlsa_same(a, b);
	case TLS_CHECK_PIN:
		return a->pin_count == b->pin_count &&
		    memcmp(a->pins, b->pins, a->pin_count * sizeof *a->pins) ==
		    0;
	}
	return false;
}

bool
tls_rule_fits(const struct tls_rule *need, const struct tls_rule *had,
    bool encrypted, const struct tls_outcome *outcome)
{
	switch (need->level) {
	case TLS_NEVER: /* TLS does not matter to it */
	case TLS_MAY:
		return true;
	case TLS_MUST:
	case TLS_WRAPPED:
		if (need->wish.check == TLS_CHECK_NONE)
			return encrypted;
		return encrypted && outcome->authenticated &&
		    check_same(&need->wish, &had->wish);
	case TLS_SKIP:
		return false;
	}
	return false;
}

/* RFC 8460 4.3's result type. */
static const char *
result_of(const struct tls_rule *rule, const struct tls_outcome *outcome)
{
	if (rule->failure != NULL && rule->failure[0] != '\0')
		return rule->failure;
	if (outcome == NULL)
		return "starttls-not-supported";
	return outcome->result != NULL ? outcome->result : "ok";
}

void
tls_rule_report(const struct tls_rule *rule, const struct tls_outcome *outcome,
    const struct tls_peer *peer, struct str *packet)
{
	const struct tls_domain *d = rule->of;

	/* With a local policy the domain's was not used; nor does a host
	 * skipped for a local reason concern it. */
	if (d->mx.len == 0 || d->route != TARGET_TLS_UNSAID ||
	    d->line != NULL || rule->level == TLS_NEVER ||
	    (rule->level == TLS_SKIP && rule->failure == NULL))
		return;
	record_verb(packet, "session");
	record_add(packet, "domain", d->mx);
	record_add_number(packet, "at", peer->at);
	record_add_text(packet, "policy", rule->policy);
	if (rule->string.len > 0)
		record_add(packet, "string", rule->string);
	record_add_text(packet, "result", result_of(rule, outcome));
	record_add(packet, "mx", peer->host);
	if (peer->ip != NULL && peer->ip[0] != '\0')
		record_add_text(packet, "ip", peer->ip);
	if (peer->local != NULL && peer->local[0] != '\0')
		record_add_text(packet, "local", peer->local);
	if (outcome != NULL && outcome->result != NULL)
		record_add_text(packet, "text", outcome->text);
	else if (rule->level == TLS_SKIP)
		record_add_text(packet, "text", rule->text);
	record_end(packet);
}
