#include "users/password_salted.h"

/* SHA-1 by its own functions: they are a small part of libcrypto, and the
 * one-shot call would link and initialise all of it. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/crypto_hash_sha512.h>
#include <sodium/crypto_pwhash.h>
#include <sodium/utils.h>

#include "base/encode.h"

enum {
	DIGEST_MAX = 64,
	SALT_MAX = 64,
	ARGON2_KIB_MAX = 256 << 10,
	ARGON2_WORK_MAX = 1 << 20, /* KiB times passes */
	ARGON2_LANES_MAX = 16,
};

static const struct digest {
	const char *prefix;
	size_t len;
} digests[] = { { "{SSHA}", 20 }, { "{SSHA256}", 32 }, { "{SSHA512}", 64 } };

static const struct digest *
digest_find(struct span *hash)
{
	for (size_t i = 0; i < COUNT(digests); i++)
		if (span_take_text(hash, span_text(digests[i].prefix)))
			return &digests[i];
	return NULL;
}

static void
digest_make(const struct digest *d, struct span password, struct span salt,
    unsigned char out_r[DIGEST_MAX])
{
	struct str text = STR_INIT;
	const unsigned char *at;

	str_add(&text, password);
	str_add(&text, salt);
	at = (const unsigned char *)text.at;
	if (d->len == 32) {
		crypto_hash_sha256(out_r, at, text.len);
	} else if (d->len == 64) {
		crypto_hash_sha512(out_r, at, text.len);
	} else {
		SHA_CTX sha;

		SHA1_Init(&sha);
		SHA1_Update(&sha, at, text.len);
		SHA1_Final(out_r, &sha);
		sodium_memzero(&sha, sizeof sha);
	}
	str_wipe(&text);
}

/* Decode the bytes of digest and salt. */
static const struct digest *
salted_read(struct span hash, struct str *bytes)
{
	const struct digest *d = digest_find(&hash);

	return d != NULL && base64_decode(bytes, hash) && bytes->len > d->len &&
		bytes->len <= d->len + SALT_MAX
	    ? d
	    : NULL;
}

bool
salted_known(struct span hash)
{
	struct str bytes = STR_INIT;
	bool known = salted_read(hash, &bytes) != NULL;

	str_wipe(&bytes);
	return known;
}

bool
salted_check(struct span password, struct span hash)
{
	struct str bytes = STR_INIT;
	const struct digest *d = salted_read(hash, &bytes);
	unsigned char made[DIGEST_MAX];
	bool same = false;

	if (d != NULL) {
		digest_make(
		    d, password, span_from(str_span(&bytes), d->len), made);
		same = sodium_memcmp(made, bytes.at, d->len) == 0;
		sodium_memzero(made, sizeof made);
	}
	str_wipe(&bytes);
	return same;
}

bool
argon2_known(struct span hash)
{
	uint64_t kib, passes, lanes;

	if (hash.len >= crypto_pwhash_STRBYTES ||
	    span_find(hash, '\0') < hash.len)
		return false;
	if (!span_take_text(&hash, SPAN("$argon2id$")) &&
	    !span_take_text(&hash, SPAN("$argon2i$")))
		return false;
	return span_take_text(&hash, SPAN("v=19$m=")) &&
	    span_number(&hash, ARGON2_KIB_MAX, &kib) &&
	    span_take_text(&hash, SPAN(",t=")) &&
	    span_number(&hash, ARGON2_WORK_MAX, &passes) &&
	    span_take_text(&hash, SPAN(",p=")) &&
	    span_number(&hash, ARGON2_LANES_MAX, &lanes) &&
	    span_take(&hash, '$') && lanes > 0 && passes > 0 &&
	    kib >= 8 * lanes && kib * passes <= ARGON2_WORK_MAX &&
	    span_find(hash, '$') > 0 && span_find(hash, '$') < hash.len;
}

bool
argon2_check(struct span password, const char *hash)
{
	return crypto_pwhash_str_verify(hash, password.at, password.len) == 0;
}
