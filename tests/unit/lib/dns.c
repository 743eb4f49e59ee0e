/* lib/net/dns, against a name server that knows all tricks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dns_fake.h"

#include "base/clock.h"
#include "net/dns.h"
#include "os/sandbox.h"

static const struct fake_zone zone[] = {
	{ "example.org", ns_t_mx, "10 MX1.Example.org" },
	{ "example.org", ns_t_mx, "20 mx2.example.org" },
	{ "example.org", ns_t_mx, "5 192.0.2.9" },
	{ "example.org", ns_t_txt, "v=spf1 -all" },
	{ "mx1.example.org", ns_t_a, "192.0.2.1" },
	{ "mx1.example.org", ns_t_a, "192.0.2.2" },
	{ "mx1.example.org", ns_t_aaaa, "2001:db8::1" },
	{ "mx2.example.org", ns_t_a, "192.0.2.3" },
	{ "nothing.example.org", ns_t_txt, "" },
	{ "_25._tcp.mx1.example.org", ns_t_tlsa, "311secret" },
	{ "1.2.0.192.in-addr.arpa", ns_t_ptr, "mx1.example.org" },
	{ "alias.example.org", ns_t_cname, "middle.example.org" },
	{ "middle.example.org", ns_t_cname, "mx1.example.org" },
	{ "circle.example.org", ns_t_cname, "round.example.org" },
	{ "round.example.org", ns_t_cname, "circle.example.org" },
	{ "astray.example.org", ns_t_cname, "gone.example.org" },
	{ "step.hop.example.org", ns_t_cname, "mx1.example.org" },
	{ "null.example.org", ns_t_mx, "0 " },
	{ NULL, 0, NULL },
};

static bool
is(const struct fake_query *q, const char *label)
{
	return strncmp(q->name, label, strlen(label)) == 0 &&
	    q->name[strlen(label)] == '.';
}

/* A TXT record as long as a packet can hold. */
static void
text_huge(struct fake_packet *p, const char *owner)
{
	static unsigned char data[65000];

	for (size_t i = 0; i < sizeof data; i += 250)
		data[i] = 249;
	fake_record(p, 0, owner, ns_t_txt, data, sizeof data);
}

/* What is wrong with the packet; false: it is not even sent. */
static bool
spoil(struct fake_packet *p, const struct fake_query *q)
{
	static const unsigned char loop[] = { 0, 10, 0xc0, 0 };

	if (is(q, "wrongid"))
		p->at[0] ^= 1;
	else if (is(q, "wrongname"))
		p->at[NS_HFIXEDSZ + 1] = 'x';
	else if (is(q, "wrongtype"))
		p->at[NS_HFIXEDSZ + strlen(q->name) + 3] ^= 16;
	else if (is(q, "question"))
		p->at[2] &= 0x7f;
	else if (is(q, "short"))
		p->len = 5;
	else if (is(q, "header"))
		p->len = NS_HFIXEDSZ;
	else if (is(q, "count"))
		memset(p->at + 6, 0xff, 2);
	else if (is(q, "loop")) {
		fake_record(p, 0, q->name, ns_t_mx, loop, sizeof loop);
		/* a pointer to itself */
		ns_put16((uint16_t)(0xc000 | (p->len - 2)), p->at + p->len - 2);
	} else if (is(q, "servfail"))
		p->at[3] |= ns_r_servfail;
	else if (is(q, "refused"))
		p->at[3] |= ns_r_refused;
	else if (is(q, "huge") || is(q, "deaf"))
		p->at[2] |= 0x02;
	else if (is(q, "referral"))
		fake_record(p, 1, "org", ns_t_ns, "\1a\0", 3);
	else if (is(q, "badvers")) {
		fake_record(p, 2, "", ns_t_opt, "", 0);
		p->at[p->len - 6] = 1;
	} else if (is(q, "old")) {
		if (ns_get16(q->at + 10) > 0) {
			fake_start(p, q, ns_r_formerr);
			p->len = NS_HFIXEDSZ;
			memset(p->at + 4, 0, 8);
		} else
			fake_text(p, q->name, ns_t_a, "192.0.2.77");
	} else if (is(q, "slow"))
		return q->seen % 2 == 1;
	else if (is(q, "silent"))
		return false;
	return true;
}

