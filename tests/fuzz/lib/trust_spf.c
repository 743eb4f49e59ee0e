/* An SPF record may be anything, and may lead to itself: the limits hold. */
#include <stdlib.h>
#include <string.h>

#include "trust/spf.h"
#include "trust/spf_macro.h"
#include "trust/spf_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each name has this text, or is an address; some have nothing. */
struct world {
	struct span text;
	size_t asked;
};

static void
lookup(void *arg, const struct dns_question *questions, size_t count,
    struct arena *a, struct dns_answer *answers_r)
{
	struct world *w = arg;

	for (size_t i = 0; i < count; i++) {
		struct dns_answer *r = &answers_r[i];

		*r = (struct dns_answer){ .result = DNS_EMPTY,
			.name = questions[i].name };
		if (w->asked++ % 5 == 4)
			continue;
		r->records = arena_new(a, sizeof *r->records);
		r->result = DNS_FOUND;
		r->count = 1;
		if (questions[i].type == DNS_TXT)
			r->records->is.text = w->text;
		else if (questions[i].type == DNS_MX)
			r->records->is.mx.host = SPAN("mx.example");
		else if (questions[i].type == DNS_PTR)
			r->records->is.name = SPAN("p.example");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const clients[] = { "0.0.0.0", "192.0.2.1",
		"::", "2001:db8::1" };
	struct span text = { (const char *)data, size }, sender = SPAN("");
	struct world w = { .text = text };
	struct spf_address client;
	struct str name = STR_INIT;
	struct resolver r;
	struct spf s;

	if (size < 1)
		return 0;
	spf_address_parse(clients[data[0] % COUNT(clients)], &client);
	w.text = span_from(text, 1);
	if (span_until(&w.text, '\n', &sender))
		w.text = span_from(w.text, 1);
	resolver_init(&r, lookup, &w);
	spf_init(&s, &r, &client, sender, SPAN("client.example"));
	spf_want(&s);
	spf_check(&s);
	if (s.lookups > SPF_LOOKUPS_MAX + 1 || s.voids > SPF_VOID_MAX + 1)
		abort();
	spf_macro_expand(&s, w.text, SPAN("d.example"), &name);
	if (name.len > 4 * 253)
		abort();
	str_free(&name);
	spf_free(&s);
	resolver_free(&r);
	return 0;
}
