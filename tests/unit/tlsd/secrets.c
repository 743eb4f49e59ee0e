#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <malloc.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../bin/tlsd/secrets.h"
#include "base/str.h"
#include "os/sandbox.h"

static const char number[] = "0123456789abcdef0123456789abcdef";

static void
numbers_of_a_key_are_found(void **state)
{
	struct span der = SPAN("\x30\x2c\x02\x01\x01" /* a version */
			       "\x04\x20"
			       "0123456789abcdef0123456789abcdef"
			       "\xa0\x05\x06\x03\x2b\x65\x70"),
		    found;

	(void)state;
	assert_true(secrets_next(&der, &found));
	assert_true(span_equal(found, span_text(number)));
	assert_false(secrets_next(&der, &found));
}

static void
a_number_within_strings_is_found(void **state)
{
	struct span der = SPAN("\x30\x29\x02\x01\x00\x04\x24\x04\x22\x02\x20"
			       "0123456789abcdef0123456789abcdef"),
		    found;

	(void)state;
	while (secrets_next(&der, &found))
		if (span_equal(found, span_text(number)))
			return;
	fail();
}

static void
what_is_cut_ends_it(void **state)
{
	static const struct span bad[] = { SPAN_INIT(""), SPAN_INIT("\x02"),
		SPAN_INIT("\x02\x85\x01\x01\x01\x01\x01"),
		SPAN_INIT("\x04\x20x"), SPAN_INIT("\x02\xff"),
		SPAN_INIT("\x30\x80\x02\x21") };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct span der = bad[i], found;

		assert_false(secrets_next(&der, &found));
	}
}

/* A key's PEM, and where the library keeps it. */
static EVP_PKEY *
key_new(struct str *pem_r)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	BIO *b = BIO_new(BIO_s_mem());
	char *at;
	long len;

	PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(b, &at);
	str_set(pem_r, (struct span){ at, (size_t)len });
	BIO_free(b);
	return key;
}

/* How often the key's number lies on the heap as it is computed with. */
static size_t
times_there(const EVP_PKEY *key)
{
	static unsigned char bytes[32];
	char *end = sbrk(0), *at = end - mallinfo2().arena;
	BIGNUM *d = NULL;
	size_t count = 0;

	if (bytes[0] == 0 && bytes[31] == 0) {
		EVP_PKEY_get_bn_param(key, "priv", &d);
		BN_bn2lebinpad(d, bytes, sizeof bytes);
		BN_clear_free(d);
	}
	while ((at = memmem(at, (size_t)(end - at), bytes, sizeof bytes)) !=
	    NULL) {
		count++;
		at++;
	}
	return count;
}

static void
a_wiped_key_is_gone(void **state)
{
	struct secrets s = { .count = 0 };
	struct str pem = STR_INIT;
	EVP_PKEY *key;

	(void)state;
	if (SANDBOX_SANITIZED) /* another allocator */
		return;
	key = key_new(&pem);
	secrets_keep(&s, str_span(&pem), (struct span){ NULL, 0 });
	secrets_note(&s);
	assert_true(times_there(key) > 0);
	secrets_wipe(&s);
	assert_int_equal(times_there(key), 0);
	secrets_free(&s);
	EVP_PKEY_free(key);
	str_free(&pem);
}

static void
what_took_its_place_stays(void **state)
{
	static const char text[] = "nothing secret, but still in use";
	struct secrets s = { .count = 0 };
	struct str pem = STR_INIT;
	EVP_PKEY *key;
	char *place;

	(void)state;
	if (SANDBOX_SANITIZED) /* another allocator */
		return;
	key = key_new(&pem);
	secrets_keep(&s, str_span(&pem), (struct span){ NULL, 0 });
	secrets_note(&s);
	assert_true(s.count > 0);
	place = s.places[0].at;
	memcpy(place, text, 32);
	secrets_wipe(&s);
	assert_memory_equal(place, text, 32);
	secrets_free(&s);
	(void)key; /* is damaged, and can't be freed */
	str_free(&pem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_a_key_are_found),
		cmocka_unit_test(a_number_within_strings_is_found),
		cmocka_unit_test(what_is_cut_ends_it),
		cmocka_unit_test(a_wiped_key_is_gone),
		cmocka_unit_test(what_took_its_place_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
