/* lib/net/mx */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ifaddrs.h>
#include <net/if.h>

#include "dns_fake.h"

#include "base/clock.h"
#include "net/mx.h"
#include "net/route.h"

static const struct fake_zone zone[] = {
	{ "plain.org", ns_t_mx, "20 b.plain.org" },
	{ "plain.org", ns_t_mx, "10 a.plain.org" },
	{ "plain.org", ns_t_mx, "30 B.plain.org" },
	{ "a.plain.org", ns_t_a, "198.51.100.1" },
	{ "b.plain.org", ns_t_a, "198.51.100.2" },
	{ "null.org", ns_t_mx, "0 " },
	{ "mixed.org", ns_t_mx, "0 " },
	{ "mixed.org", ns_t_mx, "10 a.plain.org" },
	{ "host.org", ns_t_a, "198.51.100.3" },
	{ "empty.org", ns_t_txt, "x" },
	{ "alias.org", ns_t_cname, "plain.org" },
	{ "second.org", ns_t_mx, "10 a.plain.org" },
	{ "second.org", ns_t_mx, "20 Me.Example" },
	{ "second.org", ns_t_mx, "20 b.plain.org" },
	{ "second.org", ns_t_mx, "30 c.plain.org" },
	{ "first.org", ns_t_mx, "10 me.example" },
	{ "first.org", ns_t_mx, "20 a.plain.org" },
	{ "home.org", ns_t_mx, "10 home.plain.org" },
	{ "home.org", ns_t_mx, "20 a.plain.org" },
	{ "home.plain.org", ns_t_a, "127.0.0.1" },
	{ "later.org", ns_t_mx, "10 a.plain.org" },
	{ "later.org", ns_t_mx, "20 home.plain.org" },
	{ "later.org", ns_t_mx, "30 b.plain.org" },
	{ "odd.org", ns_t_mx, "10 198.51.100.9" },
	{ "dead.org", ns_t_mx, "10 gone.plain.org" },
	{ "dead.org", ns_t_mx, "20 a.plain.org" },
	{ NULL, 0, NULL },
};

static void
answer(const struct fake_query *q)
{
	struct fake_packet p;
	char host[30];

	fake_start(&p, q, ns_r_noerror);
	if (strcmp(q->name, "broken.org") == 0)
		p.at[3] |= ns_r_servfail;
	else if (strcmp(q->name, "many.org") == 0)
		for (int i = 0; i < 14; i++) {
			/* 12 of the same preference, one better, one worse */
			snprintf(host, sizeof host, "%d h%d.plain.org",
			    i == 0       ? 5
				: i == 1 ? 50
					 : 10,
			    i);
			fake_text(&p, q->name, ns_t_mx, host);
		}
	else
		fake_find(&p, zone, q->name, q->type, 5);
	p.at[3] |= q->at[3] & 0x20;
	fake_send(q, &p);
}

static int
setup(void **state)
{
	struct fake_world *w;

	if (fake_world_new(state, answer) < 0)
		return -1;
	w = *state;
	fake_file(&w->fake, "hosts", "192.168.1.9 pc.lan\n");
	fake_world_reread(w);
	return 0;
}

static enum mx_result
find_port(struct fake_world *w, const char *domain, uint16_t port)
{
	const struct mx_self self = { SPAN("me.example"), port };

	mx_find(w->dns, span_text(domain), &self, &w->arena, &w->mx);
	return w->mx.result;
}

static enum mx_result
find(struct fake_world *w, const char *domain)
{
	return find_port(w, domain, 25);
}

/* The hosts as text, with their first addresses. */
static const char *
hosts(struct fake_world *w)
{
	static char text[2000];
	struct mx_host h;

	text[0] = '\0';
	while (mx_next(&w->mx, w->dns, &w->arena, &h)) {
		size_t at = strlen(text);

		snprintf(text + at, sizeof text - at, "%s%.*s=%s",
		    at > 0 ? " " : "", (int)h.name.len, h.name.at,
		    h.found.count > 0 ? h.found.addresses[0].text : "?");
	}
	return text;
}

