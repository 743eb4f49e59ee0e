/* lib/net/dns_parse, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns_fake.h"

#include "net/dns.h"

static const struct fake_zone zone[] = {
	{ "alias.example.org", ns_t_cname, "middle.example.org" },
	{ "middle.example.org", ns_t_cname, "mx1.example.org" },
	{ "mx1.example.org", ns_t_a, "192.0.2.1" },
	{ NULL, 0, NULL },
};

/* A packet as a server makes it. */
static struct span
packet_of(const char *name, int type, struct fake_packet *p)
{
	static unsigned char question[NS_HFIXEDSZ + NS_MAXDNAME] = { [5] = 1 };
	struct fake_query q = { .at = question, .type = type };
	size_t len = fake_name(name, question + NS_HFIXEDSZ);

	strcpy(q.name, name);
	ns_put16((uint16_t)type, question + NS_HFIXEDSZ + len);
	ns_put16(ns_c_in, question + NS_HFIXEDSZ + len + 2);
	fake_start(p, &q, ns_r_noerror);
	fake_find(p, zone, name, type, 20);
	return (struct span){ (const char *)p->at, p->len };
}

static void
a_cut_packet_is_no_answer(void **state)
{
	struct arena a = ARENA_INIT;
	struct dns_answer r;
	struct fake_packet p;
	struct span whole = packet_of("alias.example.org", ns_t_a, &p);
	struct span name = SPAN("alias.example.org");

	(void)state;
	dns_parse(whole, name, DNS_A, &a, &r);
	assert_int_equal(r.result, DNS_FOUND);
	for (size_t n = 0; n < whole.len; n++) {
		char *copy = malloc(n + 1); /* so that a read too far shows */

		assert_non_null(copy);
		memcpy(copy, whole.at, n);
		dns_parse((struct span){ copy, n }, name, DNS_A, &a, &r);
		assert_int_equal(r.result, DNS_LATER);
		free(copy);
	}
	/* Not the question that was asked. */
	dns_parse(whole, SPAN("other.example.org"), DNS_A, &a, &r);
	assert_int_equal(r.result, DNS_LATER);
	dns_parse(whole, name, DNS_AAAA, &a, &r);
	assert_int_equal(r.result, DNS_LATER);
	arena_free(&a);
}

/* The first record is good, the second one's name points to itself. */
static void
a_record_that_can_not_be_read_spoils_all(void **state)
{
	struct arena a = ARENA_INIT;
	struct dns_answer r;
	struct fake_packet p;
	struct span name = SPAN("mx1.example.org");
	struct span whole = packet_of("mx1.example.org", ns_t_a, &p);
	size_t first = whole.len;

	(void)state;
	fake_text(&p, "x", ns_t_a, "192.0.2.2");
	p.at[first] = 0xc0;
	p.at[first + 1] = (unsigned char)first;
	memmove(p.at + first + 2, p.at + first + 3, p.len - first - 3);
	p.len--;
	whole.len = p.len;
	dns_parse(whole, name, DNS_A, &a, &r);
	assert_int_equal(r.result, DNS_LATER);
	assert_int_equal(r.count, 0);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_packet_is_no_answer),
		cmocka_unit_test(a_record_that_can_not_be_read_spoils_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
