/* A key's record may be anything; what is taken can be counted with. */
#include <stdlib.h>
#include <string.h>

#include "trust/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned char digest[KEY_DIGEST];
	struct span text = { (const char *)data, size };
	char signature[KEY_BITS_MAX / 8] = { 1 };
	struct key k;

	key_init(&k);
	for (int kind = KEY_RSA; kind <= KEY_EDDSA; kind++) {
		if (key_parse(text, (enum key_kind)kind, &k) != KEY_GOOD)
			continue;
		if (k.bits != 256 &&
		    (kind == KEY_EDDSA || k.bits < KEY_BITS_MIN ||
			k.bits > KEY_BITS_MAX))
			abort();
		if (key_verify(&k, digest,
			(struct span){
			    signature, kind == KEY_RSA ? k.modulus.len : 64 }))
			abort();
	}
	key_free(&k);
	return 0;
}
