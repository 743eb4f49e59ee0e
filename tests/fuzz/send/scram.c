/* What a host says in SCRAM: its challenge, and behind an LF its last word; as
 * they stand on the wire, and as what base64 holds. */
#include <stdlib.h>

#include "../../../bin/send/scram.h"
#include "base/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROUNDS = 8 }; /* more is only slow */

static const char nonce[] = "abc";

static bool
is_one_clean_line(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (byte_is_control(s.at[i]) || (unsigned char)s.at[i] > 126)
			return false;
	return s.len > 0;
}

/* The answer is one: it binds, goes on from our nonce, and has a proof. */
static void
answer_check(struct span base64)
{
	struct str text = STR_INIT, proof = STR_INIT;
	struct span rest, word;

	if (!base64_decode(&text, base64))
		abort();
	rest = str_span(&text);
	if (!span_take_text(&rest, SPAN("c=biws,r=abc")) ||
	    !span_until(&rest, ',', &word) || word.len == 0 ||
	    !span_take_text(&rest, SPAN(",p=")) ||
	    !base64_decode(&proof, rest) || proof.len != SCRAM_KEY)
		abort();
	str_free(&text);
	str_free(&proof);
}

static void
talk(struct span challenge, struct span last)
{
	struct str first = STR_INIT, final = STR_INIT;
	struct scram s;

	scram_begin(
	    &s, SPAN("ann"), span_text(nonce), SCRAM_UNBOUND, SPAN(""), &first);
	s.rounds_max = ROUNDS;
	if (!scram_answer(&s, challenge, SPAN("secret"), &final)) {
		if (final.len > 0 || !is_one_clean_line(str_span(&s.why)))
			abort();
	} else {
		answer_check(str_span(&final));
		/* Nobody guesses the password's signature. */
		if (scram_verify(&s, last) ||
		    !is_one_clean_line(str_span(&s.why)))
			abort();
	}
	scram_free(&s);
	str_free(&first);
	str_free(&final);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span last = { (const char *)data, size }, challenge;
	struct str encoded[2] = { STR_INIT, STR_INIT };

	if (!span_line(&last, &challenge))
		return 0;
	talk(challenge, last);
	base64_encode(&encoded[0], challenge);
	base64_encode(&encoded[1], last);
	talk(str_span(&encoded[0]), str_span(&encoded[1]));
	str_free(&encoded[0]);
	str_free(&encoded[1]);
	return 0;
}
