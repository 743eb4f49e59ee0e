#include "users/scram.h"

#include <sodium/crypto_auth_hmacsha256.h>
#include <sodium/crypto_hash_sha256.h>
#include <sodium/utils.h>
#include <string.h>

#include "base/encode.h"

enum { ITERATIONS_MAX = 10000000 };

static struct span
bytes(const unsigned char *at, size_t len)
{
	return (struct span){ (const char *)at, len };
}

void
scram_hmac(struct span key, struct span data, unsigned char mac_r[SCRAM_KEY])
{
	crypto_auth_hmacsha256_state s;

	crypto_auth_hmacsha256_init(&s, (const unsigned char *)key.at, key.len);
	crypto_auth_hmacsha256_update(
	    &s, (const unsigned char *)data.at, data.len);
	crypto_auth_hmacsha256_final(&s, mac_r);
	sodium_memzero(&s, sizeof s);
}

/* RFC 5802 2.2: Hi(), which is PBKDF2 with one block of output. The keyed state
 * is computed once and copied, which halves the work. */
static void
salted_password(struct span password, const struct scram_keys *k,
    unsigned char out_r[SCRAM_KEY])
{
	static const unsigned char first[] = { 0, 0, 0, 1 };
	crypto_auth_hmacsha256_state keyed, s;
	unsigned char u[SCRAM_KEY];

	crypto_auth_hmacsha256_init(
	    &keyed, (const unsigned char *)password.at, password.len);
	s = keyed;
	crypto_auth_hmacsha256_update(&s, k->salt, k->salt_len);
	crypto_auth_hmacsha256_update(&s, first, sizeof first);
	crypto_auth_hmacsha256_final(&s, u);
	memcpy(out_r, u, SCRAM_KEY);
	for (uint32_t i = 1; i < k->iterations; i++) {
		s = keyed;
		crypto_auth_hmacsha256_update(&s, u, sizeof u);
		crypto_auth_hmacsha256_final(&s, u);
		for (size_t b = 0; b < SCRAM_KEY; b++)
			out_r[b] ^= u[b];
	}
	sodium_memzero(&keyed, sizeof keyed);
	sodium_memzero(&s, sizeof s);
	sodium_memzero(u, sizeof u);
}

/* RFC 5802 3: all three keys. */
static void
derive(struct span password, struct scram_keys *k,
    unsigned char client_r[SCRAM_KEY])
{
	unsigned char salted[SCRAM_KEY];

	salted_password(password, k, salted);
	scram_hmac(bytes(salted, SCRAM_KEY), SPAN("Client Key"), client_r);
	crypto_hash_sha256(k->stored, client_r, SCRAM_KEY);
	scram_hmac(bytes(salted, SCRAM_KEY), SPAN("Server Key"), k->server);
	sodium_memzero(salted, sizeof salted);
}

void
scram_derive(struct span password, struct scram_keys *k)
{
	unsigned char client[SCRAM_KEY];

	derive(password, k, client);
	sodium_memzero(client, sizeof client);
}

void
scram_prove(struct span password, struct scram_keys *k,
    struct span auth_message, unsigned char proof_r[SCRAM_KEY])
{
	unsigned char client[SCRAM_KEY];

	derive(password, k, client);
	scram_hmac(bytes(k->stored, SCRAM_KEY), auth_message, proof_r);
	for (size_t i = 0; i < SCRAM_KEY; i++)
		proof_r[i] ^= client[i];
	sodium_memzero(client, sizeof client);
}

void
scram_write(const struct scram_keys *k, struct str *record)
{
	str_add_number(record, k->iterations);
	str_add_byte(record, ',');
	base64_encode(record, bytes(k->salt, k->salt_len));
	str_add_byte(record, ',');
	base64_encode(record, bytes(k->stored, SCRAM_KEY));
	str_add_byte(record, ',');
	base64_encode(record, bytes(k->server, SCRAM_KEY));
}

/* Decode base64 of least to most bytes. */
static bool
part_take(
    struct span part, size_t least, size_t most, unsigned char *at, size_t *n_r)
{
	struct str raw = STR_INIT;
	bool ok = base64_decode(&raw, part) && raw.len >= least &&
	    raw.len <= most;

	if (ok) {
		memcpy(at, raw.at, raw.len);
		*n_r = raw.len;
	}
	str_wipe(&raw);
	return ok;
}

bool
scram_parse(struct span record, struct scram_keys *k_r)
{
	struct span salt, stored;
	uint64_t n;
	size_t len;

	if (!span_number(&record, ITERATIONS_MAX, &n) || n == 0 ||
	    !span_take(&record, ',') || !span_until(&record, ',', &salt) ||
	    !span_take(&record, ',') || !span_until(&record, ',', &stored) ||
	    !span_take(&record, ','))
		return false;
	k_r->iterations = (uint32_t)n;
	return part_take(salt, 1, SCRAM_SALT_MAX, k_r->salt, &k_r->salt_len) &&
	    part_take(stored, SCRAM_KEY, SCRAM_KEY, k_r->stored, &len) &&
	    part_take(record, SCRAM_KEY, SCRAM_KEY, k_r->server, &len);
}

bool
scram_check(struct span password, const struct scram_keys *k)
{
	struct scram_keys again = *k;
	bool same;

	scram_derive(password, &again);
	same = sodium_memcmp(again.stored, k->stored, SCRAM_KEY) == 0;
	sodium_memzero(&again, sizeof again);
	return same;
}

bool
scram_proof_fits(
    const struct scram_keys *k, struct span auth_message, struct span proof)
{
	unsigned char signature[SCRAM_KEY], hash[SCRAM_KEY];

	if (proof.len != SCRAM_KEY)
		return false;
	scram_hmac(bytes(k->stored, SCRAM_KEY), auth_message, signature);
	for (size_t i = 0; i < SCRAM_KEY; i++)
		signature[i] ^= (unsigned char)proof.at[i]; /* ClientKey */
	crypto_hash_sha256(hash, signature, SCRAM_KEY);
	return sodium_memcmp(hash, k->stored, SCRAM_KEY) == 0;
}

void
scram_signature(const struct scram_keys *k, struct span auth_message,
    unsigned char signature_r[SCRAM_KEY])
{
	scram_hmac(bytes(k->server, SCRAM_KEY), auth_message, signature_r);
}
