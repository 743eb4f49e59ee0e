/* A resolver on loopback that validates is found, and used for what it vouches
 * for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns_fake.h"
#include "net/dns_inside.h"

/* What the server says of the root's keys; and whether it answers names. */
enum manner { VALIDATES, RELAYS, FAILS, REFERS };
static enum manner *manner; /* shared with the server's process */

static const struct fake_zone zone[] = {
	{ "signed.example", ns_t_mx, "10 mx.signed.example" },
	{ "plain.example", ns_t_mx, "10 mx.plain.example" },
	{ NULL, 0, NULL },
};

static void
keys_answer(const struct fake_query *q, struct fake_packet *p)
{
	switch (*manner) {
	case VALIDATES:
		p->at[3] |= 0x20;
		fake_record(p, 0, "", DNS_DNSKEY, "key", 3);
		break;
	case RELAYS:
		fake_record(p, 0, "", DNS_DNSKEY, "key", 3);
		break;
	case FAILS:
		p->at[3] |= ns_r_servfail;
		break;
	case REFERS: /* AD is nothing without RA and an answer */
		p->at[3] = 0x20;
		break;
	}
	fake_send(q, p);
}

static void
answer(const struct fake_query *q)
{
	struct fake_packet p;

	fake_start(&p, q, 0);
	if (strcmp(q->name, ".") == 0) {
		keys_answer(q, &p);
		return;
	}
	if (strcmp(q->name, "bogus.example") == 0)
		p.at[3] |= ns_r_servfail;
	else
		fake_find(&p, zone, q->name, q->type, 9);
	if (strcmp(q->name, "plain.example") != 0)
		p.at[3] |= 0x20;
	fake_send(q, &p);
}

static void
server_add(struct dns_group *g, const char *address, uint16_t port)
{
	assert_true(
	    dns_server_set(&g->servers[g->count++], span_text(address), port));
}

/* As resolv.conf had it: the second server answers, the first is not there,
 * and not to be believed. */
