#include "trust/signature.h"

#include <string.h>

#include "base/encode.h"
#include "mail/domain.h"

/* Results are final once they are set. */
static bool
judge(struct signature *s, enum result result, const char *reason)
{
	if (s->result == RESULT_NONE) {
		s->result = result;
		s->reason = reason;
	}
	return false;
}

static bool
broken(struct signature *s, const char *reason)
{
	return judge(s, RESULT_PERMERROR, reason);
}

static bool
base64_tag(
    struct signature *s, const char *name, struct str *out, const char *reason)
{
	struct str packed = STR_INIT;
	struct span value;
	bool ok = tags_find(&s->tags, name, &value) && value.len > 0;

	for (size_t i = 0; ok && i < value.len; i++)
		if (!byte_is_space(value.at[i]))
			str_add_byte(&packed, value.at[i]);
	ok = ok && base64_decode(out, str_span(&packed));
	str_free(&packed);
	return ok || broken(s, reason);
}

/* RFC 8301 3.1: rsa-sha1 must not be accepted. */
static bool
algorithm_read(struct signature *s)
{
	struct span value;

	if (!tags_find(&s->tags, "a", &value))
		return broken(s, "no algorithm");
	if (span_equal(value, SPAN("rsa-sha1")))
		return judge(s, RESULT_POLICY, "SHA-1 is not accepted");
	s->kind = span_equal(value, SPAN("ed25519-sha256")) ? KEY_EDDSA
							    : KEY_RSA;
	return s->kind == KEY_EDDSA || span_equal(value, SPAN("rsa-sha256")) ||
	    broken(s, "unknown algorithm");
}

static bool
canon_word(struct span word, enum canon *c_r)
{
	*c_r = span_equal(word, SPAN("relaxed")) ? CANON_RELAXED : CANON_SIMPLE;
	return *c_r == CANON_RELAXED || span_equal(word, SPAN("simple"));
}

static bool
canon_read(struct signature *s)
{
	struct span value, header, body = SPAN("simple");

	if (!tags_find(&s->tags, "c", &value)) {
		/* Sealers that leave it out mean relaxed, and so has ARC's
		 * public test suite. */
		s->header = s->body = s->type == SIGNATURE_AMS ? CANON_RELAXED
							       : CANON_SIMPLE;
		return true;
	}
	header = value;
	if (span_until(&value, '/', &header))
		body = span_from(value, 1);
	return (canon_word(header, &s->header) && canon_word(body, &s->body)) ||
	    broken(s, "unknown canonicalization");
}

/* A domain in the form of its key's name; RFC 8616 4 allows UTF-8, which is
 * looked up as it stands, that is, not at all. */
static bool
is_domain(struct span name)
{
	return domain_is_plain(name) && span_find(name, '.') < name.len;
}

static bool
names_read(struct signature *s)
{
	struct str key = STR_INIT;
	bool ok = tags_find(&s->tags, "d", &s->domain) &&
	    tags_find(&s->tags, "s", &s->selector) && is_domain(s->domain) &&
	    domain_is_plain(s->selector);

	if (ok) {
		signature_key_name(s, &key);
		ok = key.len <= DOMAIN_PLAIN_MAX;
	}
	str_free(&key);
	return ok || broken(s, "no valid domain and selector");
}

/* i= is of the domain or one below it. */
static bool
identity_read(struct signature *s)
{
	struct span domain, local;

	if (!tags_find(&s->tags, "i", &s->identity))
		return true;
	domain = s->identity;
	while (span_until(&domain, '@', &local))
		domain = span_from(domain, 1);
	if (domain.at == s->identity.at)
		return broken(s, "i= has no domain");
	if (domain.len > s->domain.len) {
		size_t more = domain.len - s->domain.len;

		if (domain.at[more - 1] == '.')
			domain = span_from(domain, more);
	}
	return span_equal_case(domain, s->domain) ||
	    broken(s, "i= is not of the domain");
}

