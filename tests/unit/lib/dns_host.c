/* lib/net/dns_host: addresses, from DNS, `hosts` and plain text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns_fake.h"

#include "net/dns.h"

static const struct fake_zone zone[] = {
	{ "mx1.example.org", ns_t_a, "192.0.2.1" },
	{ "mx1.example.org", ns_t_a, "192.0.2.2" },
	{ "mx1.example.org", ns_t_aaaa, "2001:db8::1" },
	{ "alias.example.org", ns_t_cname, "mx1.example.org" },
	{ "mapped.example.org", ns_t_aaaa, "::ffff:127.0.0.1" },
	{ "nothing.example.org", ns_t_txt, "" },
	{ "six.example.org", ns_t_aaaa, "2001:db8::6" },
	{ "four.example.org", ns_t_a, "192.0.2.4" },
	{ "half.example.org", ns_t_a, "192.0.2.5" },
	{ NULL, 0, NULL },
};

static void
answer(const struct fake_query *q)
{
	struct fake_packet p;

	fake_start(&p, q, ns_r_noerror);
	if (strcmp(q->name, "broken.example.org") == 0 ||
	    (strcmp(q->name, "half.example.org") == 0 && q->type == ns_t_aaaa))
		p.at[3] |= ns_r_servfail;
	else
		fake_find(&p, zone, q->name, q->type, 5);
	if (strcmp(q->name, "four.example.org") != 0 || q->type == ns_t_a)
		p.at[3] |= q->at[3] & 0x20;
	fake_send(q, &p);
}

static int
setup(void **state)
{
	return fake_world_new(state, answer);
}

/* The addresses of a host, as text with blanks between. */
static const char *
addresses(struct fake_world *w, const char *name)
{
	static char text[2000];

	dns_host(w->dns, span_text(name), &w->arena, &w->host);
	text[0] = '\0';
	for (size_t i = 0; i < w->host.count; i++) {
		strcat(text, i > 0 ? " " : "");
		strcat(text, w->host.addresses[i].text);
	}
	return text;
}

static void
a_host_has_addresses_of_both_kinds_in_turn(void **state)
{
	struct fake_world *w = *state;

	assert_string_equal(
	    addresses(w, "mx1.example.org"), "2001:db8::1 192.0.2.1 192.0.2.2");
	assert_true(w->host.secure);
	assert_false(w->host.known);
	assert_string_equal(addresses(w, "ALIAS.example.org."),
	    "2001:db8::1 192.0.2.1 192.0.2.2");
	assert_int_equal(w->host.name.len, strlen("mx1.example.org"));
	assert_string_equal(addresses(w, "six.example.org"), "2001:db8::6");
	assert_int_equal(w->host.result, DNS_FOUND);
	assert_string_equal(addresses(w, "four.example.org"), "192.0.2.4");
	assert_string_equal(addresses(w, "gone.example.org"), "");
	assert_int_equal(w->host.result, DNS_GONE);
	assert_string_equal(addresses(w, "nothing.example.org"), "");
	assert_int_equal(w->host.result, DNS_EMPTY);
	assert_string_equal(addresses(w, "broken.example.org"), "");
	assert_int_equal(w->host.result, DNS_LATER);
	/* IPv4 in disguise would lead to this machine. */
	assert_string_equal(addresses(w, "mapped.example.org"), "");
	assert_int_equal(w->host.result, DNS_LATER);
}

static void
addresses_and_known_hosts_need_no_server(void **state)
{
	struct fake_world *w = *state;

	fake_file(&w->fake, "hosts",
	    "# ours\n192.168.1.5\tPrinter.lan printer # by the door\n"
	    "fd00::5 printer\n0.0.0.0 ads.example\nfe80::1%lo0 odd\n"
	    "nonsense printer\n192.168.1.6 printer#comment\n");
	fake_world_reread(w);
	*w->fake.queries = 0;
	assert_string_equal(
	    addresses(w, "printer"), "fd00::5 192.168.1.5 192.168.1.6");
	assert_true(w->host.known);
	assert_string_equal(addresses(w, "PRINTER.LAN"), "192.168.1.5");
	assert_string_equal(addresses(w, "localhost"), "::1 127.0.0.1");
	assert_string_equal(addresses(w, "a.localhost"), "::1 127.0.0.1");
	assert_string_equal(addresses(w, "192.0.2.7"), "192.0.2.7");
	assert_string_equal(addresses(w, "[192.0.2.7]"), "192.0.2.7");
	assert_string_equal(addresses(w, "2001:DB8::7"), "2001:db8::7");
	assert_string_equal(addresses(w, "[IPv6:2001:db8::7]"), "2001:db8::7");
	assert_string_equal(addresses(w, "[2001:db8::7]"), "2001:db8::7");
	assert_int_equal(w->host.result, DNS_FOUND);
	assert_int_equal(*w->fake.queries, 0);
	assert_string_equal(addresses(w, "ads.example"), "");
	assert_int_equal(w->host.result, DNS_GONE);
	assert_int_equal(*w->fake.queries, 2);
}

/* Who can keep an answer away can't switch off what rests on the other. */
static void
one_answer_that_is_missing_takes_no_security_away(void **state)
{
	struct fake_world *w = *state;

	assert_string_equal(addresses(w, "half.example.org"), "192.0.2.5");
	assert_int_equal(w->host.result, DNS_FOUND);
	assert_true(w->host.secure);
	assert_string_equal(addresses(w, "four.example.org"), "192.0.2.4");
	assert_false(w->host.secure);
	assert_string_equal(addresses(w, "broken.example.org"), "");
	assert_false(w->host.secure);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fake_world_free)
	const struct CMUnitTest tests[] = {
		TEST(a_host_has_addresses_of_both_kinds_in_turn),
		TEST(addresses_and_known_hosts_need_no_server),
		TEST(one_answer_that_is_missing_takes_no_security_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
