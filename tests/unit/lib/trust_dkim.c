/* lib/trust: keys, canonical forms and DKIM signatures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "../trust_sign.h"
#include "../trust_zone.h"
#include "trust/dkim.h"

enum { NOW = 1800000000, KEYS = 6 };

static struct {
	struct signer rsa, small, edwards;
	struct str rsa_record, small_record, edwards_record, strict_record;
	struct zone_record zone[KEYS + 1];
} world;

static void
key_publish(struct zone_record *r, const char *name, struct str *record)
{
	*r = (struct zone_record){ name, DNS_TXT, record->at };
}

static int
setup(void **state)
{
	(void)state;
	signer_init(&world.rsa, KEY_RSA, 1024);
	signer_init(&world.small, KEY_RSA, 512);
	signer_init(&world.edwards, KEY_EDDSA, 0);
	str_init(&world.rsa_record);
	str_init(&world.small_record);
	str_init(&world.edwards_record);
	str_init(&world.strict_record);
	signer_record(&world.rsa, &world.rsa_record);
	signer_record(&world.small, &world.small_record);
	signer_record(&world.edwards, &world.edwards_record);
	str_set(&world.strict_record, str_span(&world.edwards_record));
	str_add_text(&world.strict_record, "; t=s:x");
	key_publish(
	    &world.zone[0], "r._domainkey.a.example", &world.rsa_record);
	key_publish(
	    &world.zone[1], "small._domainkey.a.example", &world.small_record);
	key_publish(
	    &world.zone[2], "a._domainkey.a.example", &world.edwards_record);
	key_publish(&world.zone[3], "strict._domainkey.a.example",
	    &world.strict_record);
	key_publish(
	    &world.zone[4], "a._domainkey.b.example", &world.edwards_record);
	world.zone[5] = (struct zone_record){ "late._domainkey.a.example",
		DNS_TXT, NULL };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	signer_free(&world.rsa);
	signer_free(&world.small);
	str_free(&world.rsa_record);
	str_free(&world.small_record);
	str_free(&world.edwards_record);
	str_free(&world.strict_record);
	return 0;
}

static const char plain[] = "From: Ann <ann@a.example>\n"
			    "Subject: a  test\n"
			    "To: bob@b.example\n"
			    "\n"
			    "Hello  Bob.\n"
			    "\n"
			    "Ann \n"
			    "\n\n";

static struct dkim dkim;
static char reasons[4][80];

/* Results stay in dkim, their spans don't. */
static void
verify(const struct str *message)
{
	struct zone zone = { .records = world.zone };
	struct resolver r;
	struct fields f;
	struct body bodies[2];

	resolver_init(&r, zone_lookup, &zone);
	fields_read(&f, str_span(message));
	body_init(&bodies[CANON_SIMPLE], CANON_SIMPLE);
	body_init(&bodies[CANON_RELAXED], CANON_RELAXED);
	dkim_read(&dkim, &f, NOW, bodies, &r);
	/* In pieces of any size. */
	for (size_t at = 0, n = 1; at < f.body.len; at += n, n = n % 7 + 1)
		for (int c = CANON_SIMPLE; c <= CANON_RELAXED; c++)
			body_add(
			    &bodies[c], span_head(span_from(f.body, at), n));
	body_end(&bodies[CANON_SIMPLE]);
	body_end(&bodies[CANON_RELAXED]);
	dkim_verify(&dkim, &f, bodies, &r);
	for (size_t i = 0; i < dkim.count && i < COUNT(reasons); i++)
		strcpy(reasons[i], dkim.at[i].reason);
	dkim_free(&dkim);
	fields_free(&f);
	resolver_free(&r);
}

/* The result of a message signed with these tags after a change. */
static enum result
signed_result(const struct signer *s, const char *tags, const char *what,
    const char *with)
{
	struct str m = STR_INIT;

	str_set(&m, span_text(plain));
	message_sign(s, "DKIM-Signature", tags, &m);
	if (what != NULL)
		message_replace(&m, what, with);
	verify(&m);
	str_free(&m);
	assert_int_equal(dkim.count, 1);
	return dkim.at[0].result;
}

#define ED "v=1; d=a.example; s=a; h=from:subject; "
#define RSA "v=1; d=a.example; s=r; h=from:subject; "

static void
both_algorithms_and_all_forms_are_verified(void **state)
{
	static const char *const forms[] = { "c=simple/simple",
		"c=relaxed/relaxed", "c=simple/relaxed", "c=relaxed/simple",
		"c=relaxed", "x=1900000000" };
	char tags[200];

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		snprintf(tags, sizeof tags, ED "%s", forms[i]);
		assert_int_equal(
		    signed_result(&world.edwards, tags, NULL, NULL),
		    RESULT_PASS);
		assert_int_equal(dkim.at[0].bits, 256);
		snprintf(tags, sizeof tags, RSA "%s", forms[i]);
		assert_int_equal(
		    signed_result(&world.rsa, tags, NULL, NULL), RESULT_PASS);
		assert_int_equal(dkim.at[0].bits, 1024);
	}
}