static void
hosts_come_by_preference_and_once(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(find(w, "plain.org"), MX_FOUND);
	assert_true(w->mx.secure);
	assert_false(w->mx.implicit);
	assert_string_equal(
	    hosts(w), "a.plain.org=198.51.100.1 b.plain.org=198.51.100.2");
	assert_int_equal(find(w, "alias.org"), MX_FOUND);
	assert_int_equal(w->mx.name.len, strlen("plain.org"));
	assert_string_equal(
	    hosts(w), "a.plain.org=198.51.100.1 b.plain.org=198.51.100.2");
	assert_int_equal(find(w, "mixed.org"), MX_FOUND);
	assert_string_equal(hosts(w), "a.plain.org=198.51.100.1");
}

static void
equal_hosts_come_in_random_order_and_ten_at_most(void **state)
{
	struct fake_world *w = *state;
	bool differs = false;
	char first[30];

	for (int i = 0; i < 40; i++) {
		assert_int_equal(find(w, "many.org"), MX_FOUND);
		assert_int_equal(w->mx.count, MX_HOSTS_MAX);
		assert_memory_equal(w->mx.hosts[0].name.at, "h0.plain.org", 12);
		if (i == 0)
			strcpy(first, w->mx.hosts[1].name.at);
		differs = differs || strcmp(first, w->mx.hosts[1].name.at) != 0;
		for (size_t n = 1; n < w->mx.count; n++)
			assert_int_equal(w->mx.hosts[n].preference, 10);
	}
	assert_true(differs);
}

static void
without_mx_the_domain_is_the_host(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(find(w, "host.org"), MX_FOUND);
	assert_true(w->mx.implicit);
	assert_string_equal(hosts(w), "host.org=198.51.100.3");
	assert_int_equal(find(w, "empty.org"), MX_FOUND);
	assert_string_equal(hosts(w), "empty.org=?");
	assert_int_equal(find(w, "pc.lan"), MX_FOUND); /* of `hosts` alone */
	assert_string_equal(hosts(w), "pc.lan=192.168.1.9");
}

static void
refusals_and_delays_are_told_apart(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(find(w, "null.org"), MX_NULL);
	assert_int_equal(find(w, "no-such.org"), MX_GONE);
	assert_int_equal(find(w, "broken.org"), MX_LATER);
	assert_int_equal(find(w, "odd.org"), MX_LATER);
	assert_int_equal(find(w, "dead.org"), MX_FOUND);
	assert_string_equal(
	    hosts(w), "gone.plain.org=? a.plain.org=198.51.100.1");
}

static void
mail_does_not_come_back_to_us(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(find(w, "second.org"), MX_FOUND);
	assert_string_equal(hosts(w), "a.plain.org=198.51.100.1");
	assert_int_equal(find(w, "first.org"), MX_LOOP);
	assert_int_equal(find(w, "me.example"), MX_GONE);
	/* By address, when its turn comes. */
	assert_int_equal(find(w, "home.org"), MX_FOUND);
	assert_string_equal(hosts(w), "");
	assert_int_equal(w->mx.result, MX_LOOP);
	assert_int_equal(find(w, "later.org"), MX_FOUND);
	assert_string_equal(hosts(w), "a.plain.org=198.51.100.1");
	assert_int_equal(w->mx.result, MX_FOUND);
	assert_int_equal(find(w, "localhost"), MX_FOUND);
	assert_string_equal(hosts(w), "");
	assert_int_equal(w->mx.result, MX_LOOP);
	/* Another port is another server. */
	assert_int_equal(find_port(w, "home.org", 2525), MX_FOUND);
	assert_string_equal(
	    hosts(w), "home.plain.org=127.0.0.1 a.plain.org=198.51.100.1");
}

