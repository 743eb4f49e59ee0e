#include <stdlib.h>
#include <string.h>

#include "users/sasl.h"
#include "users/scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
first(struct span in)
{
	struct sasl_first f;

	sasl_first_init(&f);
	if (sasl_first_parse(in, &f) &&
	    (f.gs2.len + f.bare.len != in.len || f.user.len == 0 ||
		f.nonce.len == 0 ||
		memchr(f.user.at, '\0', f.user.len) != NULL))
		abort();
	sasl_first_free(&f);
}

static void
final(struct span in)
{
	struct sasl_final f;

	if (sasl_final_parse(in, &f) &&
	    f.without_proof.len + strlen(",p=") + f.proof.len != in.len)
		abort();
}

/* Keys that were read are written as they stood. */
static void
keys(struct span in)
{
	struct str text = STR_INIT;
	struct scram_keys k, again;

	if (scram_parse(in, &k)) {
		scram_write(&k, &text);
		if (!scram_parse(str_span(&text), &again) ||
		    memcmp(k.stored, again.stored, SCRAM_KEY) != 0)
			abort();
	}
	str_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { (const char *)data, size };
	struct sasl_plain p;

	if (sasl_plain_parse(in, &p) &&
	    p.authzid.len + p.authcid.len + p.password.len + 2 != size)
		abort();
	first(in);
	final(in);
	keys(in);
	return 0;
}
