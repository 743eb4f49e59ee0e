/* SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side (RFC 5802, RFC 7677).
 */
#include <sodium/utils.h>
#include <string.h>
#include <sys/random.h>

#include "account.h"
#include "base/encode.h"
#include "session.h"
#include "users/password.h"
#include "users/sasl.h"
#include "users/scram.h"

enum { NONCE_BYTES = 18 };

struct exchange {
	struct str first_text; /* client-first-message; first points into it */
	struct sasl_first first;
	struct str nonce; /* the client's and ours */
	struct str server_first;
	struct scram_keys keys;
	bool real; /* keys are the account's */
};

/* Keys for users without any: the salt is stable, like a real one, and no proof
 * matches. */
static void
stranger_keys(struct dialogue *d, struct exchange *e)
{
	const unsigned char *secret = penalties_secret(d->authd->penalties);
	unsigned char mac[SCRAM_KEY];

	str_lower(&d->login, 0);
	scram_hmac((struct span){ (const char *)secret, 16 },
	    str_span(&d->login), mac);
	e->keys = (struct scram_keys){ .iterations = SCRAM_ITERATIONS,
		.salt_len = SCRAM_SALT };
	memcpy(e->keys.salt, mac, SCRAM_SALT);
}

/* RFC 5802 6: check the client's channel binding flag. */
static int
binding_admit(struct dialogue *d, const struct sasl_first *f, bool plus)
{
	if (plus)
		return f->binding == 'p' && d->binding.len > 0 &&
			span_equal(f->channel, SPAN("tls-server-end-point"))
		    ? 0
		    : dialogue_fail(d, AUTH_MALFORMED);
	if (f->binding == 'p')
		return dialogue_fail(d, AUTH_MALFORMED);
	/* 'y' means that the client saw no binding offered; as we offered it,
	 * the list was manipulated on the way. */
	if (f->binding == 'y' && d->binding.len > 0)
		return dialogue_fail(d, AUTH_CREDENTIALS);
	return 0;
}

static int
first_take(struct dialogue *d, struct exchange *e, bool plus)
{
	if (dialogue_ask(d, SPAN(""), &e->first_text) < 0)
		return -1;
	if (!sasl_first_parse(str_span(&e->first_text), &e->first))
		return dialogue_fail(d, AUTH_MALFORMED);
	if (binding_admit(d, &e->first, plus) < 0 ||
	    account_find(d, str_span(&e->first.user)) < 0)
		return -1;
	if (account_differs(d, str_span(&e->first.authzid)))
		return dialogue_fail(d, AUTH_CREDENTIALS);
	e->real = d->known && scram_parse(str_span(&d->secret.scram), &e->keys);
	if (!e->real)
		stranger_keys(d, e);
	return 0;
}

/* server-first-message: r=, s=, i=. */
static int
server_first_make(struct dialogue *d, struct exchange *e)
{
	unsigned char random[NONCE_BYTES];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return dialogue_fail(d, AUTH_UNAVAILABLE);
	str_set(&e->nonce, e->first.nonce);
	base64_encode(
	    &e->nonce, (struct span){ (char *)random, sizeof random });
	str_setf(&e->server_first, "r=%s,s=", e->nonce.at);
	base64_encode(&e->server_first,
	    (struct span){ (char *)e->keys.salt, e->keys.salt_len });
	str_addf(&e->server_first, ",i=%u", e->keys.iterations);
	return 0;
}

/* c= must be the gs2-header that opened the exchange, and with PLUS this
 * channel's binding after it. */
static bool
binding_fits(struct dialogue *d, struct exchange *e, struct span text)
{
	struct str wanted = STR_INIT, said = STR_INIT;
	bool fits;

	str_add(&wanted, e->first.gs2);
	if (e->first.binding == 'p')
		str_add(&wanted, str_span(&d->binding));
	fits = base64_decode(&said, text) &&
	    span_equal(str_span(&said), str_span(&wanted));
	str_free(&wanted);
	str_free(&said);
	return fits;
}

static void
auth_message_make(
    struct exchange *e, const struct sasl_final *f, struct str *message)
{
	str_add(message, e->first.bare);
	str_add_byte(message, ',');
	str_add(message, str_span(&e->server_first));
	str_add_byte(message, ',');
	str_add(message, f->without_proof);
}

/* Is the proof right? On success final_r is server-final-message. */
static int
proof_judge(struct dialogue *d, struct exchange *e, const struct sasl_final *f,
    struct str *final_r)
{
	struct str message = STR_INIT, proof = STR_INIT;
	unsigned char signature[SCRAM_KEY];
	bool fits;

	auth_message_make(e, f, &message);
	fits = base64_decode(&proof, f->proof) &&
	    scram_proof_fits(&e->keys, str_span(&message), str_span(&proof)) &&
	    e->real;
	if (fits) {
		scram_signature(&e->keys, str_span(&message), signature);
		str_set(final_r, SPAN("v="));
		base64_encode(
		    final_r, (struct span){ (char *)signature, SCRAM_KEY });
	}
	str_free(&message);
	str_free(&proof);
	d->how = "scram";
	if (!fits)
		return dialogue_fail(d, AUTH_CREDENTIALS);
	if (d->secret.password.at[0] == '!')
		return dialogue_fail(d, AUTH_DISABLED);
	return 0;
}

static int
final_take(struct dialogue *d, struct exchange *e)
{
	struct str text = STR_INIT, last = STR_INIT, empty = STR_INIT;
	struct sasl_final f;
	int r = dialogue_ask(d, str_span(&e->server_first), &text);

	if (r == 0 &&
	    (!sasl_final_parse(str_span(&text), &f) ||
		!span_equal(f.nonce, str_span(&e->nonce)) ||
		!binding_fits(d, e, f.binding)))
		r = dialogue_fail(d, AUTH_MALFORMED);
	/* Only now is there something to judge: a client that stops after its
	 * first message delays nobody. */
	if (r == 0)
		r = account_wait(d);
	if (r == 0)
		r = account_judged(d, proof_judge(d, e, &f, &last), 0);
	/* No protocol of ours can carry data with its success reply, so the
	 * server's proof is one more challenge, answered by nothing. */
	if (r == 0)
		r = dialogue_ask(d, str_span(&last), &empty);
	str_free(&text);
	str_free(&last);
	str_free(&empty);
	return r;
}

static int
exchange_run(struct dialogue *d, bool plus)
{
	struct exchange e = { .first_text = STR_INIT,
		.nonce = STR_INIT,
		.server_first = STR_INIT };
	int r;

	sasl_first_init(&e.first);
	r = first_take(d, &e, plus);
	if (r == 0)
		r = server_first_make(d, &e);
	if (r == 0)
		r = final_take(d, &e);
	sasl_first_free(&e.first);
	sodium_memzero(&e.keys, sizeof e.keys);
	str_free(&e.first_text);
	str_free(&e.nonce);
	str_free(&e.server_first);
	return r;
}

int
mechanism_scram(struct dialogue *d)
{
	return exchange_run(d, false);
}

int
mechanism_scram_plus(struct dialogue *d)
{
	return exchange_run(d, true);
}