static bool
number_read(struct signature *s, const char *name, uint64_t *n_r)
{
	struct span value;

	if (!tags_find(&s->tags, name, &value))
		return true;
	return span_is_number(value, UINT64_MAX - 1, n_r) ||
	    broken(s, "a number is malformed");
}

static bool
times_read(struct signature *s, int64_t now)
{
	uint64_t made = 0, until = UINT64_MAX;

	if (!number_read(s, "t", &made) || !number_read(s, "x", &until))
		return false;
	if (until < made)
		return broken(s, "it expired before it was made");
	return until >= (uint64_t)now ||
	    judge(s, RESULT_POLICY, "it has expired");
}

/* The words of h=; from must be signed (RFC 6376 5.4), by DKIM. */
static bool
h_read(struct signature *s)
{
	struct span rest, word;
	size_t count = 0;
	bool from = s->type != SIGNATURE_DKIM;

	if (!tags_find(&s->tags, "h", &s->names))
		return broken(s, "no h=");
	rest = s->names;
	while (word_next(&rest, ':', &word)) {
		from = from || span_equal_case(word, SPAN("from"));
		/* RFC 8617 4.1.2. */
		if (s->type == SIGNATURE_AMS &&
		    span_equal_case(word, SPAN("arc-seal")))
			return broken(s, "it signs a seal");
		if (count++ == SIGNATURE_NAMES_MAX)
			return broken(s, "h= is too long");
	}
	return from || broken(s, "From is not signed");
}

static bool
dkim_read(struct signature *s)
{
	struct span value;

	if (!tags_find(&s->tags, "v", &value) || !span_equal(value, SPAN("1")))
		return broken(s, "unknown version");
	if (tags_find(&s->tags, "q", &value)) {
		struct span each;
		bool known = false;

		while (word_next(&value, ':', &each))
			known = known || span_equal(each, SPAN("dns/txt"));
		if (!known)
			return broken(s, "unknown query method");
	}
	return identity_read(s) && number_read(s, "l", &s->length);
}

static bool
read_all_tags(struct signature *s, int64_t now)
{
	if (!tags_parse(s->field->value, &s->tags))
		return broken(s, "malformed");
	if (!names_read(s) || !algorithm_read(s) ||
	    !base64_tag(s, "b", &s->bytes, "b= is malformed") ||
	    !times_read(s, now))
		return false;
	if (s->type == SIGNATURE_SEAL) {
		s->header = CANON_RELAXED;
		return true;
	}
	return base64_tag(s, "bh", &s->hash, "bh= is malformed") &&
	    canon_read(s) && h_read(s) &&
	    (s->type != SIGNATURE_DKIM || dkim_read(s));
}

void
signature_read(struct signature *s, enum signature_type type,
    const struct header_field *field, int64_t now)
{
	*s = (struct signature){ .type = type,
		.field = field,
		.domain = SPAN(""),
		.selector = SPAN(""),
		.identity = SPAN(""),
		.bytes = STR_INIT,
		.hash = STR_INIT,
		.length = UINT64_MAX,
		.reason = "" };
	read_all_tags(s, now);
}

void
signature_free(struct signature *s)
{
	str_free(&s->bytes);
	str_free(&s->hash);
}

void
signature_key_name(const struct signature *s, struct str *out)
{
	str_add(out, s->selector);
	str_add(out, SPAN("._domainkey."));
	str_add(out, s->domain);
}

static bool
key_judge(struct signature *s, const struct key *k, enum key_found found)
{
	switch (found) {
	case KEY_GOOD:
		break;
	case KEY_REVOKED:
		return broken(s, "the key is revoked");
	case KEY_BROKEN:
		return broken(s, "the key is malformed or for another use");
	case KEY_WEAK:
		return judge(
		    s, RESULT_POLICY, "keys below 1024 bits are not accepted");
	case KEY_HUGE:
		return judge(
		    s, RESULT_POLICY, "keys above 8192 bits are not accepted");
	}
	if (k->strict && s->identity.len > 0) {
		size_t at = s->identity.len - s->domain.len;

		if (at == 0 || s->identity.at[at - 1] != '@')
			return broken(s, "the key is not for subdomains");
	}
	return true;
}

