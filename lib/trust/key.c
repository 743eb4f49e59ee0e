#include "trust/key.h"

#include <nettle/eddsa.h>
#include <nettle/rsa.h>
#include <string.h>

#include "base/encode.h"
#include "trust/tags.h"

enum { DER_INTEGER = 2, DER_BITS = 3, DER_SEQUENCE = 0x30 };

void
key_init(struct key *k)
{
	*k = (struct key){ .bytes = STR_INIT };
}

void
key_free(struct key *k)
{
	str_free(&k->bytes);
}

/* The length of a value (X.690 8.1.3); the short form and two bytes do for any
 * key. */
static bool
der_length(struct span *rest, size_t *len_r)
{
	char c;
	unsigned more;

	if (!span_take_byte(rest, &c))
		return false;
	*len_r = (unsigned char)c;
	if (*len_r < 0x80)
		return true;
	more = (unsigned char)c & 0x7f;
	if (more == 0 || more > 2)
		return false;
	*len_r = 0;
	while (more-- > 0) {
		if (!span_take_byte(rest, &c))
			return false;
		*len_r = *len_r << 8 | (unsigned char)c;
	}
	return true;
}

/* Take one value of this type. */
static bool
der_take(struct span *rest, int type, struct span *value_r)
{
	struct span r = *rest;
	size_t len;

	if (!span_take(&r, (char)type) || !der_length(&r, &len) || len > r.len)
		return false;
	*value_r = span_head(r, len);
	*rest = span_from(r, len);
	return true;
}

/* A number above zero, without its leading zeros. */
static bool
der_number(struct span *rest, struct span *number_r)
{
	if (!der_take(rest, DER_INTEGER, number_r) || number_r->len == 0 ||
	    (unsigned char)number_r->at[0] >= 0x80)
		return false;
	while (number_r->len > 0 && number_r->at[0] == 0)
		*number_r = span_from(*number_r, 1);
	return number_r->len > 0;
}

/* RFC 8017 A.1.1: SEQUENCE { modulus, publicExponent }. */
static bool
rsa_numbers(struct span der, struct key *k)
{
	struct span inside;

	return der_take(&der, DER_SEQUENCE, &inside) &&
	    der_number(&inside, &k->modulus) &&
	    der_number(&inside, &k->exponent);
}

/* RFC 5280 4.1: SEQUENCE { algorithm, BIT STRING }, with the key inside. */
static bool
rsa_wrapped(struct span der, struct key *k)
{
	static const struct span rsa_oid = SPAN_INIT(
	    "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01");
	struct span inside, algorithm, bits;

	return der_take(&der, DER_SEQUENCE, &inside) &&
	    der_take(&inside, DER_SEQUENCE, &algorithm) &&
	    span_starts(algorithm, rsa_oid) &&
	    der_take(&inside, DER_BITS, &bits) && span_take(&bits, 0) &&
	    rsa_numbers(bits, k);
}

static unsigned
bits_of(struct span number)
{
	unsigned bits = (unsigned)number.len * 8;

	for (unsigned char top = (unsigned char)number.at[0]; top < 0x80;
	     top = (unsigned char)(top << 1))
		bits--;
	return bits;
}

/* RFC 6376 3.6.1 has the wrapped form; RFC 3279's bare one is in use too. */
static enum key_found
rsa_read(struct key *k)
{
	struct span der = str_span(&k->bytes);

	if ((!rsa_wrapped(der, k) && !rsa_numbers(der, k)) ||
	    k->modulus.len > KEY_BYTES_MAX)
		return KEY_BROKEN;
	k->bits = bits_of(k->modulus);
	if (k->bits < KEY_BITS_MIN)
		return KEY_WEAK;
	if (k->bits > KEY_BITS_MAX || k->exponent.len > KEY_EXPONENT_MAX)
		return KEY_HUGE;
	/* An even modulus is none, and the library could not count with it. */
	return (k->modulus.at[k->modulus.len - 1] & 1) == 1 ? KEY_GOOD
							    : KEY_BROKEN;
}