static void
answer_tcp(const struct fake_query *q)
{
	struct fake_packet p;

	fake_start(&p, q, ns_r_noerror);
	if (is(q, "huge"))
		text_huge(&p, q->name);
	if (!is(q, "deaf"))
		fake_send(q, &p);
}

static bool
is_special(const char *name)
{
	return strstr(name, ".trick") != NULL;
}

static void
answer(const struct fake_query *q)
{
	struct fake_packet p;

	if (q->tcp) {
		answer_tcp(q);
		return;
	}
	fake_start(&p, q, ns_r_noerror);
	if (is(q, "forged")) { /* the forger is quicker, with a wrong number */
		fake_text(&p, q->name, ns_t_a, "203.0.113.6");
		p.at[1] ^= 0x55;
		fake_send(q, &p);
		fake_start(&p, q, ns_r_noerror);
	}
	if (strstr(q->name, ".hop.") != NULL)
		fake_find(&p, zone, q->name, ns_t_cname, 0);
	else if (is_special(q->name) && q->type == ns_t_a && !is(q, "old"))
		fake_text(&p, q->name, ns_t_a, "192.0.2.66");
	else if (!is_special(q->name))
		fake_find(&p, zone, q->name, q->type, 20);
	if ((q->at[3] & 0x20) != 0 && !is(q, "insecure"))
		p.at[3] |= 0x20; /* AD, since it was asked for */
	if (!is_special(q->name) || spoil(&p, q))
		fake_send(q, &p);
}

static int
setup(void **state)
{
	struct fake_world *w;

	if (fake_world_new(state, answer) < 0)
		return -1;
	w = *state;
	dns_patience(w->dns, 5000);
	return 0;
}

static enum dns_result
ask(struct fake_world *w, const char *name, enum dns_type type)
{
	dns_ask(w->dns, span_text(name), type, &w->arena, &w->answer);
	return w->answer.result;
}

static void
assert_span(struct span s, const char *text)
{
	assert_int_equal(s.len, strlen(text));
	assert_memory_equal(s.at, text, s.len);
}

static void
records_of_each_type_are_read(void **state)
{
	struct fake_world *w = *state;
	int usable = 0;

	assert_int_equal(ask(w, "example.org", DNS_MX), DNS_FOUND);
	/* The one that names an address is none to be looked up. */
	assert_int_equal(w->answer.count, 3);
	for (size_t i = 0; i < 3; i++)
		usable += w->answer.records[i].is.mx.usable;
	assert_int_equal(usable, 2);
	assert_span(w->answer.records[0].is.mx.host, "mx1.example.org");
	assert_int_equal(w->answer.records[0].is.mx.preference, 10);
	assert_int_equal(w->answer.records[0].ttl, 300);
	assert_int_equal(ask(w, "Example.ORG.", DNS_TXT), DNS_FOUND);
	assert_span(w->answer.records[0].is.text, "v=spf1 -all");
	assert_int_equal(
	    ask(w, "_25._tcp.mx1.example.org", DNS_TLSA), DNS_FOUND);
	assert_int_equal(w->answer.records[0].is.tlsa.usage, 3);
	assert_int_equal(w->answer.records[0].is.tlsa.selector, 1);
	assert_int_equal(w->answer.records[0].is.tlsa.matching, 1);
	assert_span(w->answer.records[0].is.tlsa.data, "secret");
	assert_int_equal(ask(w, "1.2.0.192.in-addr.arpa", DNS_PTR), DNS_FOUND);
	assert_span(w->answer.records[0].is.name, "mx1.example.org");
	assert_int_equal(ask(w, "null.example.org", DNS_MX), DNS_FOUND);
	assert_int_equal(w->answer.records[0].is.mx.host.len, 0);
}