static void
a_change_is_seen(void **state)
{
	(void)state;
	assert_int_equal(signed_result(&world.rsa, RSA "c=relaxed/relaxed",
			     "Hello", "Hallo"),
	    RESULT_FAIL);
	assert_string_equal(reasons[0], "the body was changed");
	assert_int_equal(signed_result(&world.edwards, ED "c=relaxed/relaxed",
			     "a  test", "a jest"),
	    RESULT_FAIL);
	assert_string_equal(reasons[0], "the header was changed");
	/* White space may change where it is relaxed. */
	assert_int_equal(signed_result(&world.edwards, ED "c=relaxed/relaxed",
			     "a  test", "a\n\ttest "),
	    RESULT_PASS);
	assert_int_equal(signed_result(&world.edwards, ED "c=simple/simple",
			     "a  test", "a\n\ttest "),
	    RESULT_FAIL);
	assert_int_equal(signed_result(&world.edwards, ED "c=simple/relaxed",
			     "Hello  Bob.", "Hello \tBob.  "),
	    RESULT_PASS);
	assert_int_equal(signed_result(&world.edwards, ED "c=simple/simple",
			     "Ann \n\n\n", "Ann \n"),
	    RESULT_PASS);
	assert_int_equal(signed_result(&world.edwards, ED "c=simple/simple",
			     "Ann \n\n\n", "Ann \r\n\r\n"),
	    RESULT_PASS);
}

static void
a_part_that_is_not_signed_spoils_it(void **state)
{
	(void)state;
	assert_int_equal(signed_result(&world.edwards,
			     ED "c=simple/simple; l=13", NULL, NULL),
	    RESULT_POLICY);
	assert_string_equal(
	    reasons[0], "l= leaves a part of the body unsigned");
	assert_int_equal(signed_result(&world.edwards,
			     ED "c=simple/simple; l=13", "Ann \n", "Eve\n"),
	    RESULT_POLICY);
	assert_int_equal(signed_result(&world.edwards,
			     ED "c=simple/simple; l=21", NULL, NULL),
	    RESULT_PASS);
	assert_int_equal(signed_result(&world.edwards,
			     ED "c=simple/simple; l=21", "Ann \n\n\n", "An\n"),
	    RESULT_PERMERROR);
}

static void
a_second_from_spoils_it(void **state)
{
	(void)state;
	assert_int_equal(signed_result(&world.edwards, ED "c=relaxed/relaxed",
			     "From: Ann", "From: eve@e.example\nFrom: Ann"),
	    RESULT_POLICY);
	assert_string_equal(reasons[0], "a further From is not signed");
	/* Signed once more than it is there, none can be added. */
	assert_int_equal(signed_result(&world.edwards,
			     "v=1; d=a.example; s=a; h=from:from:subject; "
			     "c=relaxed/relaxed",
			     NULL, NULL),
	    RESULT_PASS);
	assert_int_equal(signed_result(&world.edwards,
			     "v=1; d=a.example; s=a; h=from:from:subject; "
			     "c=relaxed/relaxed",
			     "From: Ann", "From: eve@e.example\nFrom: Ann"),
	    RESULT_FAIL);
}

static void
tags_are_checked(void **state)
{
	static const struct {
		const char *tags;
		enum result result;
	} cases[] = {
		{ "v=2; d=a.example; s=a; h=from", RESULT_PERMERROR },
		{ "v=1; d=a.example; s=a; h=subject", RESULT_PERMERROR },
		{ "v=1; d=a.example; s=gone; h=from", RESULT_PERMERROR },
		{ "v=1; d=a.example; s=late; h=from", RESULT_TEMPERROR },
		{ "v=1; d=a..example; s=a; h=from", RESULT_PERMERROR },
		{ "v=1; d=example; s=a; h=from", RESULT_PERMERROR },
		{ "v=1; d=a.example; s=a b; h=from", RESULT_PERMERROR },
		{ ED "x=1700000000", RESULT_POLICY },
		{ ED "t=1850000000; x=1840000000", RESULT_PERMERROR },
		{ ED "t=soon", RESULT_PERMERROR },
		{ ED "q=dns/other", RESULT_PERMERROR },
		{ ED "q=dns/other:dns/txt", RESULT_PASS },
		{ ED "i=@mail.a.example", RESULT_PASS },
		{ ED "i=ann@a.example", RESULT_PASS },
		{ ED "i=@ba.example", RESULT_PERMERROR },
		{ ED "i=ann", RESULT_PERMERROR },
		{ ED "i=@e.example", RESULT_PERMERROR },
		{ ED "c=odd", RESULT_PERMERROR },
		{ ED "v=1", RESULT_PERMERROR },
		{ ED "9=x", RESULT_PERMERROR },
		{ "v=1; d=a.example; s=strict; h=from; i=@a.example",
		    RESULT_PASS },
		{ "v=1; d=a.example; s=strict; h=from; i=@x.a.example",
		    RESULT_PERMERROR },
		{ "v=1; d=a.example; s=r; h=from", RESULT_PERMERROR },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str m = STR_INIT;

		/* What can't be signed is given a tag afterwards. */
		str_set(&m, span_text(plain));
		message_sign(&world.edwards, "DKIM-Signature",
		    i >= 18 && i <= 19 ? ED "c=simple" : cases[i].tags, &m);
		if (i >= 18 && i <= 19)
			message_replace(&m, "c=simple", cases[i].tags);
		verify(&m);
		str_free(&m);
		if (dkim.at[0].result != cases[i].result)
			fail_msg("%s: %s (%s)", cases[i].tags,
			    result_text(dkim.at[0].result), reasons[0]);
	}
}