static bool
list_has(struct span list, const char *word)
{
	struct span each;

	while (word_next(&list, ':', &each))
		if (span_equal(each, span_text(word)))
			return true;
	return false;
}

/* The tags that a key may have besides p=. */
static bool
suits(const struct tags *t, enum key_kind kind, struct key *k)
{
	const char *const names[] = {
		[KEY_RSA] = "rsa", [KEY_EDDSA] = "ed25519"
	};
	struct span value;

	if (tags_find(t, "v", &value) &&
	    (!span_equal(value, SPAN("DKIM1")) ||
		value.at != t->at[0].value.at))
		return false;
	if (!tags_find(t, "k", &value))
		value = SPAN("rsa");
	if (!span_equal(value, span_text(names[kind])))
		return false;
	if (tags_find(t, "h", &value) && !list_has(value, "sha256"))
		return false;
	if (tags_find(t, "s", &value) && !list_has(value, "*") &&
	    !list_has(value, "email"))
		return false;
	if (tags_find(t, "t", &value)) {
		k->strict = list_has(value, "s");
		k->test = list_has(value, "y");
	}
	return true;
}

/* The value of base64 with white space in it. */
static bool
bytes_decode(struct span value, struct str *out)
{
	struct str packed = STR_INIT;
	bool ok;

	for (size_t i = 0; i < value.len; i++)
		if (!byte_is_space(value.at[i]))
			str_add_byte(&packed, value.at[i]);
	ok = base64_decode(out, str_span(&packed));
	str_free(&packed);
	return ok;
}

enum key_found
key_parse(struct span record, enum key_kind kind, struct key *k)
{
	struct tags t;
	struct span value;

	str_clear(&k->bytes);
	*k = (struct key){ .kind = kind, .bytes = k->bytes };
	if (!tags_parse(record, &t) || !tags_find(&t, "p", &value) ||
	    !suits(&t, kind, k))
		return KEY_BROKEN;
	if (value.len == 0)
		return KEY_REVOKED;
	if (!bytes_decode(value, &k->bytes))
		return KEY_BROKEN;
	if (kind == KEY_RSA)
		return rsa_read(k);
	k->bits = KEY_ED25519 * 8;
	return k->bytes.len == KEY_ED25519 ? KEY_GOOD : KEY_BROKEN;
}

static void
number_set(mpz_t n, struct span bytes)
{
	nettle_mpz_set_str_256_u(n, bytes.len, (const unsigned char *)bytes.at);
}

static bool
rsa_verify(const struct key *k, const unsigned char digest[KEY_DIGEST],
    struct span signature)
{
	struct rsa_public_key rsa;
	mpz_t number;
	bool ok;

	/* RFC 8017 8.2.2: it is as long as the modulus. */
	if (signature.len != k->modulus.len)
		return false;
	nettle_rsa_public_key_init(&rsa);
	mpz_init(number);
	number_set(rsa.n, k->modulus);
	number_set(rsa.e, k->exponent);
	number_set(number, signature);
	ok = nettle_rsa_public_key_prepare(&rsa) == 1 &&
	    nettle_rsa_sha256_verify_digest(&rsa, digest, number) == 1;
	mpz_clear(number);
	nettle_rsa_public_key_clear(&rsa);
	return ok;
}

bool
key_verify(const struct key *k, const unsigned char digest[KEY_DIGEST],
    struct span signature)
{
	if (k->kind == KEY_RSA)
		return rsa_verify(k, digest, signature);
	/* RFC 8463 3: the digest is what PureEdDSA signs. */
	return signature.len == ED25519_SIGNATURE_SIZE &&
	    nettle_ed25519_sha512_verify((const unsigned char *)k->bytes.at,
		KEY_DIGEST, digest, (const unsigned char *)signature.at) == 1;
}
