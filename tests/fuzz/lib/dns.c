/* An answer of a name server may hold anything: what is found in it makes
 * sense. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "mail/address.h"
#include "net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum dns_type types[] = { DNS_A, DNS_CNAME, DNS_PTR, DNS_MX,
	DNS_TXT, DNS_AAAA, DNS_TLSA };

static void
check(const struct dns_answer *r, enum dns_type type)
{
	if ((r->result == DNS_FOUND) != (r->count > 0) || r->count > 100 ||
	    (r->secure && r->result == DNS_LATER))
		abort();
	for (size_t i = 0; i < r->count; i++) {
		struct span host = r->records[i].is.mx.host, domain;

		if (type == DNS_MX && host.len > 0 &&
		    r->records[i].is.mx.usable &&
		    (!domain_take(&host, &domain) || host.len > 0))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char question[] = "\1a\1b\0\0\0\0\1";
	struct arena arena = ARENA_INIT;
	struct dns_answer r;
	struct str packet = STR_INIT;
	enum dns_type type;

	if (size < 9)
		return 0;
	type = types[data[0] % COUNT(types)];
	/* As it came. */
	dns_parse((struct span){ (const char *)data, size }, SPAN("a.b"), type,
	    &arena, &r);
	check(&r, type);
	/* Behind a header and question that fit: flags, counts, records. */
	str_add(&packet, (struct span){ "\0\0\x81", 3 });
	str_add(&packet, (struct span){ (const char *)data + 1, 1 });
	str_add(&packet, (struct span){ "\0\1", 2 });
	str_add(&packet, (struct span){ (const char *)data + 2, 6 });
	str_add(&packet, (struct span){ question, sizeof question - 1 });
	packet.at[packet.len - 3] = (char)type;
	str_add(&packet, (struct span){ (const char *)data + 8, size - 8 });
	dns_parse(str_span(&packet), SPAN("a.b"), type, &arena, &r);
	check(&r, type);
	str_free(&packet);
	arena_free(&arena);
	return 0;
}
