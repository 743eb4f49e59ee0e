/* Signs messages, for tests of what verifies them. */
#ifndef TRUST_SIGN_H
#define TRUST_SIGN_H

#include <nettle/eddsa.h>
#include <nettle/knuth-lfib.h>
#include <nettle/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "trust/canon.h"
#include "trust/fields.h"
#include "trust/key.h"
#include "trust/tags.h"

struct signer {
	enum key_kind kind;
	struct rsa_public_key public;
	struct rsa_private_key private;
	unsigned char seed[ED25519_KEY_SIZE], point[ED25519_KEY_SIZE];
};

/* The same key each time: nothing is secret here. */
static inline void
signer_init(struct signer *s, enum key_kind kind, unsigned bits)
{
	struct knuth_lfib_ctx random;

	*s = (struct signer){ .kind = kind };
	knuth_lfib_init(&random, 4711 + bits);
	if (kind == KEY_EDDSA) {
		knuth_lfib_random(&random, sizeof s->seed, s->seed);
		ed25519_sha512_public_key(s->point, s->seed);
		return;
	}
	rsa_public_key_init(&s->public);
	rsa_private_key_init(&s->private);
	mpz_set_ui(s->public.e, 65537);
	if (rsa_generate_keypair(&s->public, &s->private, &random,
		(nettle_random_func *)knuth_lfib_random, NULL, NULL, bits,
		0) != 1)
		abort();
}

static inline void
signer_free(struct signer *s)
{
	if (s->kind == KEY_RSA) {
		rsa_public_key_clear(&s->public);
		rsa_private_key_clear(&s->private);
	}
}

/* One DER value around what the string has from this offset on. */
static inline void
der_wrap(struct str *der, size_t from, int type)
{
	struct str inside = STR_INIT;

	str_set(&inside, span_from(str_span(der), from));
	str_cut(der, from);
	str_add_byte(der, (char)type);
	if (inside.len >= 0x80) {
		str_add_byte(der, (char)0x82);
		str_add_byte(der, (char)(inside.len >> 8));
	}
	str_add_byte(der, (char)inside.len);
	str_add(der, str_span(&inside));
	str_free(&inside);
}

static inline void
der_number_put(struct str *der, const mpz_t n)
{
	size_t from = der->len, len = nettle_mpz_sizeinbase_256_s(n);
	unsigned char *bytes = mem_new(len);

	nettle_mpz_get_str_256(len, bytes, n);
	str_add(der, (struct span){ (const char *)bytes, len });
	free(bytes);
	der_wrap(der, from, 2);
}

/* Append the key's record. */
static inline void
signer_record(const struct signer *s, struct str *out)
{
	struct str der = STR_INIT;

	if (s->kind == KEY_EDDSA) {
		str_add_text(out, "v=DKIM1; k=ed25519; p=");
		base64_encode(out,
		    (struct span){ (const char *)s->point, sizeof s->point });
		return;
	}
	str_add_text(out, "v=DKIM1; k=rsa; p=");
	der_number_put(&der, s->public.n);
	der_number_put(&der, s->public.e);
	der_wrap(&der, 0, 0x30);
	base64_encode(out, str_span(&der));
	str_free(&der);
}

/* Append the signature of these bytes, in base64. */
static inline void
signer_sign(const struct signer *s, struct span bytes, struct str *out)
{
	unsigned char digest[SHA256_DIGEST_SIZE], raw[4096];
	struct sha256_ctx sha;
	size_t len = ED25519_SIGNATURE_SIZE;
	mpz_t number;

	sha256_init(&sha);
	sha256_update(&sha, bytes.len, (const unsigned char *)bytes.at);
	sha256_digest(&sha, sizeof digest, digest);
	if (s->kind == KEY_EDDSA)
		ed25519_sha512_sign(
		    s->point, s->seed, sizeof digest, digest, raw);
	else {
		len = s->public.size;
		mpz_init(number);
		if (rsa_sha256_sign_digest(&s->private, digest, number) != 1)
			abort();
		nettle_mpz_get_str_256(len, raw, number);
		mpz_clear(number);
	}
	base64_encode(out, (struct span){ (const char *)raw, len });
}

static inline enum canon
canon_of(struct span c, bool of_body)
{
	struct span header = c;

	if (span_until(&c, '/', &header))
		c = span_from(c, 1);
	else
		c = SPAN("simple");
	return span_equal(of_body ? c : header, SPAN("relaxed")) ? CANON_RELAXED
								 : CANON_SIMPLE;
}