static void
weak_algorithms_are_not_accepted(void **state)
{
	(void)state;
	assert_int_equal(signed_result(&world.small,
			     "v=1; d=a.example; s=small; h=from", NULL, NULL),
	    RESULT_POLICY);
	assert_int_equal(dkim.at[0].bits, 512);
	assert_int_equal(
	    signed_result(&world.rsa, RSA "c=simple", "rsa-sha256", "rsa-sha1"),
	    RESULT_POLICY);
	assert_int_equal(
	    signed_result(&world.rsa, RSA "c=simple", "rsa-sha256", "rsa-md5"),
	    RESULT_PERMERROR);
}

/* The time of a thousand is that of the first ones. */
static void
of_many_signatures_the_first_are_tried(void **state)
{
	struct str m = STR_INIT;

	(void)state;
	str_set(&m, span_text(plain));
	for (int i = 0; i < 20; i++)
		message_sign(&world.edwards, "DKIM-Signature",
		    ED "c=relaxed/relaxed", &m);
	verify(&m);
	assert_int_equal(dkim.count, DKIM_MAX);
	assert_int_equal(dkim.more, 4);
	for (size_t i = 0; i < dkim.count; i++)
		assert_int_equal(dkim.at[i].result, RESULT_PASS);
	str_free(&m);
}

static enum key_found
key_of(const char *record, enum key_kind kind)
{
	struct key k;
	enum key_found found;

	key_init(&k);
	found = key_parse(span_text(record), kind, &k);
	key_free(&k);
	return found;
}

static void
keys_are_read_strictly(void **state)
{
	char record[1000];
	const char *p = strstr(world.edwards_record.at, "p=");

	(void)state;
	assert_int_equal(key_of(world.rsa_record.at, KEY_RSA), KEY_GOOD);
	assert_int_equal(key_of(world.rsa_record.at, KEY_EDDSA), KEY_BROKEN);
	assert_int_equal(key_of("v=DKIM1; p=", KEY_RSA), KEY_REVOKED);
	assert_int_equal(key_of("p=AAAA", KEY_RSA), KEY_BROKEN);
	assert_int_equal(key_of("p=A", KEY_RSA), KEY_BROKEN);
	assert_int_equal(key_of("v=DKIM1; k=rsa", KEY_RSA), KEY_BROKEN);
	assert_int_equal(key_of("", KEY_RSA), KEY_BROKEN);
	assert_int_equal(key_of("k=rsa; v=DKIM1; p=", KEY_RSA), KEY_BROKEN);
	snprintf(record, sizeof record, "k=ed25519; h=sha1; %s", p);
	assert_int_equal(key_of(record, KEY_EDDSA), KEY_BROKEN);
	snprintf(record, sizeof record, "k=ed25519; h=sha1:sha256; %s", p);
	assert_int_equal(key_of(record, KEY_EDDSA), KEY_GOOD);
	snprintf(record, sizeof record, "k=ed25519; s=tlsrpt; %s", p);
	assert_int_equal(key_of(record, KEY_EDDSA), KEY_BROKEN);
	snprintf(record, sizeof record, "k=ed25519; s=tlsrpt : email; %s", p);
	assert_int_equal(key_of(record, KEY_EDDSA), KEY_GOOD);
}

/* A record with a modulus of so many bytes. */
static enum key_found
key_of_size(size_t bytes, int last, size_t exponent)
{
	struct str der = STR_INIT, record = STR_INIT;
	enum key_found found;
	size_t from;

	for (size_t i = 0; i < bytes; i++)
		str_add_byte(&der, i + 1 < bytes ? 0x7f : (char)last);
	der_wrap(&der, 0, 2);
	from = der.len;
	for (size_t i = 0; i < exponent; i++)
		str_add_byte(&der, 3);
	der_wrap(&der, from, 2);
	der_wrap(&der, 0, 0x30);
	str_add_text(&record, "p=");
	base64_encode(&record, str_span(&der));
	found = key_of(record.at, KEY_RSA);
	str_free(&der);
	str_free(&record);
	return found;
}