static void
a_missing_name_and_a_missing_record_are_told_apart(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(ask(w, "gone.example.org", DNS_A), DNS_GONE);
	assert_int_equal(ask(w, "nothing.example.org", DNS_A), DNS_EMPTY);
	assert_int_equal(ask(w, "astray.example.org", DNS_A), DNS_GONE);
	assert_true(w->answer.chased);
}

static void
cnames_are_followed_to_their_end(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(ask(w, "alias.example.org", DNS_A), DNS_FOUND);
	assert_int_equal(w->answer.count, 2);
	assert_true(w->answer.chased);
	assert_span(w->answer.name, "mx1.example.org");
	assert_int_equal(ask(w, "alias.example.org", DNS_CNAME), DNS_FOUND);
	assert_span(w->answer.records[0].is.name, "middle.example.org");
	/* By a server that gives the CNAME alone. */
	assert_int_equal(ask(w, "step.hop.example.org", DNS_A), DNS_FOUND);
	assert_span(w->answer.name, "mx1.example.org");
	assert_true(w->answer.secure);
	assert_int_equal(ask(w, "circle.example.org", DNS_A), DNS_LATER);
}

static void
a_broken_answer_is_none(void **state)
{
	static const char *const quick[] = { "count.trick", "servfail.trick",
		"refused.trick", "deaf.trick" };
	static const char *const silent[] = { "wrongid.trick",
		"wrongname.trick", "wrongtype.trick", "question.trick",
		"short.trick", "header.trick", "silent.trick" };
	struct fake_world *w = *state;
	int64_t start = clock_mono_ms();

	assert_int_equal(ask(w, "loop.trick", DNS_MX), DNS_LATER);
	assert_int_equal(ask(w, "referral.trick", DNS_MX), DNS_LATER);
	assert_int_equal(ask(w, "badvers.trick", DNS_MX), DNS_LATER);
	for (size_t i = 0; i < COUNT(quick); i++)
		assert_int_equal(ask(w, quick[i], DNS_A), DNS_LATER);
	assert_true(clock_mono_ms() - start < 4000);
	dns_patience(w->dns, 150);
	for (size_t i = 0; i < COUNT(silent); i++) {
		start = clock_mono_ms();
		assert_int_equal(ask(w, silent[i], DNS_A), DNS_LATER);
		assert_int_equal(w->answer.count, 0);
		assert_true(clock_mono_ms() - start >= 100);
		assert_true(clock_mono_ms() - start < 2000);
	}
}

static void
a_forged_answer_does_not_keep_the_real_one_away(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(ask(w, "forged.trick", DNS_A), DNS_FOUND);
	assert_int_equal(
	    w->answer.records[0].is.a.s_addr, inet_addr("192.0.2.66"));
}

static void
a_lost_packet_is_asked_again(void **state)
{
	struct fake_world *w = *state;

	*w->fake.queries = 0;
	dns_patience(w->dns, 1500);
	assert_int_equal(ask(w, "slow.trick", DNS_A), DNS_FOUND);
	assert_int_equal(*w->fake.queries, 2);
}

static void
a_server_without_edns_is_asked_without(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(ask(w, "old.trick", DNS_A), DNS_FOUND);
}

static void
long_answers_come_over_tcp(void **state)
{
	struct fake_world *w = *state;

	assert_int_equal(ask(w, "huge.trick", DNS_TXT), DNS_FOUND);
	assert_int_equal(w->answer.records[0].is.text.len, 65000 / 250 * 249);
}

