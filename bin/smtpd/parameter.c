#include "parameter.h"

#include "base/encode.h"
#include "reply.h"

enum { ENVID_MAX = 100, ORCPT_MAX = 500 }; /* RFC 3461 4.4, 4.2 */

enum outcome { FINE, SYNTAX, TOO_BIG };

struct parameter {
	const char *name;
	enum outcome (*read)(
	    struct session *s, struct span value, struct recipient *r);
	const char *advertise; /* NULL: covered by another line */
	unsigned services;     /* 0: all */
	bool of_rcpt;
	bool tls; /* only under TLS */
};

bool
xtext_decode(struct span text, struct str *out)
{
	char c;

	while (span_take_byte(&text, &c)) {
		if (c <= ' ' || c > '~' || c == '=')
			return false;
		if (c != '+')
			str_add_byte(out, c);
		else if (text.len < 2 || !hex_decode(out, span_head(text, 2)))
			return false;
		else
			text = span_from(text, 2);
	}
	return true;
}

/* Decode into the envelope's memory. */
static bool
xtext_keep(struct session *s, struct span value, struct span *kept_r)
{
	struct str text = STR_INIT;
	bool ok = value.len > 0 && xtext_decode(value, &text);

	if (ok)
		*kept_r = envelope_keep(&s->envelope, str_span(&text));
	str_free(&text);
	return ok;
}

/* RFC 1870. */
static enum outcome
read_size(struct session *s, struct span value, struct recipient *r)
{
	uint64_t limit = s->server->limits.message_size;

	(void)r;
	if (!span_is_number(value, UINT64_MAX, &s->declared)) {
		for (size_t i = 0; i < value.len; i++)
			if (!byte_is_digit(value.at[i]))
				return SYNTAX;
		return value.len > 0 && value.len <= 20 ? TOO_BIG : SYNTAX;
	}
	return s->declared > limit ? TOO_BIG : FINE;
}

/* RFC 6152. */
static enum outcome
read_body(struct session *s, struct span value, struct recipient *r)
{
	(void)r;
	if (span_equal_case(value, SPAN("8BITMIME")))
		s->envelope.body = SPAN("8BITMIME");
	else if (!span_equal_case(value, SPAN("7BIT")))
		return SYNTAX;
	return FINE;
}

/* RFC 6531. */
static enum outcome
read_smtputf8(struct session *s, struct span value, struct recipient *r)
{
	(void)r;
	s->envelope.smtputf8 = true;
	return value.len == 0 ? FINE : SYNTAX;
}

/* RFC 3461 4.3. */
static enum outcome
read_ret(struct session *s, struct span value, struct recipient *r)
{
	(void)r;
	if (span_equal_case(value, SPAN("FULL")))
		s->envelope.ret = SPAN("FULL");
	else if (span_equal_case(value, SPAN("HDRS")))
		s->envelope.ret = SPAN("HDRS");
	else
		return SYNTAX;
	return FINE;
}

static enum outcome
read_envid(struct session *s, struct span value, struct recipient *r)
{
	(void)r;
	return value.len <= ENVID_MAX &&
		xtext_keep(s, value, &s->envelope.envid)
	    ? FINE
	    : SYNTAX;
}

/* RFC 4954 5: the original sender as claimed by the client; we vouch only for
 * authenticated users, so it is checked and ignored. */
static enum outcome
read_auth(struct session *s, struct span value, struct recipient *r)
{
	struct str text = STR_INIT;
	struct address a;
	bool ok = value.len > 0 && xtext_decode(value, &text) &&
	    (span_equal(str_span(&text), SPAN("<>")) ||
		address_parse(str_span(&text), &a));

	(void)s;
	(void)r;
	str_free(&text);
	return ok ? FINE : SYNTAX;
}

/* RFC 8689 2: all further hops must use TLS. */
static enum outcome
read_requiretls(struct session *s, struct span value, struct recipient *r)
{
	(void)r;
	s->envelope.requiretls = true;
	return value.len == 0 ? FINE : SYNTAX;
}

/* Postfix's VERP_README: the bytes that take the place of '+' and '@', each one
 * of "-=+" and usual in an address. */
static enum outcome
read_xverp(struct session *s, struct span value, struct recipient *r)
{
	(void)r;
	if (value.len == 0)
		value = SPAN("-=");
	if (value.len != 2)
		return SYNTAX;
	for (size_t i = 0; i < value.len; i++)
		if (span_find(SPAN("-=+"), value.at[i]) == 3)
			return SYNTAX;
	s->envelope.verp = envelope_keep(&s->envelope, value);
	return FINE;
}