static void
keys_that_cost_too_much_are_not_used(void **state)
{
	(void)state;
	assert_int_equal(key_of_size(256, 1, 1), KEY_GOOD);
	assert_int_equal(key_of_size(512, 1, 4), KEY_GOOD);
	assert_int_equal(key_of_size(1024, 1, 3), KEY_GOOD);
	assert_int_equal(key_of_size(64, 1, 1), KEY_WEAK);
	assert_int_equal(key_of_size(2048, 1, 1), KEY_HUGE);
	assert_int_equal(key_of_size(256, 1, 5), KEY_HUGE);
	assert_int_equal(key_of_size(256, 1, 256), KEY_HUGE);
	assert_int_equal(key_of_size(256, 2, 1), KEY_BROKEN);
	assert_int_equal(key_of_size(8192, 1, 1), KEY_BROKEN);
}

static void
assert_body(enum canon c, const char *body, const char *canonical)
{
	struct sha256_ctx sha;
	unsigned char digest[SHA256_DIGEST_SIZE];
	struct body b;

	sha256_init(&sha);
	sha256_update(&sha, strlen(canonical), (const uint8_t *)canonical);
	sha256_digest(&sha, sizeof digest, digest);
	for (size_t piece = 1; piece < 5; piece++) {
		body_init(&b, c);
		assert_true(body_want(&b, UINT64_MAX));
		for (size_t at = 0; at < strlen(body); at += piece)
			body_add(&b,
			    span_head(span_from(span_text(body), at), piece));
		body_end(&b);
		assert_int_equal(b.size, strlen(canonical));
		assert_memory_equal(
		    body_digest(&b, UINT64_MAX), digest, sizeof digest);
	}
}

static void
bodies_have_canonical_forms(void **state)
{
	(void)state;
	assert_body(CANON_SIMPLE, "", "\r\n");
	assert_body(CANON_SIMPLE, "\n\n", "\r\n");
	assert_body(CANON_SIMPLE, "a", "a\r\n");
	assert_body(CANON_SIMPLE, " \n\n", " \r\n");
	assert_body(CANON_SIMPLE, "a\n\nb  c \r\n\n", "a\r\n\r\nb  c \r\n");
	assert_body(CANON_SIMPLE, "a\rb\r", "a\rb\r\r\n");
	assert_body(CANON_RELAXED, "", "");
	assert_body(CANON_RELAXED, " \n\t\n", "");
	assert_body(CANON_RELAXED, "a", "a\r\n");
	assert_body(CANON_RELAXED, " a \t b \n\n \n", " a b\r\n");
	assert_body(CANON_RELAXED, "a\n \nb", "a\r\n\r\nb\r\n");
	assert_body(CANON_RELAXED, "a \r b\n", "a \r b\r\n");
}

static void
fields_have_canonical_forms(void **state)
{
	static const char whole[] = "SubJect \t: a\n\t b  \n";
	struct str out = STR_INIT;

	(void)state;
	canon_field(CANON_SIMPLE, span_text(whole), &out);
	assert_string_equal(out.at, "SubJect \t: a\r\n\t b  \r\n");
	str_clear(&out);
	canon_field(CANON_RELAXED, span_text(whole), &out);
	assert_string_equal(out.at, "subject:a b\r\n");
	str_clear(&out);
	canon_signature(CANON_RELAXED,
	    SPAN("DKIM-Signature: bh=x; b = abc\n  def; d=b\n"), &out);
	assert_string_equal(out.at, "dkim-signature:bh=x; b =; d=b");
	str_clear(&out);
	canon_signature(CANON_SIMPLE, SPAN("A: d=b; b=abc\n"), &out);
	assert_string_equal(out.at, "A: d=b; b=");
	str_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_algorithms_and_all_forms_are_verified),
		cmocka_unit_test(a_change_is_seen),
		cmocka_unit_test(a_part_that_is_not_signed_spoils_it),
		cmocka_unit_test(a_second_from_spoils_it),
		cmocka_unit_test(tags_are_checked),
		cmocka_unit_test(weak_algorithms_are_not_accepted),
		cmocka_unit_test(of_many_signatures_the_first_are_tried),
		cmocka_unit_test(keys_are_read_strictly),
		cmocka_unit_test(keys_that_cost_too_much_are_not_used),
		cmocka_unit_test(bodies_have_canonical_forms),
		cmocka_unit_test(fields_have_canonical_forms),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
