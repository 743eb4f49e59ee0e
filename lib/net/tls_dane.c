#include "net/tls_dane.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"

enum { USAGE_TA = 2, USAGE_EE = 3, SELECTOR_MAX = 1 };
enum { MATCH_FULL = 0, MATCH_SHA256 = 1, MATCH_SHA512 = 2 };

/* RFC 7672 3.1: usages 2 and 3; RFC 6698 2.1: known selectors and types. */
static bool
usable(const struct dns_record *r)
{
	size_t len = r->is.tlsa.data.len;

	if ((r->is.tlsa.usage != USAGE_TA && r->is.tlsa.usage != USAGE_EE) ||
	    r->is.tlsa.selector > SELECTOR_MAX)
		return false;
	switch (r->is.tlsa.matching) {
	case MATCH_FULL:
		return len > 0;
	case MATCH_SHA256:
		return len == 32;
	case MATCH_SHA512:
		return len == 64;
	default:
		return false;
	}
}

static void
records_ask(struct dns *dns, struct span base, uint16_t port, struct arena *a,
    struct dane *dane_r)
{
	struct str name = STR_INIT;
	struct dns_answer answer;

	str_addf(&name, "_%u._tcp.", (unsigned)port);
	str_add(&name, base);
	dns_ask(dns, str_span(&name), DNS_TLSA, a, &answer);
	str_free(&name);
	*dane_r = (struct dane){ .result = DANE_NONE, .base = base };
	/* RFC 7672 2.1.1, 2.2: a missing or bogus answer must not disable
	 * DANE. */
	if (answer.result == DNS_LATER)
		dane_r->result = DANE_LATER;
	if (answer.result != DNS_FOUND || !answer.secure || answer.count == 0)
		return;
	dane_r->records = answer.records;
	dane_r->count = answer.count;
	dane_r->result = DANE_UNUSABLE;
	for (size_t i = 0; i < answer.count; i++)
		if (usable(&answer.records[i]))
			dane_r->result = DANE_FOUND;
}

/* RFC 7672 2.2.2: an alias into an unsigned zone may itself be signed; then the
 * TLSA records are at its own name. */
static void
alias_ask(struct dns *dns, struct span name, uint16_t port, struct arena *a,
    struct dane *dane_r)
{
	struct dns_answer alias;

	dns_ask(dns, name, DNS_CNAME, a, &alias);
	if (alias.result == DNS_LATER)
		dane_r->result = DANE_LATER;
	else if (alias.result == DNS_FOUND && alias.secure)
		records_ask(dns, name, port, a, dane_r);
}

void
dane_find(struct dns *dns, struct span name, const struct dns_host *address,
    uint16_t port, struct arena *a, struct dane *dane_r)
{
	bool aliased = address->name.len > 0 &&
	    !span_equal(address->name, name);

	*dane_r = (struct dane){ .result = DANE_NONE, .base = name };
	/* An address, or a name of /etc/hosts, has no records. */
	if (address->known || address->result != DNS_FOUND ||
	    span_find(name, ':') < name.len || name.len == 0 ||
	    byte_is_digit(name.at[name.len - 1]))
		return;
	/* RFC 7672 2.2.2: without a secure address TLSA is not looked up: name
	 * servers that fail at it are common there. */
	if (!address->secure) {
		if (aliased)
			alias_ask(dns, name, port, a, dane_r);
		return;
	}
	/* 2.2.3: the name behind the alias first. */
	if (aliased)
		records_ask(dns, address->name, port, a, dane_r);
	if (dane_r->result == DANE_NONE)
		records_ask(dns, name, port, a, dane_r);
}