static int
setup(void **state)
{
	struct fake_world *w;

	manner = mmap(NULL, sizeof *manner, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (manner == MAP_FAILED || fake_world_new(state, answer) != 0)
		return -1;
	w = *state;
	dns_validate(w->dns);
	w->dns->by_file = false;
	w->dns->usual.count = 0;
	w->dns->listed = (struct dns_group){ .trusted = false };
	server_add(&w->dns->listed, "127.0.0.54", w->fake.port);
	server_add(&w->dns->listed, "127.0.0.1", w->fake.port);
	return 0;
}

static int
teardown(void **state)
{
	munmap(manner, sizeof *manner);
	return fake_world_free(state);
}

static void
ask(struct fake_world *w, const char *name)
{
	*w->fake.queries = 0;
	dns_ask(w->dns, span_text(name), DNS_MX, &w->arena, &w->answer);
}

static void
what_it_vouches_for_is_secure(void **state)
{
	struct fake_world *w = *state;

	ask(w, "signed.example");
	assert_int_equal(w->answer.result, DNS_FOUND);
	assert_true(w->answer.secure);
	assert_int_equal(*w->fake.queries, 2); /* the keys, and the name */
	ask(w, "signed.example");
	assert_int_equal(*w->fake.queries, 1);
}

static void
all_else_is_asked_of_those_listed(void **state)
{
	struct fake_world *w = *state;

	ask(w, "plain.example");
	assert_int_equal(w->answer.result, DNS_FOUND);
	assert_false(w->answer.secure);
	assert_int_equal(*w->fake.queries, 3);
	ask(w, "gone.example"); /* it may be a name of this network */
	assert_int_equal(w->answer.result, DNS_GONE);
	assert_false(w->answer.secure);
	assert_int_equal(*w->fake.queries, 2);
}

static void
what_it_can_not_answer_is_asked_of_nobody(void **state)
{
	struct fake_world *w = *state;

	ask(w, "bogus.example");
	assert_int_equal(w->answer.result, DNS_LATER);
	assert_int_equal(*w->fake.queries, 2);
}

static void
one_that_only_relays_is_not_believed(void **state)
{
	static const enum manner not [] = { RELAYS, FAILS, REFERS };
	struct fake_world *w = *state;

	for (size_t i = 0; i < COUNT(not ); i++) {
		*manner = not [i];
		w->dns->validator_asked = 0;
		ask(w, "signed.example");
		assert_int_equal(w->answer.result, DNS_FOUND);
		assert_false(w->answer.secure);
	}
	/* The same servers, and no word of `dns`. */
	*manner = VALIDATES;
	w->dns->validator_asked = 0;
	ask(w, "signed.example");
	assert_true(w->answer.secure);
}

static void
one_that_was_found_is_kept_while_it_is_silent(void **state)
{
	struct fake_world *w = *state;

	ask(w, "signed.example");
	assert_true(w->answer.secure);
	*manner = FAILS;
	w->dns->validator_asked = 0;
	ask(w, "signed.example");
	assert_true(w->answer.secure);
	*manner = RELAYS;
	w->dns->validator_asked = 0;
	ask(w, "signed.example");
	assert_false(w->answer.secure);
}

static void
one_that_is_gone_is_given_up(void **state)
{
	struct fake_world *w = *state;

	ask(w, "signed.example");
	assert_int_equal(w->dns->local.count, 1);
	w->dns->listed.count = 1; /* 127.0.0.54, where nobody listens */
	w->dns->validator_asked = 0;
	ask(w, "signed.example");
	assert_int_equal(w->dns->local.count, 0);
	assert_int_equal(w->answer.result, DNS_LATER);
}

static void
it_is_found_at_its_usual_place(void **state)
{
	struct fake_world *w = *state;

	w->dns->usual = w->dns->listed;
	w->dns->listed.count = 1;
	ask(w, "signed.example");
	assert_int_equal(w->answer.result, DNS_FOUND);
	assert_true(w->answer.secure);
}

static void
nobody_is_asked_twice_where_all_are_on_loopback(void **state)
{
	struct fake_world *w = *state;
	struct dns_group *g = &w->dns->listed;

	*g = (struct dns_group){ .trusted = true };
	server_add(g, "127.0.0.1", w->fake.port);
	ask(w, "plain.example");
	assert_int_equal(*w->fake.queries, 2);
	assert_int_equal(w->dns->local.count, 0);
	ask(w, "signed.example");
	assert_true(w->answer.secure);
}

static void
the_file_dns_has_the_last_word(void **state)
{
	struct fake_world *w = *state;

	fake_file(&w->fake, "dns", "127.0.0.54:1\n");
	assert_true(dns_is_stale(w->dns));
	assert_true(dns_refresh(w->dns));
	assert_false(dns_is_stale(w->dns));
	assert_false(dns_refresh(w->dns));
	w->dns->usual.count = 0;
	server_add(&w->dns->usual, "127.0.0.1", w->fake.port);
	ask(w, "signed.example");
	assert_int_equal(w->answer.result, DNS_LATER);
	assert_int_equal(*w->fake.queries, 0);
}

static void
the_file_hosts_counts_when_it_changes(void **state)
{
	struct fake_world *w = *state;

	fake_file(&w->fake, "hosts", "192.0.2.7 near.example\n");
	assert_true(dns_refresh(w->dns));
	dns_host(w->dns, SPAN("near.example"), &w->arena, &w->host);
	assert_int_equal(w->host.count, 1);
	assert_true(w->host.known);
	assert_string_equal(w->host.addresses[0].text, "192.0.2.7");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_it_vouches_for_is_secure),
		TEST(all_else_is_asked_of_those_listed),
		TEST(what_it_can_not_answer_is_asked_of_nobody),
		TEST(one_that_only_relays_is_not_believed),
		TEST(one_that_was_found_is_kept_while_it_is_silent),
		TEST(one_that_is_gone_is_given_up),
		TEST(it_is_found_at_its_usual_place),
		TEST(nobody_is_asked_twice_where_all_are_on_loopback),
		TEST(the_file_dns_has_the_last_word),
		TEST(the_file_hosts_counts_when_it_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