static inline void
field_begin(
    const struct signer *s, const char *name, const char *tags, struct str *out)
{
	str_setf(out, "%s: %s; a=%s", name, tags,
	    s->kind == KEY_EDDSA ? "ed25519-sha256" : "rsa-sha256");
}

/* Replace *message by the same with a signature on top: name is its field's, tags
 * are all but a=, bh= and b=. */
static inline void
message_sign(const struct signer *s, const char *name, const char *tags,
    struct str *message)
{
	struct str field = STR_INIT, bytes = STR_INIT;
	struct span c = SPAN("simple/simple"), h = SPAN(""), l, word;
	uint64_t length = UINT64_MAX;
	struct tags list;
	struct fields f;
	struct body b;

	if (!tags_parse(span_text(tags), &list))
		abort();
	tags_find(&list, "c", &c);
	tags_find(&list, "h", &h);
	if (tags_find(&list, "l", &l))
		span_is_number(l, UINT64_MAX, &length);
	fields_read(&f, str_span(message));
	body_init(&b, canon_of(c, true));
	body_want(&b, length);
	body_add(&b, f.body);
	body_end(&b);
	field_begin(s, name, tags, &field);
	str_add_text(&field, "; bh=");
	base64_encode(&field,
	    (struct span){ (const char *)body_digest(&b, length), KEY_DIGEST });
	str_add_text(&field, "; b=");
	fields_restart(&f);
	while (h.at != NULL && word_next(&h, ':', &word)) {
		const struct header_field *each = fields_take(&f, word, NULL);

		if (each != NULL)
			canon_field(canon_of(c, false), each->whole, &bytes);
	}
	canon_signature(canon_of(c, false), str_span(&field), &bytes);
	signer_sign(s, str_span(&bytes), &field);
	str_add_byte(&field, '\n');
	str_add(&field, str_span(message));
	str_set(message, str_span(&field));
	fields_free(&f);
	str_free(&field);
	str_free(&bytes);
}

/* Replace *message by the same with the set number i of ARC on top. */
static inline void
message_seal(const struct signer *s, unsigned i, const char *cv,
    const char *domain, const char *found, struct str *message)
{
	struct str text = STR_INIT, bytes = STR_INIT, field = STR_INIT;
	const struct header_field *at[51][3] = { { NULL } };
	static const char *const names[] = { "ARC-Authentication-Results",
		"ARC-Message-Signature", "ARC-Seal" };
	struct fields f;

	str_setf(&text, "i=%u; d=%s; s=a; c=relaxed/relaxed; h=from:subject", i,
	    domain);
	message_sign(s, names[1], text.at, message);
	str_setf(&text, "%s: i=%u; %s\n", names[0], i, found);
	str_add(&text, str_span(message));
	str_set(message, str_span(&text));
	fields_read(&f, str_span(message));
	for (size_t k = 0; k < f.count; k++)
		for (size_t n = 0; n < COUNT(names); n++) {
			struct span value = f.at[k].is.value;
			size_t eq = span_find_case(value, SPAN("i="));
			uint64_t number;

			value = span_from(value, eq + 2);
			if (header_is(&f.at[k].is, names[n]) &&
			    span_number(&value, 50, &number))
				at[number][n] = &f.at[k].is;
		}
	for (unsigned k = 1; k <= i; k++)
		for (size_t n = 0; n < COUNT(names); n++)
			if (at[k][n] != NULL)
				canon_field(
				    CANON_RELAXED, at[k][n]->whole, &bytes);
	str_setf(&text, "i=%u; cv=%s; d=%s; s=a", i, cv, domain);
	field_begin(s, names[2], text.at, &field);
	str_add_text(&field, "; b=");
	canon_signature(CANON_RELAXED, str_span(&field), &bytes);
	signer_sign(s, str_span(&bytes), &field);
	str_add_byte(&field, '\n');
	str_add(&field, str_span(message));
	str_set(message, str_span(&field));
	fields_free(&f);
	str_free(&text);
	str_free(&bytes);
	str_free(&field);
}

/* What must be there becomes something else. */
static inline void
message_replace(struct str *m, const char *what, const char *with)
{
	size_t at = span_find_case(str_span(m), span_text(what));
	struct str out = STR_INIT;

	if (at == m->len)
		abort();
	str_add(&out, span_head(str_span(m), at));
	str_add_text(&out, with);
	str_add(&out, span_from(str_span(m), at + strlen(what)));
	str_free(m);
	*m = out;
}

#endif
