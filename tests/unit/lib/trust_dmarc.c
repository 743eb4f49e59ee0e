/* lib/trust/dmarc and author: policies, organizations, authors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../trust_zone.h"
#include "trust/author.h"
#include "trust/dmarc.h"

#define T(name, data)                                                          \
	{                                                                      \
		"_dmarc." name, DNS_TXT, data                                  \
	}
static const struct zone_record records[] = {
	T("org.example", "v=DMARC1; p=reject; sp=quarantine; np=none; pct=0"),
	{ "mail.org.example", DNS_A, "192.0.2.1" },
	{ "strict.org.example", DNS_A, "192.0.2.1" },
	T("strict.org.example", "v=DMARC1;p=quarantine;adkim=s;aspf=s"),
	T("test.example", "v=DMARC1; p=reject; t=y"),
	T("two.example", "v=DMARC1; p=reject"),
	T("two.example", "v=DMARC1; p=none"),
	T("case.example", "v=dmarc1; p=reject"),
	T("suffix", "v=DMARC1; p=none; sp=reject; np=reject; psd=y"),
	{ "shop.suffix", DNS_MX, "mx.suffix" },
	T("apart.org.example", "v=DMARC1; p=reject; psd=n"),
	T("silent.example", NULL),
	T("half.silent.example", "v=DMARC1; p=reject"),
	T("empty.example", "v=DMARC1; p=perhaps; rua=mailto:a@b.example"),
	{ NULL, 0, NULL },
};

static struct zone zone;
static struct dmarc found;

static void
check(const char *author, const char *domain, bool dkim, enum result result)
{
	struct dmarc_identity id = { span_text(domain), dkim, result };
	struct resolver r;

	zone = (struct zone){ .records = records };
	resolver_init(&r, zone_lookup, &zone);
	dmarc_check(&r, span_text(author), &id, 1, &found);
	resolver_free(&r);
}

static void
assert_found(enum result result, enum dmarc_policy wanted)
{
	assert_int_equal(found.result, result);
	assert_int_equal(found.wanted, wanted);
}

static void
the_domain_or_its_organization_must_be_shown(void **state)
{
	(void)state;
	check("org.example", "org.example", true, RESULT_PASS);
	assert_found(RESULT_PASS, DMARC_NONE);
	check("org.example", "mail.org.example", false, RESULT_PASS);
	assert_found(RESULT_PASS, DMARC_NONE);
	check("mail.org.example", "org.example", true, RESULT_PASS);
	assert_found(RESULT_PASS, DMARC_NONE);
	check("org.example", "other.example", true, RESULT_PASS);
	assert_found(RESULT_FAIL, DMARC_REJECT);
	check("org.example", "evilorg.example", true, RESULT_PASS);
	assert_found(RESULT_FAIL, DMARC_REJECT);
	check("org.example", "org.example", true, RESULT_FAIL);
	assert_found(RESULT_FAIL, DMARC_REJECT);
	check("org.example", "org.example", true, RESULT_POLICY);
	assert_found(RESULT_FAIL, DMARC_REJECT);
}

static void
strict_alignment_wants_the_same_domain(void **state)
{
	(void)state;
	check("strict.org.example", "org.example", true, RESULT_PASS);
	assert_found(RESULT_FAIL, DMARC_QUARANTINE);
	check("strict.org.example", "strict.org.example", false, RESULT_PASS);
	assert_found(RESULT_PASS, DMARC_NONE);
}

static void
subdomains_have_policies_of_their_own(void **state)
{
	(void)state;
	check("mail.org.example", "", false, RESULT_NONE);
	assert_found(RESULT_FAIL, DMARC_QUARANTINE);
	/* np=: such a domain is not there. pct= counts for nothing. */
	check("gone.org.example", "", false, RESULT_NONE);
	assert_found(RESULT_FAIL, DMARC_NONE);
	check("test.example", "", false, RESULT_NONE);
	assert_found(RESULT_FAIL, DMARC_QUARANTINE);
}

static void
a_public_suffix_is_no_organization(void **state)
{
	(void)state;
	check("shop.suffix", "other.suffix", true, RESULT_PASS);
	assert_found(RESULT_FAIL, DMARC_REJECT);
	check("shop.suffix", "mail.shop.suffix", true, RESULT_PASS);
	assert_found(RESULT_PASS, DMARC_NONE);
	check("apart.org.example", "org.example", true, RESULT_PASS);
	assert_found(RESULT_FAIL, DMARC_REJECT);
}

static void
what_is_no_record_is_none(void **state)
{
	(void)state;
	check("two.example", "", false, RESULT_NONE);
	assert_found(RESULT_NONE, DMARC_NONE);
	check("case.example", "", false, RESULT_NONE);
	assert_found(RESULT_NONE, DMARC_NONE);
	check("gone.example", "", false, RESULT_NONE);
	assert_found(RESULT_NONE, DMARC_NONE);
	check("empty.example", "", false, RESULT_NONE);
	assert_found(RESULT_FAIL, DMARC_NONE);
}