/* RFC 3461 4.1. */
static enum outcome
read_notify(struct session *s, struct span value, struct recipient *r)
{
	static const char *const words[] = { "NEVER", "SUCCESS", "FAILURE",
		"DELAY" };
	struct str upper = STR_INIT;
	struct span rest = value;
	unsigned seen = 0;

	do {
		size_t n = span_find(rest, ',');
		unsigned bit = 0;

		for (size_t i = 0; i < COUNT(words); i++)
			if (span_equal_case(
				span_head(rest, n), span_text(words[i])))
				bit = 1U << i;
		if (bit == 0 || (seen & bit) || (seen > 0 && bit == 1) ||
		    (seen & 1))
			return SYNTAX;
		seen |= bit;
		rest = span_from(rest, n);
	} while (span_take(&rest, ','));
	str_set(&upper, value);
	for (size_t i = 0; i < upper.len; i++)
		if (byte_is_alpha(upper.at[i]))
			upper.at[i] &= (char)~0x20;
	r->notify = envelope_keep(&s->envelope, str_span(&upper));
	str_free(&upper);
	return FINE;
}

/* RFC 3461 4.2: type;xtext. */
static enum outcome
read_orcpt(struct session *s, struct span value, struct recipient *r)
{
	size_t n = span_find(value, ';');

	for (size_t i = 0; i < n; i++)
		if (!byte_is_alpha(value.at[i]) &&
		    !byte_is_digit(value.at[i]) && value.at[i] != '-')
			return SYNTAX;
	if (n == 0 || n + 1 >= value.len || value.len > ORCPT_MAX)
		return SYNTAX;
	/* RFC 6533 3: literally, with SMTPUTF8. */
	if (s->envelope.smtputf8 && !span_is_ascii(value) &&
	    span_is_utf8(value) &&
	    span_equal_case(span_head(value, n), SPAN("utf-8"))) {
		r->orcpt = envelope_keep(&s->envelope, value);
		return FINE;
	}
	return xtext_keep(s, value, &r->orcpt) ? FINE : SYNTAX;
}

enum { LOGGED_IN = SUBMISSION | SUBMISSIONS };

static const struct parameter parameters[] = {
	{ "SIZE", read_size, "SIZE", 0, false, false },
	{ "BODY", read_body, "8BITMIME", 0, false, false },
	{ "SMTPUTF8", read_smtputf8, "SMTPUTF8", 0, false, false },
	{ "RET", read_ret, "DSN", 0, false, false },
	{ "ENVID", read_envid, NULL, 0, false, false },
	{ "AUTH", read_auth, NULL, LOGGED_IN, false, false },
	{ "REQUIRETLS", read_requiretls, "REQUIRETLS", 0, false, true },
	{ "XVERP", read_xverp, "XVERP", LOGGED_IN | LOCAL, false, false },
	{ "NOTIFY", read_notify, NULL, 0, true, false },
	{ "ORCPT", read_orcpt, NULL, 0, true, false },
};

static bool
is_allowed(const struct session *s, const struct parameter *p)
{
	return (p->services == 0 || (p->services & s->service)) &&
	    (!p->tls || s->tls);
}

void
parameters_advertise(const struct session *s, struct str *keywords)
{
	for (size_t i = 0; i < COUNT(parameters); i++) {
		if (parameters[i].advertise == NULL ||
		    !is_allowed(s, &parameters[i]))
			continue;
		str_add_text(keywords, parameters[i].advertise);
		if (parameters[i].read == read_size)
			str_addf(keywords, " %llu",
			    (unsigned long long)s->server->limits.message_size);
		str_add_byte(keywords, '\n');
	}
}

static const struct parameter *
parameter_find(const struct session *s, struct span name, bool of_rcpt)
{
	for (size_t i = 0; i < COUNT(parameters); i++) {
		const struct parameter *p = &parameters[i];

		if (p->of_rcpt == of_rcpt && is_allowed(s, p) &&
		    span_equal_case(name, span_text(p->name)))
			return p;
	}
	return NULL;
}

static bool
parameter_read(struct session *s, const struct parameter *p, struct span value,
    struct recipient *recipient)
{
	switch (p->read(s, value, recipient)) {
	case FINE:
		return true;
	case TOO_BIG:
		refuse(s, "size", 552, "5.3.4",
		    "The message is larger than %llu bytes",
		    (unsigned long long)s->server->limits.message_size);
		return false;
	case SYNTAX:
		refuse(s, "parameter", 501, "5.5.4", "Invalid value of %s",
		    p->name);
		return false;
	}
	return false;
}

bool
parameters_read(
    struct session *s, struct span text, struct recipient *recipient)
{
	unsigned seen = 0;

	for (text = span_trim(text); text.len > 0; text = span_trim(text)) {
		struct span word = span_head(text, span_find(text, ' '));
		size_t equals = span_find(word, '=');
		struct span value = span_from(word, equals + 1);
		const struct parameter *p = parameter_find(
		    s, span_head(word, equals), recipient != NULL);

		if (p == NULL) {
			refuse(s, "parameter", 555, "5.5.4",
			    "Parameter not available");
			return false;
		}
		if (seen & 1U << (p - parameters) ||
		    (equals < word.len && value.len == 0)) {
			refuse(s, "parameter", 501, "5.5.4",
			    "%s given twice or without a value", p->name);
			return false;
		}
		seen |= 1U << (p - parameters);
		if (!parameter_read(s, p, value, recipient))
			return false;
		text = span_from(text, word.len);
	}
	return true;
}
