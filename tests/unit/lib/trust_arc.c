/* lib/trust/arc: chains of forwarders, and whom they convince. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../trust_sign.h"
#include "../trust_zone.h"
#include "trust/arc.h"

enum { NOW = 1800000000 };

static struct signer signer;
static struct str record = STR_INIT;
static struct zone_record records[3];

static int
setup(void **state)
{
	(void)state;
	signer_init(&signer, KEY_EDDSA, 0);
	signer_record(&signer, &record);
	records[0] = (struct zone_record){ "a._domainkey.a.example", DNS_TXT,
		record.at };
	records[1] = (struct zone_record){ "a._domainkey.b.example", DNS_TXT,
		record.at };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	str_free(&record);
	return 0;
}

static const char plain[] = "From: Ann <ann@a.example>\n"
			    "Subject: a test\n"
			    "\n"
			    "Hello Bob.\n";

static struct arc arc;

/* Then look(arg), with all that it points to. */
static void
verify(struct str *m, void (*look)(void *arg), void *arg)
{
	struct zone zone = { .records = records };
	struct resolver r;
	struct fields f;
	struct body bodies[2];

	resolver_init(&r, zone_lookup, &zone);
	fields_read(&f, str_span(m));
	body_init(&bodies[CANON_SIMPLE], CANON_SIMPLE);
	body_init(&bodies[CANON_RELAXED], CANON_RELAXED);
	arc_read(&arc, &f, NOW, bodies, &r);
	for (int c = CANON_SIMPLE; c <= CANON_RELAXED; c++) {
		body_add(&bodies[c], f.body);
		body_end(&bodies[c]);
	}
	arc_verify(&arc, &f, bodies, &r);
	if (look != NULL)
		look(arg);
	arc_free(&arc);
	fields_free(&f);
	resolver_free(&r);
}

/* A message that went through so many hands. */
static void
chain_make(struct str *m, unsigned hands, const char *found)
{
	str_set(m, span_text(plain));
	for (unsigned i = 1; i <= hands; i++)
		message_seal(&signer, i, i == 1 ? "none" : "pass",
		    i == 1 ? "a.example" : "b.example", found, m);
}

static void
assert_chain(struct str *m, enum result result, const char *reason)
{
	verify(m, NULL, NULL);
	if (arc.result != result)
		fail_msg("%s: %s", result_text(arc.result), arc.reason);
	assert_string_equal(arc.reason, reason);
}

static void
chains_are_verified_up_to_fifty_sets(void **state)
{
	struct str m = STR_INIT;

	(void)state;
	chain_make(&m, 0, "");
	assert_chain(&m, RESULT_NONE, "");
	chain_make(&m, 1, "mx.a.example; dmarc=pass");
	assert_chain(&m, RESULT_PASS, "");
	chain_make(&m, 3, "mx.a.example; dmarc=pass");
	assert_chain(&m, RESULT_PASS, "");
	message_replace(&m, "Hello", "Hallo");
	assert_chain(&m, RESULT_FAIL, "the body was changed");
	chain_make(&m, 3, "mx.a.example; dmarc=pass");
	message_replace(&m, "i=1; mx.a.example", "i=1; mx.e.example");
	assert_chain(&m, RESULT_FAIL, "a seal is not valid");
	chain_make(&m, 3, "mx.a.example; dmarc=pass");
	message_replace(&m, "ARC-Seal: i=2", "X-Seal: i=2");
	assert_chain(&m, RESULT_FAIL, "a set is not whole");
	chain_make(&m, ARC_MAX, "mx.a.example; dmarc=pass");
	assert_chain(&m, RESULT_PASS, "");
	str_set(&m, span_text(plain));
	chain_make(&m, ARC_MAX, "mx.a.example; dmarc=pass");
	message_replace(&m, "ARC-Seal: i=50;", "ARC-Seal: i=51;");
	assert_chain(
	    &m, RESULT_FAIL, "a set has no valid number, or is there twice");
	str_free(&m);
}

static bool
is_b(void *arg, struct span domain)
{
	(void)arg;
	return span_equal(domain, SPAN("b.example"));
}
static bool
is_any(void *arg, struct span domain)
{
	(void)arg;
	return domain.len > 0;
}

struct look {
	bool (*trust)(void *arg, struct span domain);
	bool vouches;
};
static void
vouches_look(void *arg)
{
	struct look *l = arg;

	assert_int_equal(arc.result, RESULT_PASS);
	l->vouches = arc_vouches(&arc, l->trust, NULL) != NULL;
}

static bool
vouched(unsigned hands, const char *found, bool (*trust)(void *, struct span))
{
	struct look l = { trust, false };
	struct str m = STR_INIT;

	chain_make(&m, hands, found);
	verify(&m, vouches_look, &l);
	str_free(&m);
	return l.vouches;
}

static void
only_trusted_sealers_vouch(void **state)
{
	(void)state;
	assert_true(vouched(1, "x; spf=fail; dmarc=pass (p=none)", is_any));
	assert_false(vouched(1, "x; dmarc=pass", is_b));
	assert_true(vouched(2, "x; dmarc=pass", is_b));
	assert_true(vouched(3, "x; dmarc = pass", is_b));
	assert_false(vouched(2, "x; dmarc=fail; arc=pass", is_any));
	assert_false(vouched(2, "x; spf=pass (; dmarc=pass)", is_any));
	assert_false(
	    vouched(2, "x; spf=fail smtp.mailfrom=\"a; dmarc=pass\"", is_any));
	assert_false(vouched(2, "x; dmarc=passes", is_any));
	assert_false(vouched(2, "x; xdmarc=pass", is_any));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains_are_verified_up_to_fifty_sets),
		cmocka_unit_test(only_trusted_sealers_vouch),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