static void
only_a_server_on_loopback_is_believed(void **state)
{
	struct fake_world *w = *state;
	struct dns *d;
	char lines[60];

	assert_int_equal(ask(w, "example.org", DNS_MX), DNS_FOUND);
	assert_true(w->answer.secure);
	assert_int_equal(ask(w, "gone.example.org", DNS_MX), DNS_GONE);
	assert_true(w->answer.secure);
	assert_int_equal(ask(w, "insecure.trick", DNS_A), DNS_FOUND);
	assert_false(w->answer.secure);
	snprintf(lines, sizeof lines, "127.0.0.1:%u\n192.0.2.53\n",
	    (unsigned)w->fake.port);
	fake_file(&w->fake, "dns", lines);
	d = dns_open(w->fake.etc, NULL, NULL);
	dns_ask(d, SPAN("example.org"), DNS_MX, &w->arena, &w->answer);
	assert_int_equal(w->answer.result, DNS_FOUND);
	assert_false(w->answer.secure);
	dns_close(d);
}

static void
a_server_that_is_not_there_costs_no_time(void **state)
{
	struct fake_world *w = *state;
	int64_t start = clock_mono_ms();
	struct dns *d;
	char lines[80];

	/* Nobody listens on 127.0.0.2; the second one answers. */
	snprintf(lines, sizeof lines, "127.0.0.2:%u\n127.0.0.1:%u\n",
	    (unsigned)w->fake.port, (unsigned)w->fake.port);
	fake_file(&w->fake, "dns", lines);
	d = dns_open(w->fake.etc, NULL, NULL);
	dns_ask(d, SPAN("example.org"), DNS_MX, &w->arena, &w->answer);
	assert_int_equal(w->answer.result, DNS_FOUND);
	dns_close(d);
	snprintf(lines, sizeof lines, "127.0.0.2:%u\n", (unsigned)w->fake.port);
	fake_file(&w->fake, "dns", lines);
	d = dns_open(w->fake.etc, NULL, NULL);
	dns_ask(d, SPAN("example.org"), DNS_MX, &w->arena, &w->answer);
	assert_int_equal(w->answer.result, DNS_LATER);
	dns_close(d);
	assert_true(clock_mono_ms() - start < 2000);
}

struct complaints {
	unsigned count, line;
};

static void
complain(unsigned line, const char *text, void *arg)
{
	struct complaints *c = arg;

	assert_non_null(text);
	c->count++;
	c->line = line;
}

static void
the_file_dns_is_read_or_complained_of(void **state)
{
	struct fake_world *w = *state;
	struct complaints c = { 0 };
	struct dns *d;

	fake_file(&w->fake, "dns", "# ours\nnone\n");
	d = dns_open(w->fake.etc, complain, &c);
	dns_ask(d, SPAN("example.org"), DNS_MX, &w->arena, &w->answer);
	assert_int_equal(w->answer.result, DNS_OFF);
	assert_int_equal(c.count, 0);
	dns_close(d);
	/* A mistake must not have somebody else asked. */
	fake_file(&w->fake, "dns", "\n127.0.0.1:x\n");
	d = dns_open(w->fake.etc, complain, &c);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.line, 2);
	dns_ask(d, SPAN("example.org"), DNS_MX, &w->arena, &w->answer);
	assert_int_equal(w->answer.result, DNS_LATER);
	dns_close(d);
	unlinkat(w->fake.etc, "dns", 0);
	assert_int_equal(mkdirat(w->fake.etc, "dns", 0700), 0);
	d = dns_open(w->fake.etc, complain, &c);
	assert_int_equal(c.count, 2);
	assert_int_equal(c.line, 0);
	dns_ask(d, SPAN("example.org"), DNS_MX, &w->arena, &w->answer);
	assert_int_equal(w->answer.result, DNS_LATER);
	dns_close(d);
	unlinkat(w->fake.etc, "dns", AT_REMOVEDIR);
	fake_file(
	    &w->fake, "dns", "::1\n[::1]\n[::1]:53\n127.0.0.1\n127.0.0.1:53\n");
	d = dns_open(w->fake.etc, complain, &c);
	assert_int_equal(c.count, 2);
	dns_close(d);
}

