/* Apart from id.c, so that only programs that derive ids link the hash. */
#include <sodium/crypto_hash_sha256.h>

#include "base/id.h"

struct id
id_derive(struct span id, struct span purpose)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	int64_t birth = id_birth_ms(id);

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, (const unsigned char *)id.at, id.len);
	crypto_hash_sha256_update(&state, (const unsigned char *)"", 1);
	crypto_hash_sha256_update(
	    &state, (const unsigned char *)purpose.at, purpose.len);
	crypto_hash_sha256_final(&state, hash);
	return id_make(birth < 0 ? 0 : birth, hash);
}
