/* lib/net/tls_rule: what a host needs of TLS, with a name server behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "dns_fake.h"
#include "net/tls_rule.h"

#define HASH "0123456789abcdef0123456789abcdef"

static const struct {
	const char *name;
	const char *text; /* NULL: SERVFAIL */
	int type;
	bool secure;
} zone[] = {
	{ "mx.example.org", "192.0.2.1", ns_t_a, true },
	{ "_25._tcp.mx.example.org", "311" HASH, ns_t_tlsa, true },
	{ "_2525._tcp.mx.example.org", "200" HASH, ns_t_tlsa, true },
	{ "plain.example.org", "192.0.2.2", ns_t_a, true },
	{ "open.example.org", "192.0.2.3", ns_t_a, false },
	{ "_25._tcp.open.example.org", "311" HASH, ns_t_tlsa, true },
	{ "forged.example.org", "192.0.2.4", ns_t_a, true },
	{ "_25._tcp.forged.example.org", "311" HASH, ns_t_tlsa, false },
	{ "bogus.example.org", "192.0.2.5", ns_t_a, true },
	{ "_25._tcp.bogus.example.org", NULL, ns_t_tlsa, false },
	{ "useless.example.org", "192.0.2.6", ns_t_a, true },
	{ "_25._tcp.useless.example.org", "111" HASH, ns_t_tlsa, true },
	{ "alias.example.org", "mx.example.org", ns_t_cname, true },
	{ "alias.example.org", "192.0.2.1", ns_t_a, true },
	{ "astray.example.org", "open.example.org", ns_t_cname, true },
	{ "astray.example.org", "192.0.2.3", ns_t_a, false },
	{ "_25._tcp.astray.example.org", "311" HASH, ns_t_tlsa, true },
};

static void
answer(const struct fake_query *q)
{
	struct fake_packet p;
	bool secure = true, failed = false, alias = false;

	fake_start(&p, q, ns_r_noerror);
	for (size_t i = 0; i < COUNT(zone); i++) {
		if (strcmp(q->name, zone[i].name) != 0)
			continue;
		if (zone[i].type == ns_t_cname && q->type == ns_t_a) {
			fake_text(&p, q->name, ns_t_cname, zone[i].text);
			alias = true;
		}
		if (q->type != zone[i].type)
			continue;
		failed = zone[i].text == NULL;
		secure = zone[i].secure;
		if (!failed)
			fake_text(&p,
			    alias ? (zone[i].secure ? "mx.example.org"
						    : "open.example.org")
				  : q->name,
			    q->type, zone[i].text);
	}
	p.at[3] |= failed ? ns_r_servfail : secure ? 0x20 : 0;
	fake_send(q, &p);
}

struct world {
	struct fake fake;
	struct dns *dns;
	struct tls_rules *rules;
	struct arena arena;
	struct tls_domain domain;
	struct tls_rule rule;
	struct span mx[2];
};

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	*state = w;
	if (w == NULL || !fake_open(&w->fake, answer))
		return -1;
	fake_file(&w->fake, "tls-policy",
	    "none.example none\nmay.example may\nneed.example require\n"
	    "check.example verify\nnames.example verify a.example .b.example\n"
	    "dane.example dane\nbroken.example what\n"
	    "pin.example pin sha256:"
	    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	    "\n");
	w->dns = dns_open(w->fake.etc, NULL, NULL);
	w->rules = tls_rules_open(w->fake.etc, w->dns, NULL, NULL);
	w->domain = (struct tls_domain){ .domain = SPAN("example.org"),
		.mx = SPAN("example.org"),
		.mx_secure = true };
	w->mx[0] = SPAN("plain.example.org");
	w->mx[1] = SPAN("*.example.net");
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	tls_rules_close(w->rules);
	dns_close(w->dns);
	arena_free(&w->arena);
	unlinkat(w->fake.etc, "tls-policy", 0);
	fake_close(&w->fake);
	free(w);
	return 0;
}

static struct tls_rule *
find(struct world *w, const char *host)
{
	struct dns_host address;
	struct tls_host h = { span_text(host), &address, 25 };

	if (strcmp(host, "mx.example.org:2525") == 0) {
		h.name = SPAN("mx.example.org");
		h.port = 2525;
	}
	dns_host(w->dns, h.name, &w->arena, &address);
	tls_rule_find(w->rules, &w->domain, &h, &w->arena, &w->rule);
	return &w->rule;
}

static void
sts(struct world *w, enum sts_mode mode)
{
	w->domain.sts = (struct sts_answer){ .result = STS_FOUND,
		.policy = {
		    .mode = mode, .max_age = 86400, .mx = w->mx, .count = 2 } };
}

/* As tls_domain_find(), without mta-sts. */
static void
listed(struct world *w, const char *domain)
{
	w->domain.domain = w->domain.mx = span_text(domain);
	tls_domain_find(w->rules, &w->domain, &w->arena);
}

