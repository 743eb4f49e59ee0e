#include <sodium/crypto_hash_sha256.h>

#include "base/encode.h"
#include "store/name.h"

enum { MARK_BYTES = 4 };

void
name_mark(struct str *out, struct span recipient)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	struct str lower = STR_INIT;

	str_add(&lower, recipient);
	str_lower(&lower, 0);
	crypto_hash_sha256(hash, (const unsigned char *)lower.at, lower.len);
	str_free(&lower);
	str_add_byte(out, 'r');
	hex_encode(out, (struct span){ (const char *)hash, MARK_BYTES });
}
