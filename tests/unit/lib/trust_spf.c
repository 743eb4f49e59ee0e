/* lib/trust/spf: results, limits, macros. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "../trust_zone.h"
#include "trust/spf.h"
#include "trust/spf_names.h"
#include "trust/spf_record.h"

#define T(name, data)                                                          \
	{                                                                      \
		name, DNS_TXT, data                                            \
	}
static const struct zone_record records[] = {
	T("plain.example", "other text"),
	T("plain.example", "v=spf1 ip4:192.0.2.0/28 ip6:2001:db8::/33 -all"),
	T("soft.example", "v=spf1 ~all"),
	T("open.example", "v=spf1 ?ip4:192.0.2.1"),
	T("two.example", "v=spf1 -all"),
	T("two.example", "v=spf1 +all"),
	T("version.example", "v=spf10 -all"),
	T("silent.example", NULL),
	T("bad.example", "v=spf1 +all ip4:192.0.2.300"),
	T("late.example", "v=spf1 +all nonsense"),
	T("self.example", "v=spf1 include:self.example -all"),
	T("turn.example", "v=spf1 redirect=nrut.example"),
	T("nrut.example", "v=spf1 redirect=turn.example"),
	T("host.example", "v=spf1 a:mx.host.example/30 mx -all"),
	{ "mx.host.example", DNS_A, "192.0.2.5" },
	{ "host.example", DNS_MX, "far.host.example" },
	{ "far.host.example", DNS_A, "198.51.100.9" },
	{ "far.host.example", DNS_AAAA, "2001:db8::9" },
	T("void.example",
	    "v=spf1 a:a.void.example a:b.void.example "
	    "a:c.void.example +all"),
	T("twovoid.example", "v=spf1 a:a.void.example a:b.void.example +all"),
	T("eleven.example",
	    "v=spf1 a:far.host.example a:far.host.example "
	    "a:far.host.example a:far.host.example "
	    "a:far.host.example a:far.host.example "
	    "a:far.host.example a:far.host.example "
	    "a:far.host.example a:far.host.example "
	    "a:far.host.example +all"),
	T("names.example", "v=spf1 ptr -all"),
	{ "7.2.0.192.in-addr.arpa", DNS_PTR, "liar.example" },
	{ "7.2.0.192.in-addr.arpa", DNS_PTR, "seven.names.example" },
	{ "seven.names.example", DNS_A, "192.0.2.7" },
	{ "liar.example", DNS_A, "203.0.113.1" },
	T("macro.example",
	    "v=spf1 exists:%{ir}.%{l1r-}.%{d2}.%{v}.%{h}."
	    "list.example -all"),
	{ "7.2.0.192.ann.macro.example.in-addr.client.example.list.example",
	    DNS_A, "127.0.0.2" },
	T("space.example", "v=spf1 exists:a%_b.space.example -all"),
	{ "a\\032b.space.example", DNS_A, "127.0.0.2" },
	T("into.example",
	    "v=spf1 include:plain.example "
	    "include:soft.example ?all"),
	T("none.example", "v=spf1 include:gone.example +all"),
	T("later.example", "v=spf1 include:silent.example +all"),
	{ NULL, 0, NULL },
};

/* Results and rounds of questions of the last check. */
static struct zone zone;
static char reason[256];

static enum result
check(const char *ip, const char *sender, const char *helo)
{
	struct spf_address client;
	struct resolver r;
	enum result result;
	struct spf s;

	zone = (struct zone){ .records = records };
	assert_true(spf_address_parse(ip, &client));
	resolver_init(&r, zone_lookup, &zone);
	spf_init(&s, &r, &client, span_text(sender), span_text(helo));
	result = spf_check(&s);
	assert_true(s.reason.len < sizeof reason);
	strcpy(reason, s.reason.at);
	spf_free(&s);
	resolver_free(&r);
	return result;
}