static void
without_dns_known_hosts_are_found(void **state)
{
	struct fake_world *w = *state;

	fake_file(&w->fake, "dns", "none\n");
	fake_world_reread(w);
	*w->fake.queries = 0;
	assert_int_equal(find(w, "pc.lan"), MX_FOUND);
	assert_string_equal(hosts(w), "pc.lan=192.168.1.9");
	assert_int_equal(find(w, "plain.org"), MX_OFF);
	assert_int_equal(*w->fake.queries, 0);
}

/* The server never answers: a question would take seconds. */
static void
a_route_to_an_address_asks_nobody(void **state)
{
	static const char *const domains[] = { "example.lan", "a.b.lan",
		"pc.lan", "[192.168.1.7]" };
	struct fake_world *w = *state;
	int64_t start = clock_mono_ms();
	struct routes *routes;

	fake_file(&w->fake, "routes",
	    "example.lan 192.168.1.5\n.b.lan [fd00::5]:2525\npc.lan pc.lan\n");
	routes = routes_open(w->fake.etc, NULL, NULL);
	kill(w->fake.pid, SIGSTOP);
	for (size_t i = 0; i < COUNT(domains); i++) {
		struct dns_host host;
		struct route route;

		route_find(routes, span_text(domains[i]), &w->arena, &route);
		assert_int_equal(route.count, 1);
		assert_int_equal(route.targets[0].kind, TARGET_HOST);
		dns_host(w->dns, route.targets[0].name, &w->arena, &host);
		assert_int_equal(host.result, DNS_FOUND);
		assert_int_equal(host.count, 1);
	}
	assert_true(clock_mono_ms() - start < 1000);
	kill(w->fake.pid, SIGCONT);
	/* It answers again, and has had no question before this one. */
	assert_int_equal(find(w, "plain.org"), MX_FOUND);
	assert_int_equal(*w->fake.queries, 1);
	routes_close(routes);
}

static bool
own(const char *text)
{
	struct sockaddr_storage at = { 0 };

	if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&at)->sin_addr) ==
	    1)
		at.ss_family = AF_INET;
	else {
		assert_int_equal(inet_pton(AF_INET6, text,
				     &((struct sockaddr_in6 *)&at)->sin6_addr),
		    1);
		at.ss_family = AF_INET6;
	}
	return mx_address_is_own(&at);
}

static void
our_own_addresses_are_known(void **state)
{
	struct sockaddr_storage at;
	struct ifaddrs *all;

	(void)state;
	assert_int_equal(getifaddrs(&all), 0);
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		bool v6;

		if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0)
			continue;
		v6 = i->ifa_addr->sa_family == AF_INET6;
		if (!v6 && i->ifa_addr->sa_family != AF_INET)
			continue;
		memset(&at, 0, sizeof at);
		memcpy(&at, i->ifa_addr,
		    v6 ? sizeof(struct sockaddr_in6)
		       : sizeof(struct sockaddr_in));
		assert_true(mx_address_is_own(&at));
	}
	freeifaddrs(all);
	assert_true(own("127.0.0.1"));
	assert_true(own("127.9.9.9"));
	assert_true(own("0.0.0.0"));
	assert_true(own("::1"));
	assert_true(own("::"));
	assert_false(own("198.51.100.1"));
	assert_false(own("2001:db8::1"));
	assert_false(own("255.255.255.255"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fake_world_free)
	const struct CMUnitTest tests[] = {
		TEST(hosts_come_by_preference_and_once),
		TEST(equal_hosts_come_in_random_order_and_ten_at_most),
		TEST(without_mx_the_domain_is_the_host),
		TEST(refusals_and_delays_are_told_apart),
		TEST(mail_does_not_come_back_to_us),
		TEST(without_dns_known_hosts_are_found),
		TEST(a_route_to_an_address_asks_nobody),
		cmocka_unit_test(our_own_addresses_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
