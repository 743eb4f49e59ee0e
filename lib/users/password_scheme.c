#include "users/password_scheme.h"

#include "base/encode.h"
#include "users/password.h"

static const char remedy[] =
    "not a hash of crypt(5), Argon2, SSHA, SSHA256 or SSHA512 that is strong "
    "enough; make one with chainmail user passwd";

enum kind {
	TEXT,   /* hashes begin with this prefix */
	SALTED, /* a digest and a salt, in base64 */
	SCRAM,
	CLEAR,
};
static const struct scheme {
	const char *name;
	enum kind kind;
	const char *begins;
} schemes[] = {
	{ "CRYPT", TEXT, "$" },
	{ "MD5-CRYPT", TEXT, "$1$" },
	{ "MD5", TEXT, "$1$" }, /* its name in Dovecot before 2.0 */
	{ "SHA256-CRYPT", TEXT, "$5$" },
	{ "SHA512-CRYPT", TEXT, "$6$" },
	{ "BLF-CRYPT", TEXT, "$2" },
	{ "ARGON2I", TEXT, "$argon2i$" },
	{ "ARGON2ID", TEXT, "$argon2id$" },
	{ "SSHA", SALTED, NULL },
	{ "SSHA256", SALTED, NULL },
	{ "SSHA512", SALTED, NULL },
	{ "SCRAM-SHA-256", SCRAM, NULL },
	{ "PLAIN", CLEAR, NULL },
	{ "CLEAR", CLEAR, NULL },
	{ "CLEARTEXT", CLEAR, NULL },
};

static const struct scheme *
scheme_find(struct span name)
{
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (span_equal_case(name, span_text(schemes[i].name)))
			return &schemes[i];
	return NULL;
}

/* Decode the hash as its suffix says; without one, in the scheme's default
 * encoding. */
static bool
hash_decode(struct span encoding, bool raw, struct span text, struct str *out)
{
	if (span_equal_case(encoding, SPAN("HEX")))
		return hex_decode(out, text);
	if (span_equal_case(encoding, SPAN("B64")) ||
	    span_equal_case(encoding, SPAN("BASE64")))
		return base64_decode(out, text);
	if (encoding.len > 0)
		return false;
	if (!raw)
		return base64_decode(out, text);
	str_add(out, text);
	return true;
}

/* Append the hash in canonical form. */
static enum scheme_result
hash_keep(const struct scheme *s, struct span hash, struct str *kept)
{
	size_t start = kept->len;

	if (s->kind == SALTED) {
		str_addf(kept, "{%s}", s->name);
		base64_encode(kept, hash);
	} else {
		str_add(kept, hash);
	}
	if (s->kind == SCRAM)
		return SCHEME_SCRAM;
	return (s->kind == TEXT && !span_starts(hash, span_text(s->begins))) ||
		!password_hash_known(span_from(str_span(kept), start))
	    ? SCHEME_WRONG
	    : SCHEME_HASH;
}

static enum scheme_result
braces_read(struct span rest, struct str *kept, const char **why_r)
{
	struct span name = span_head(rest, span_find(rest, '}')), encoding;
	const struct scheme *s;
	struct str hash = STR_INIT;
	enum scheme_result r = SCHEME_WRONG;

	rest = span_from(rest, name.len);
	span_take(&rest, '}');
	encoding = span_from(name, span_find(name, '.'));
	name.len -= encoding.len;
	span_take(&encoding, '.');
	s = scheme_find(name);
	if (s == NULL)
		*why_r = "this {SCHEME} is not supported; set another "
			 "password with chainmail user passwd";
	else if (s->kind == CLEAR)
		*why_r = "clear-text passwords are not stored; take it "
			 "out, and set it with chainmail user passwd";
	else if (hash_decode(encoding, s->kind != SALTED, rest, &hash))
		r = hash_keep(s, str_span(&hash), kept);
	str_wipe(&hash);
	return r;
}

static enum scheme_result
value_read(struct span rest, struct str *kept, const char **why_r)
{
	if (span_take(&rest, '!'))
		str_add_byte(kept, '!');
	if (span_take(&rest, '{'))
		return braces_read(rest, kept, why_r);
	str_add(kept, rest);
	return password_hash_known(rest) ? SCHEME_HASH : SCHEME_WRONG;
}

enum scheme_result
scheme_read(struct span value, struct str *kept_r, const char **why_r)
{
	enum scheme_result r;

	*why_r = remedy;
	str_clear(kept_r);
	r = value_read(value, kept_r, why_r);
	/* A second '!', say. */
	if (r == SCHEME_HASH && !password_hash_known(str_span(kept_r)))
		r = SCHEME_WRONG;
	if (r == SCHEME_WRONG)
		str_clear(kept_r);
	return r;
}