static enum result
of(const char *domain)
{
	char sender[300];

	snprintf(sender, sizeof sender, "ann@%s", domain);
	return check("192.0.2.7", sender, "client.example");
}

static void
networks_match_by_their_bits(void **state)
{
	const char *ann = "ann@plain.example", *helo = "client.example";

	(void)state;
	assert_int_equal(check("192.0.2.15", ann, helo), RESULT_PASS);
	assert_string_equal(reason, "by: ip4:192.0.2.0/28");
	assert_int_equal(check("192.0.2.16", ann, helo), RESULT_FAIL);
	assert_int_equal(check("2001:db8:7fff::1", ann, helo), RESULT_PASS);
	assert_int_equal(check("2001:db8:8000::1", ann, helo), RESULT_FAIL);
	/* An address of IPv4 is one, however it is written. */
	assert_int_equal(check("::ffff:192.0.2.1", ann, helo), RESULT_PASS);
	assert_int_equal(of("soft.example"), RESULT_SOFTFAIL);
	assert_int_equal(of("open.example"), RESULT_NEUTRAL);
}

static void
without_a_sender_the_helo_name_counts(void **state)
{
	(void)state;
	assert_int_equal(check("192.0.2.1", "", "plain.example"), RESULT_PASS);
	assert_int_equal(check("192.0.2.1", "", "[192.0.2.1]"), RESULT_NONE);
	assert_int_equal(check("192.0.2.1", "", "localhost"), RESULT_NONE);
	assert_int_equal(check("192.0.2.1", "", ""), RESULT_NONE);
}

static void
a_record_is_chosen_or_none(void **state)
{
	(void)state;
	assert_int_equal(of("gone.example"), RESULT_NONE);
	assert_int_equal(of("version.example"), RESULT_NONE);
	assert_int_equal(of("two.example"), RESULT_PERMERROR);
	assert_int_equal(of("silent.example"), RESULT_TEMPERROR);
	assert_int_equal(of("a..b"), RESULT_NONE);
}

static void
a_mistake_anywhere_spoils_the_record(void **state)
{
	(void)state;
	assert_int_equal(of("bad.example"), RESULT_PERMERROR);
	assert_string_equal(reason, "malformed: ip4:192.0.2.300");
	assert_int_equal(of("late.example"), RESULT_PERMERROR);
	assert_string_equal(reason, "malformed: nonsense");
}

static void
loops_end_at_the_limit(void **state)
{
	(void)state;
	assert_int_equal(of("self.example"), RESULT_PERMERROR);
	assert_string_equal(reason, "more than ten terms ask the DNS");
	assert_true(zone.asked <= 2);
	assert_int_equal(of("turn.example"), RESULT_PERMERROR);
	assert_int_equal(of("eleven.example"), RESULT_PERMERROR);
}

static void
two_names_without_records_are_allowed(void **state)
{
	(void)state;
	assert_int_equal(of("void.example"), RESULT_PERMERROR);
	assert_int_equal(of("twovoid.example"), RESULT_PASS);
}

static void
hosts_and_their_networks_match(void **state)
{
	const char *ann = "ann@host.example";

	(void)state;
	assert_int_equal(check("192.0.2.7", ann, "x.example"), RESULT_PASS);
	assert_int_equal(check("192.0.2.8", ann, "x.example"), RESULT_FAIL);
	assert_int_equal(check("198.51.100.9", ann, "x.example"), RESULT_PASS);
	assert_string_equal(reason, "by: mx");
	assert_int_equal(check("2001:db8::9", ann, "x.example"), RESULT_PASS);
}

static void
names_count_if_they_lead_back(void **state)
{
	struct spf_address client;
	struct resolver r;
	struct span name;

	(void)state;
	assert_int_equal(of("names.example"), RESULT_PASS);
	zone = (struct zone){ .records = records };
	resolver_init(&r, zone_lookup, &zone);
	spf_address_parse("192.0.2.7", &client);
	assert_int_equal(iprev_check(&r, &client, &name), RESULT_PASS);
	assert_true(span_equal(name, SPAN("seven.names.example")));
	spf_address_parse("192.0.2.8", &client);
	assert_int_equal(iprev_check(&r, &client, &name), RESULT_PERMERROR);
	resolver_free(&r);
}