#define assert_rule(r, l, c, w)                                                \
	do {                                                                   \
		assert_int_equal((r)->level, l);                               \
		assert_int_equal((r)->wish.check, c);                          \
		assert_string_equal((r)->why, w);                              \
	} while (0)
#define assert_span(s, text) assert_true(span_equal(s, span_text(text)))

static void
without_any_word_tls_is_tried(void **state)
{
	struct world *w = *state;
	struct tls_rule *r = find(w, "plain.example.org");

	assert_rule(r, TLS_MAY, TLS_CHECK_NONE, "opportunistic");
	assert_string_equal(r->policy, "no-policy-found");
	assert_span(r->wish.server, "plain.example.org");
}

static void
secure_tlsa_records_are_binding(void **state)
{
	struct world *w = *state;
	struct tls_rule *r = find(w, "mx.example.org");

	assert_rule(r, TLS_MUST, TLS_CHECK_DANE, "dane");
	assert_int_equal(r->wish.tlsa_count, 1);
	assert_span(r->wish.server, "mx.example.org");
	/* RFC 7672 3.2.3: the domain's own name will do as well. */
	assert_int_equal(r->wish.name_count, 1);
	assert_span(r->wish.names[0], "example.org");
	assert_string_equal(r->policy, "tlsa");
	assert_true(r->string.len == strlen("3 1 1 ") + 2 * strlen(HASH));
	r = find(w, "mx.example.org:2525");
	assert_int_equal(r->wish.tlsa[0].is.tlsa.usage, 2);
}

static void
what_the_dns_does_not_vouch_for_is_no_dane(void **state)
{
	struct world *w = *state;

	assert_int_equal(find(w, "open.example.org")->level, TLS_MAY);
	assert_int_equal(find(w, "forged.example.org")->level, TLS_MAY);
	w->domain.mx_secure = false;
	assert_int_equal(find(w, "mx.example.org")->level, TLS_MAY);
	/* A host that the route names needs no MX. */
	w->domain.mx = SPAN("");
	assert_rule(
	    find(w, "mx.example.org"), TLS_MUST, TLS_CHECK_DANE, "dane");
	assert_int_equal(w->rule.wish.name_count, 0);
	/* An address has no records. */
	assert_rule(
	    find(w, "192.0.2.1"), TLS_MAY, TLS_CHECK_NONE, "opportunistic");
}

static void
records_that_can_not_be_had_keep_us_away(void **state)
{
	struct world *w = *state;
	struct tls_rule *r = find(w, "bogus.example.org");

	assert_rule(r, TLS_SKIP, TLS_CHECK_NONE, "dane");
	assert_string_equal(r->status, "4.7.5");
	assert_false(r->permanent);
	assert_string_equal(r->failure, "dnssec-invalid");
	sts(w, STS_ENFORCE); /* RFC 8461 2: no way around it */
	assert_int_equal(find(w, "bogus.example.org")->level, TLS_SKIP);
}

static void
unusable_records_ask_for_encryption(void **state)
{
	struct world *w = *state;

	assert_rule(
	    find(w, "useless.example.org"), TLS_MUST, TLS_CHECK_NONE, "dane");
}

static void
aliases_are_asked_behind_and_before(void **state)
{
	struct world *w = *state;
	struct tls_rule *r = find(w, "alias.example.org");

	assert_rule(r, TLS_MUST, TLS_CHECK_DANE, "dane");
	assert_span(r->wish.server, "mx.example.org");
	assert_int_equal(r->wish.name_count, 2);
	assert_span(r->wish.names[0], "alias.example.org");
	/* RFC 7672 2.2.2: a secure alias into an insecure zone. */
	r = find(w, "astray.example.org");
	assert_rule(r, TLS_MUST, TLS_CHECK_DANE, "dane");
	assert_span(r->wish.server, "astray.example.org");
}

static void
mta_sts_enforces_hosts_and_certificates(void **state)
{
	struct world *w = *state;
	struct tls_rule *r;

	sts(w, STS_ENFORCE);
	r = find(w, "plain.example.org");
	assert_rule(r, TLS_MUST, TLS_CHECK_PKIX, "sts");
	assert_false(r->wish.lenient);
	assert_span(r->string,
	    "version: STSv1\nmode: enforce\nmx: plain.example.org\n"
	    "mx: *.example.net\nmax_age: 86400");
	r = find(w, "open.example.org");
	assert_rule(r, TLS_SKIP, TLS_CHECK_NONE, "sts");
	assert_string_equal(r->failure, "validation-failure");
	/* DANE counts more, even for a host that the policy does not name. */
	assert_rule(
	    find(w, "mx.example.org"), TLS_MUST, TLS_CHECK_DANE, "dane");
	w->domain.sts.result = STS_LATER;
	assert_rule(
	    find(w, "plain.example.org"), TLS_SKIP, TLS_CHECK_NONE, "sts");
	w->domain.sts = (struct sts_answer){ .result = STS_FAILED,
		.failure = "sts-webpki-invalid" };
	r = find(w, "plain.example.org");
	assert_rule(r, TLS_MAY, TLS_CHECK_NONE, "opportunistic");
	assert_string_equal(r->failure, "sts-webpki-invalid");
}

