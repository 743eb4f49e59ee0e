#include "scram.h"

#include <sodium/utils.h>
#include <string.h>

#include "base/encode.h"

enum { ERROR_MAX = 64 }; /* bytes of a host's "e=" that are repeated */

/* RFC 5802 5.1: encode "=" and ",". Name and password are used unchanged, which
 * equals SASLprep at least for ASCII. */
static void
name_encode(struct str *out, struct span name)
{
	for (char c; span_take_byte(&name, &c);)
		if (c == '=')
			str_add_text(out, "=3D");
		else if (c == ',')
			str_add_text(out, "=2C");
		else
			str_add_byte(out, c);
}

void
scram_begin(struct scram *s, struct span user, struct span nonce,
    enum scram_binding binding, struct span channel, struct str *first)
{
	static const char *const headers[] = { [SCRAM_UNBOUND] = "n,,",
		[SCRAM_UNOFFERED] = "y,,",
		[SCRAM_BOUND] = "p=tls-exporter,," };
	struct str message = STR_INIT;

	*s = (struct scram){ .rounds_max = SCRAM_ROUNDS_MAX,
		.gs2 = STR_INIT,
		.bare = STR_INIT,
		.nonce = STR_INIT,
		.why = STR_INIT };
	str_set(&s->nonce, nonce);
	str_add_text(&s->bare, "n=");
	name_encode(&s->bare, user);
	str_add_text(&s->bare, ",r=");
	str_add(&s->bare, nonce);
	str_add_text(&s->gs2, headers[binding]);
	str_add(&message, str_span(&s->gs2));
	str_add(&message, str_span(&s->bare));
	base64_encode(first, str_span(&message));
	str_free(&message);
	str_add(&s->gs2, channel);
}

void
scram_free(struct scram *s)
{
	str_wipe(&s->gs2);
	str_wipe(&s->bare);
	str_wipe(&s->nonce);
	str_free(&s->why);
	sodium_memzero(s->signature, sizeof s->signature);
}

static bool
wrong(struct scram *s, const char *why)
{
	str_setf(&s->why, "%s", why);
	return false;
}

/* RFC 5802 7: server-error-value, words of letters and hyphens. */
static bool
error_take(struct scram *s, struct span message)
{
	if (!span_take_text(&message, SPAN("e=")))
		return false;
	message = span_head(message, span_find(message, ','));
	for (size_t i = 0; i < message.len; i++)
		if (!byte_is_alpha(message.at[i]) && message.at[i] != '-')
			message.len = i;
	message = span_head(message, ERROR_MAX);
	str_setf(
	    &s->why, "the host aborted: %.*s", (int)message.len, message.at);
	return true;
}

/* Take everything up to the comma, and the comma. */
static bool
part_take(struct span *rest, const char *name, struct span *part_r)
{
	return span_take_text(rest, span_text(name)) &&
	    span_until(rest, ',', part_r) && span_take(rest, ',');
}

static bool
salt_take(struct scram_keys *k, struct span text)
{
	struct str salt = STR_INIT;
	bool ok = base64_decode(&salt, text) && salt.len > 0 &&
	    salt.len <= SCRAM_SALT_MAX;

	if (ok) {
		memcpy(k->salt, salt.at, salt.len);
		k->salt_len = salt.len;
	}
	str_free(&salt);
	return ok;
}

/* server-first-message. An extension that must not be ignored ("m=") would
 * precede the nonce, and so is invalid here. */
static bool
first_parse(struct scram *s, struct span message, struct span *nonce_r,
    struct scram_keys *k)
{
	struct span salt;
	uint64_t rounds;

	if (error_take(s, message))
		return false;
	if (!part_take(&message, "r=", nonce_r) ||
	    !part_take(&message, "s=", &salt) || !salt_take(k, salt) ||
	    !span_take_text(&message, SPAN("i=")) ||
	    !span_number(&message, INT64_MAX, &rounds) || rounds == 0 ||
	    (message.len > 0 && message.at[0] != ','))
		return wrong(s, "the host's challenge is not SCRAM");
	/* RFC 5802 5.1: the client MUST check that it is its own, continued;
	 * else this is an answer to somebody else. */
	if (!span_starts(*nonce_r, str_span(&s->nonce)) ||
	    nonce_r->len == s->nonce.len)
		return wrong(s, "the host's nonce does not begin with ours");
	/* RFC 5802 9: a host could make us hash for hours. A small number is no
	 * greater risk than a host that may ask for the password. */
	if (rounds > s->rounds_max) {
		str_setf(&s->why,
		    "the host wants %llu rounds of hashing, and %llu are "
		    "allowed",
		    (unsigned long long)rounds,
		    (unsigned long long)s->rounds_max);
		return false;
	}
	k->iterations = (uint32_t)rounds;
	return true;
}

/* Append client-final-message, from its part without the proof. */
static void
final_make(struct scram *s, struct scram_keys *k, struct span server_first,
    struct span password, struct str *final)
{
	unsigned char proof[SCRAM_KEY];
	struct str message = STR_INIT;

	str_add(&message, str_span(&s->bare));
	str_add_byte(&message, ',');
	str_add(&message, server_first);
	str_add_byte(&message, ',');
	str_add(&message, str_span(final));
	scram_prove(password, k, str_span(&message), proof);
	scram_signature(k, str_span(&message), s->signature);
	str_add_text(final, ",p=");
	base64_encode(final, (struct span){ (char *)proof, SCRAM_KEY });
	str_wipe(&message);
}

bool
scram_answer(struct scram *s, struct span challenge, struct span password,
    struct str *final)
{
	struct str message = STR_INIT, answer = STR_INIT;
	struct scram_keys k = { 0 };
	struct span nonce;
	bool ok = base64_decode(&message, challenge)
	    ? first_parse(s, str_span(&message), &nonce, &k)
	    : wrong(s, "the host's challenge is not base64");

	if (ok) {
		str_add_text(&answer, "c=");
		base64_encode(&answer, str_span(&s->gs2));
		str_add_text(&answer, ",r=");
		str_add(&answer, nonce);
		final_make(s, &k, str_span(&message), password, &answer);
		base64_encode(final, str_span(&answer));
	}
	sodium_memzero(&k, sizeof k);
	str_wipe(&message);
	str_wipe(&answer);
	return ok;
}

/* server-final-message: "v=" and base64; extensions may follow. */
static bool
signature_fits(struct scram *s, struct span message)
{
	struct str said = STR_INIT;
	bool fits;

	if (error_take(s, message))
		return false;
	if (!span_take_text(&message, SPAN("v=")))
		return wrong(s, "the host's final message is not SCRAM");
	fits = base64_decode(
		   &said, span_head(message, span_find(message, ','))) &&
	    said.len == SCRAM_KEY &&
	    sodium_memcmp(said.at, s->signature, SCRAM_KEY) == 0;
	str_free(&said);
	return fits ||
	    wrong(s,
		"the host does not know the password: it is not what it "
		"claims to be, or the password is wrong");
}

bool
scram_verify(struct scram *s, struct span challenge)
{
	struct str message = STR_INIT;
	bool ok = base64_decode(&message, challenge)
	    ? signature_fits(s, str_span(&message))
	    : wrong(s, "the host's final message is not base64");

	str_free(&message);
	return ok;
}