static void
without_an_answer_nothing_is_for_good(void **state)
{
	(void)state;
	check("silent.example", "", false, RESULT_NONE);
	assert_found(RESULT_TEMPERROR, DMARC_NONE);
	check("half.silent.example", "", false, RESULT_NONE);
	assert_found(RESULT_TEMPERROR, DMARC_REJECT);
	check("half.silent.example", "half.silent.example", true, RESULT_PASS);
	assert_found(RESULT_PASS, DMARC_NONE);
	check("org.example", "org.example", true, RESULT_TEMPERROR);
	assert_found(RESULT_TEMPERROR, DMARC_REJECT);
	check("org.example", "other.example", true, RESULT_TEMPERROR);
	assert_found(RESULT_FAIL, DMARC_REJECT);
}

static void
a_long_name_costs_eight_questions(void **state)
{
	(void)state;
	check(
	    "a.b.c.d.e.f.g.h.i.j.k.l.m.n.org.example", "", false, RESULT_NONE);
	assert_found(RESULT_FAIL, DMARC_NONE);
	/* Three more: does the domain exist? All in two rounds. */
	assert_int_equal(zone.asked, DMARC_QUERIES_MAX + 3);
	assert_int_equal(zone.rounds, 2);
}

/* The domains of a header's authors, joined by spaces. */
static void
assert_authors(const char *header, const char *domains, const char *fault)
{
	struct arena a = ARENA_INIT;
	struct str text = STR_INIT;
	struct authors authors;
	struct fields f;

	fields_read(&f, span_text(header));
	authors_read(&authors, &f, &a);
	for (size_t i = 0; i < authors.count; i++) {
		if (i > 0)
			str_add_byte(&text, ' ');
		str_add(&text, authors.domains[i]);
	}
	assert_string_equal(text.at, domains);
	assert_string_equal(authors.fault == NULL ? "" : authors.fault, fault);
	str_free(&text);
	fields_free(&f);
	arena_free(&a);
}

static void
authors_are_those_of_all_from_fields(void **state)
{
	(void)state;
	assert_authors("From: A <a@Example.ORG>\n\n", "example.org", "");
	assert_authors("From: a@a.example, b@b.example, c@a.example\n\n",
	    "a.example b.example", "");
	assert_authors("From: a@a.example\nfrom : b@b.example\n\n",
	    "a.example b.example", "more than one From");
	assert_authors("Subject: a\n\n", "", "no From");
	assert_authors("From:\n\n", "", "From has no address");
	assert_authors(
	    "From: bob\n\n", "", "From has an address without a domain");
}

static void
tricks_in_names_are_no_addresses(void **state)
{
	(void)state;
	assert_authors("From: \"ceo@bank.example\" <x@evil.example>\n\n",
	    "evil.example", "");
	assert_authors(
	    "From: =?utf-8?q?ceo=40bank=2Eexample?= <x@evil.example>\n\n",
	    "evil.example", "");
	assert_authors("From: =?utf-8?b?Y2VvQGJhbmsuZXhhbXBsZQ==?=\n\n", "",
	    "From has an address without a domain");
	assert_authors("From: =?utf-8?q?ceo@bank.example?=\n\n", "",
	    "From has an address without a domain");
	assert_authors(
	    "From: \"a@bank.example\"@evil.example\n\n", "evil.example", "");
	assert_authors(
	    "From: x@evil.example (ceo@bank.example)\n\n", "evil.example", "");
	assert_authors("From: a@b\xc3\xbc"
		       "cher.example\n\n",
	    "xn--bcher-kva.example", "");
}

static void
too_many_authors_are_none(void **state)
{
	struct str header = STR_INIT;
	struct arena a = ARENA_INIT;
	struct authors authors;
	struct fields f;

	(void)state;
	str_add_text(&header, "From: a@a0.example");
	for (int i = 1; i < 20000; i++)
		str_addf(&header, ", a@a%d.example", i);
	str_add_text(&header, "\n\n");
	fields_read(&f, str_span(&header));
	authors_read(&authors, &f, &a);
	assert_int_equal(authors.count, AUTHORS_MAX);
	assert_string_equal(authors.fault, "From has too many domains");
	fields_free(&f);
	arena_free(&a);
	str_free(&header);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_domain_or_its_organization_must_be_shown),
		cmocka_unit_test(strict_alignment_wants_the_same_domain),
		cmocka_unit_test(subdomains_have_policies_of_their_own),
		cmocka_unit_test(a_public_suffix_is_no_organization),
		cmocka_unit_test(what_is_no_record_is_none),
		cmocka_unit_test(without_an_answer_nothing_is_for_good),
		cmocka_unit_test(a_long_name_costs_eight_questions),
		cmocka_unit_test(authors_are_those_of_all_from_fields),
		cmocka_unit_test(tricks_in_names_are_no_addresses),
		cmocka_unit_test(too_many_authors_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