static void
mta_sts_testing_only_looks(void **state)
{
	struct world *w = *state;
	struct tls_rule *r;

	sts(w, STS_TESTING);
	r = find(w, "plain.example.org");
	assert_rule(r, TLS_MAY, TLS_CHECK_PKIX, "sts-testing");
	assert_true(r->wish.lenient);
	r = find(w, "open.example.org");
	assert_rule(r, TLS_MAY, TLS_CHECK_NONE, "sts-testing");
	assert_string_equal(r->failure, "validation-failure");
	sts(w, STS_NONE);
	assert_rule(find(w, "plain.example.org"), TLS_MAY, TLS_CHECK_NONE,
	    "opportunistic");
}

static void
the_administrator_s_word_comes_first(void **state)
{
	struct world *w = *state;
	struct tls_rule *r;

	listed(w, "none.example");
	assert_rule(
	    find(w, "mx.example.org"), TLS_NEVER, TLS_CHECK_NONE, "policy");
	listed(w, "may.example");
	assert_rule(
	    find(w, "mx.example.org"), TLS_MAY, TLS_CHECK_NONE, "policy");
	listed(w, "need.example");
	assert_rule(
	    find(w, "mx.example.org"), TLS_MUST, TLS_CHECK_NONE, "policy");
	listed(w, "check.example");
	r = find(w, "mx.example.org");
	assert_rule(r, TLS_MUST, TLS_CHECK_PKIX, "policy");
	assert_span(r->wish.server, "mx.example.org");
	listed(w, "names.example");
	r = find(w, "mx.example.org");
	assert_rule(r, TLS_MUST, TLS_CHECK_PKIX, "policy");
	assert_span(r->wish.server, "a.example");
	assert_span(r->wish.names[0], ".b.example");
	listed(w, "pin.example");
	r = find(w, "mx.example.org");
	assert_rule(r, TLS_MUST, TLS_CHECK_PIN, "policy");
	assert_int_equal(r->wish.pins[0][1], 0x11);
	listed(w, "dane.example");
	assert_rule(
	    find(w, "mx.example.org"), TLS_MUST, TLS_CHECK_DANE, "policy");
	assert_int_equal(find(w, "plain.example.org")->level, TLS_SKIP);
	listed(w, "broken.example");
	r = find(w, "mx.example.org");
	assert_int_equal(r->level, TLS_SKIP);
	assert_string_equal(r->status, "4.3.5");
}

static void
the_route_s_word_comes_before_all(void **state)
{
	struct world *w = *state;
	static const struct {
		enum target_tls tls;
		enum tls_level level;
		enum tls_check check;
	} cases[] = {
		{ TARGET_TLS_NONE, TLS_NEVER, TLS_CHECK_NONE },
		{ TARGET_TLS_MAY, TLS_MAY, TLS_CHECK_NONE },
		{ TARGET_TLS_REQUIRE, TLS_MUST, TLS_CHECK_NONE },
		{ TARGET_TLS_VERIFY, TLS_MUST, TLS_CHECK_PKIX },
		{ TARGET_TLS_WRAPPED, TLS_WRAPPED, TLS_CHECK_PKIX },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		w->domain.route = cases[i].tls;
		listed(w, "pin.example");
		assert_rule(find(w, "mx.example.org"), cases[i].level,
		    cases[i].check, "route");
	}
}

static void
requiretls_wants_a_host_that_is_who_it_is(void **state)
{
	struct world *w = *state;
	struct tls_rule *r;

	w->domain.requiretls = true;
	assert_rule(
	    find(w, "mx.example.org"), TLS_MUST, TLS_CHECK_DANE, "dane");
	r = find(w, "plain.example.org"); /* its MX is vouched for */
	assert_rule(r, TLS_MUST, TLS_CHECK_PKIX, "requiretls");
	assert_true(r->requiretls);
	assert_true(r->permanent); /* RFC 8689 4.2.1: once it fails */
	assert_string_equal(r->status, "5.7.10");
	r = find(w, "bogus.example.org");
	assert_int_equal(r->level, TLS_SKIP);
	assert_false(r->permanent);
	w->domain.mx_secure = false;
	r = find(w, "plain.example.org");
	assert_int_equal(r->level, TLS_SKIP);
	assert_true(r->permanent);
	assert_string_equal(r->status, "5.7.10");
	sts(w, STS_TESTING); /* RFC 8689 4.2.1 step 2 */
	r = find(w, "plain.example.org");
	assert_rule(r, TLS_MUST, TLS_CHECK_PKIX, "sts-testing");
	assert_false(r->wish.lenient);
	w->domain.mx = SPAN(""); /* a host that the route names */
	w->domain.route = TARGET_TLS_MAY;
	assert_rule(find(w, "plain.example.org"), TLS_MUST, TLS_CHECK_PKIX,
	    "requiretls");
	w->domain.route = TARGET_TLS_NONE;
	assert_int_equal(find(w, "plain.example.org")->level, TLS_SKIP);
}