static void
names_that_can_not_be_are_not_asked_for(void **state)
{
	struct fake_world *w = *state;
	char label[70], whole[300];

	memset(label, 'a', sizeof label);
	label[64] = '\0';
	memset(whole, 'a', sizeof whole);
	for (size_t i = 50; i < sizeof whole; i += 50)
		whole[i] = '.';
	whole[260] = '\0';
	*w->fake.queries = 0;
	assert_int_equal(ask(w, "", DNS_A), DNS_GONE);
	assert_int_equal(ask(w, "a..b", DNS_A), DNS_GONE);
	assert_int_equal(ask(w, ".b", DNS_A), DNS_GONE);
	assert_int_equal(ask(w, "a\\b", DNS_A), DNS_GONE);
	assert_int_equal(ask(w, "a b", DNS_A), DNS_GONE);
	assert_int_equal(ask(w, "\xc3\xa4.de", DNS_A), DNS_GONE);
	assert_int_equal(ask(w, label, DNS_A), DNS_GONE);
	assert_int_equal(ask(w, whole, DNS_A), DNS_GONE);
	assert_int_equal(*w->fake.queries, 0);
	label[63] = '\0';
	assert_int_equal(ask(w, label, DNS_A), DNS_GONE);
	assert_int_equal(*w->fake.queries, 1);
}

/* One of each kind of trouble, beside good ones. */
static void
many_are_asked_at_once(void **state)
{
	static const char *const names[] = { "example.org", "silent.trick",
		"servfail.trick", "forged.trick", "huge.trick", "old.trick",
		"step.hop.example.org", "gone.example.org", "a..b" };
	static const enum dns_type types[] = { DNS_MX, DNS_A, DNS_A, DNS_A,
		DNS_TXT, DNS_A, DNS_A, DNS_MX, DNS_A };
	static const enum dns_result wanted[] = { DNS_FOUND, DNS_LATER,
		DNS_LATER, DNS_FOUND, DNS_FOUND, DNS_FOUND, DNS_FOUND, DNS_GONE,
		DNS_GONE };
	/* More than are in the air at once. */
	enum { KINDS = COUNT(names), MANY = 8 * KINDS };
	struct dns_question questions[MANY];
	struct dns_answer answers[MANY];
	struct fake_world *w = *state;

	for (size_t i = 0; i < MANY; i++)
		questions[i] = (struct dns_question){
			span_text(names[i % KINDS]), types[i % KINDS]
		};
	dns_ask_many(w->dns, questions, MANY, clock_mono_ms() + 6000, &w->arena,
	    answers);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(answers[i].result, wanted[i % KINDS]);
}

static void
it_works_inside_the_sandbox(void **state)
{
	struct fake_world *w = *state;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		sandbox_paths(NULL, 0);
		sandbox_calls(CALLS_INTERNET | CALLS_SOCKET | CALLS_CONNECT |
		    CALLS_STREAM);
		if (ask(w, "huge.trick", DNS_TXT) != DNS_FOUND)
			_exit(1);
		if (ask(w, "alias.example.org", DNS_A) != DNS_FOUND)
			_exit(2);
		_exit(ask(w, "gone.example.org", DNS_MX) == DNS_GONE ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fake_world_free)
	const struct CMUnitTest tests[] = {
		TEST(records_of_each_type_are_read),
		TEST(a_missing_name_and_a_missing_record_are_told_apart),
		TEST(cnames_are_followed_to_their_end),
		TEST(a_broken_answer_is_none),
		TEST(a_forged_answer_does_not_keep_the_real_one_away),
		TEST(a_lost_packet_is_asked_again),
		TEST(a_server_without_edns_is_asked_without),
		TEST(long_answers_come_over_tcp),
		TEST(only_a_server_on_loopback_is_believed),
		TEST(a_server_that_is_not_there_costs_no_time),
		TEST(the_file_dns_is_read_or_complained_of),
		TEST(names_that_can_not_be_are_not_asked_for),
		TEST(many_are_asked_at_once),
		TEST(it_works_inside_the_sandbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