bool
signature_key(struct signature *s, struct resolver *r, struct key *key_r)
{
	struct str name = STR_INIT;
	const struct dns_answer *a;
	enum key_found found = KEY_BROKEN;

	signature_key_name(s, &name);
	a = resolver_ask(r, str_span(&name), DNS_TXT);
	str_free(&name);
	if (a->result == DNS_LATER)
		return judge(s, RESULT_TEMPERROR, "the key can't be found now");
	if (a->result != DNS_FOUND)
		return broken(s, "there is no key");
	/* RFC 6376 3.6.2.2: several records are undefined; the first that is a
	 * key counts. */
	for (size_t i = 0; i < a->count && found == KEY_BROKEN; i++)
		found = key_parse(a->records[i].is.text, s->kind, key_r);
	s->bits = key_r->bits;
	s->test = key_r->test;
	return key_judge(s, key_r, found);
}

void
signature_check(struct signature *s, const struct key *k, struct span bytes)
{
	struct sha256_ctx sha;
	unsigned char digest[KEY_DIGEST];

	sha256_init(&sha);
	sha256_update(&sha, bytes.len, (const unsigned char *)bytes.at);
	sha256_digest(&sha, sizeof digest, digest);
	if (key_verify(k, digest, str_span(&s->bytes)))
		judge(s, RESULT_PASS, "");
	else
		judge(s, RESULT_FAIL, "the header was changed");
}

/* RFC 6376 3.7: the fields of h=, each from the last one up, and then its
 * own. */
static void
header_add(const struct signature *s, struct fields *f, struct str *out)
{
	struct span rest = s->names, name;

	fields_restart(f);
	while (word_next(&rest, ':', &name)) {
		const struct header_field *field = fields_take(
		    f, name, s->field);

		if (field != NULL)
			canon_field(s->header, field->whole, out);
	}
	canon_signature(s->header, s->field->whole, out);
}

/* RFC 6376 8.15: readers see the first From, signers sign the last. */
static bool
is_from_whole(const struct signature *s, const struct fields *f)
{
	struct span rest = s->names, name;
	size_t signed_ones = 0;

	while (word_next(&rest, ':', &name))
		if (span_equal_case(name, SPAN("from")))
			signed_ones++;
	return signed_ones >= fields_of_name(f, "From");
}

bool
signature_leaves_tail(const struct signature *s, const struct body bodies[2])
{
	return s->length < bodies[s->body].size;
}

void
signature_verify(struct signature *s, struct fields *f,
    const struct body bodies[2], struct resolver *r)
{
	const struct body *body = &bodies[s->body];
	const unsigned char *digest;
	struct str bytes = STR_INIT;
	struct key key;

	if (s->result != RESULT_NONE)
		return;
	key_init(&key);
	digest = body_digest(body, s->length);
	if (s->length != UINT64_MAX && s->length > body->size)
		broken(s, "l= is more than there is");
	else if (signature_key(s, r, &key)) {
		if (digest == NULL || s->hash.len != KEY_DIGEST ||
		    memcmp(digest, s->hash.at, KEY_DIGEST) != 0)
			judge(s, RESULT_FAIL, "the body was changed");
		else {
			header_add(s, f, &bytes);
			signature_check(s, &key, str_span(&bytes));
		}
	}
	str_free(&bytes);
	key_free(&key);
	if (s->result != RESULT_PASS || s->type != SIGNATURE_DKIM)
		return;
	if (signature_leaves_tail(s, bodies)) {
		s->result = RESULT_POLICY;
		s->reason = "l= leaves a part of the body unsigned";
	} else if (!is_from_whole(s, f)) {
		s->result = RESULT_POLICY;
		s->reason = "a further From is not signed";
	}
}