static void
tls_required_no_follows_without_failing(void **state)
{
	struct world *w = *state;
	struct tls_rule *r;

	w->domain.optional = true;
	r = find(w, "mx.example.org");
	assert_rule(r, TLS_MAY, TLS_CHECK_DANE, "optional");
	assert_true(r->wish.lenient);
	assert_rule(
	    find(w, "bogus.example.org"), TLS_MAY, TLS_CHECK_NONE, "optional");
	sts(w, STS_ENFORCE);
	assert_int_equal(find(w, "open.example.org")->level, TLS_MAY);
	/* Not over the administrator's head. */
	listed(w, "check.example");
	assert_int_equal(find(w, "mx.example.org")->level, TLS_MUST);
	/* RFC 8689 4.1: REQUIRETLS has the header ignored. */
	w->domain.line = NULL;
	w->domain.requiretls = true;
	assert_int_equal(find(w, "mx.example.org")->level, TLS_MUST);
}

static void
a_connection_is_used_again_where_it_is_good_enough(void **state)
{
	struct world *w = *state;
	struct tls_rule may = *find(w, "plain.example.org");
	struct tls_rule dane = *find(w, "mx.example.org"), pkix, other;
	struct tls_outcome fine = { .ok = true, .authenticated = true };
	struct tls_outcome any = { .ok = true };

	sts(w, STS_ENFORCE);
	pkix = *find(w, "plain.example.org");
	listed(w, "names.example");
	other = *find(w, "plain.example.org");
	assert_true(tls_rule_fits(&may, &may, false, &any));
	assert_true(tls_rule_fits(&may, &dane, true, &fine));
	assert_true(tls_rule_fits(&dane, &dane, true, &fine));
	assert_false(tls_rule_fits(&dane, &dane, true, &any));
	assert_false(tls_rule_fits(&dane, &may, true, &fine));
	assert_false(tls_rule_fits(&dane, &dane, false, &fine));
	assert_true(tls_rule_fits(&pkix, &pkix, true, &fine));
	assert_false(tls_rule_fits(&other, &pkix, true, &fine));
}

static void
a_session_is_told_in_one_line(void **state)
{
	struct world *w = *state;
	struct tls_outcome o = { .result = "certificate-expired",
		.text = "it is old" };
	struct tls_peer peer = { SPAN("mx.example.org"), "192.0.2.1", NULL, 7 };
	struct str out = STR_INIT;

	sts(w, STS_ENFORCE);
	find(w, "plain.example.org");
	tls_rule_report(&w->rule, &o, &peer, &out);
	assert_non_null(strstr(out.at,
	    "session domain=example.org at=7 policy=sts string=version:"));
	assert_non_null(strstr(out.at,
	    " result=certificate-expired mx=mx.example.org ip=192.0.2.1 "
	    "text=it%20is%20old\n"));
	str_clear(&out);
	tls_rule_report(&w->rule, NULL, &peer, &out);
	assert_non_null(strstr(out.at, " result=starttls-not-supported "));
	str_clear(&out);
	o.result = NULL;
	tls_rule_report(&w->rule, &o, &peer, &out);
	assert_non_null(strstr(out.at, " result=ok "));
	str_clear(&out);
	listed(w, "may.example");
	find(w, "plain.example.org");
	tls_rule_report(&w->rule, &o, &peer, &out);
	assert_string_equal(out.at, "");
	str_free(&out);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(without_any_word_tls_is_tried),
		TEST(secure_tlsa_records_are_binding),
		TEST(what_the_dns_does_not_vouch_for_is_no_dane),
		TEST(records_that_can_not_be_had_keep_us_away),
		TEST(unusable_records_ask_for_encryption),
		TEST(aliases_are_asked_behind_and_before),
		TEST(mta_sts_enforces_hosts_and_certificates),
		TEST(mta_sts_testing_only_looks),
		TEST(the_administrator_s_word_comes_first),
		TEST(the_route_s_word_comes_before_all),
		TEST(requiretls_wants_a_host_that_is_who_it_is),
		TEST(tls_required_no_follows_without_failing),
		TEST(a_connection_is_used_again_where_it_is_good_enough),
		TEST(a_session_is_told_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