static void
macros_are_expanded(void **state)
{
	(void)state;
	assert_int_equal(
	    check("192.0.2.7", "bob-ann@macro.example", "client.example"),
	    RESULT_FAIL);
	assert_int_equal(
	    check("192.0.2.7", "ann-bob@macro.example", "client.example"),
	    RESULT_PASS);
	assert_int_equal(of("space.example"), RESULT_PASS);
}

static void
included_results_are_turned(void **state)
{
	(void)state;
	assert_int_equal(of("into.example"), RESULT_PASS);
	/* All that is known beforehand is asked at once. */
	assert_int_equal(zone.rounds, 2);
	assert_int_equal(of("none.example"), RESULT_PERMERROR);
	assert_int_equal(of("later.example"), RESULT_TEMPERROR);
}

static bool
parses(const char *text)
{
	struct arena a = ARENA_INIT;
	struct spf_record r;
	struct span wrong;
	bool ok = spf_record_parse(span_text(text), &a, &r, &wrong);

	arena_free(&a);
	return ok;
}

static void
terms_are_read_strictly(void **state)
{
	static const char *const good[] = { "v=spf1", "v=spf1  a  mx ",
		"v=spf1 a/24//64 a//64 MX:Mail.Example/0",
		"v=spf1 exp=a.example redirect=b.example x=%{c}%{r}%{t}",
		"v=spf1 a:%{d} exists:%{s2r.-}.example",
		"v=spf1 ip6:::1/128 ip4:192.0.2.1/32" };
	static const char *const bad[] = { "v=spf1 all:x",
		"v=spf1 a:", "v=spf1 a:host", "v=spf1 a:a.example/33",
		"v=spf1 a/01", "v=spf1 a//129", "v=spf1 include",
		"v=spf1 include:", "v=spf1 ip4:192.0.2", "v=spf1 ip6:::1/129",
		"v=spf1 ip4:192.0.2.1/", "v=spf1 redirect=",
		"v=spf1 redirect=a.example redirect=a.example",
		"v=spf1 exp=a.example exp=a.example",
		"v=spf1 exists:%{c}.e.example", "v=spf1 exists:%{d0}.example",
		"v=spf1 exists:%(d).example", "v=spf1 exists:%{d.example",
		"v=spf1 -x=y", "v=spf1 a:a.123", "v=spf1 \xff" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(parses(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parses(bad[i]))
			fail_msg("taken: %s", bad[i]);
}

/* 64 KiB of terms cost no more than that. */
static void
a_huge_record_ends(void **state)
{
	struct str text = STR_INIT;

	(void)state;
	str_add_text(&text, "v=spf1");
	while (text.len < 65000)
		str_add_text(&text, " a");
	assert_false(parses(text.at));
	str_setf(&text, "v=spf1 exists:");
	while (text.len < 65000)
		str_add_text(&text, "%{s}");
	assert_true(parses(text.at));
	str_free(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_match_by_their_bits),
		cmocka_unit_test(without_a_sender_the_helo_name_counts),
		cmocka_unit_test(a_record_is_chosen_or_none),
		cmocka_unit_test(a_mistake_anywhere_spoils_the_record),
		cmocka_unit_test(loops_end_at_the_limit),
		cmocka_unit_test(two_names_without_records_are_allowed),
		cmocka_unit_test(hosts_and_their_networks_match),
		cmocka_unit_test(names_count_if_they_lead_back),
		cmocka_unit_test(macros_are_expanded),
		cmocka_unit_test(included_results_are_turned),
		cmocka_unit_test(terms_are_read_strictly),
		cmocka_unit_test(a_huge_record_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
