#include "trust/spf_record.h"

#include <arpa/inet.h>
#include <string.h>

enum { DIGITS_MAX = 128 };

bool
spf_address_parse(const char *text, struct spf_address *a_r)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	*a_r = (struct spf_address){ .family = AF_INET };
	if (inet_pton(AF_INET, text, a_r->bytes) == 1)
		return true;
	a_r->family = AF_INET6;
	if (inet_pton(AF_INET6, text, a_r->bytes) != 1)
		return false;
	if (memcmp(a_r->bytes, mapped, sizeof mapped) == 0) {
		a_r->family = AF_INET;
		memmove(a_r->bytes, a_r->bytes + sizeof mapped, 4);
		memset(a_r->bytes + 4, 0, 12);
	}
	return true;
}

bool
spf_is_record(struct span text)
{
	return span_take_case(&text, SPAN("v=spf1")) &&
	    (text.len == 0 || text.at[0] == ' ');
}

static bool
is_delimiter(char c)
{
	return c != '\0' && strchr(".-+,/_=", c) != NULL;
}

/* "%{" letter digits "r" delimiters "}" */
static bool
macro_take(struct span *rest, struct spf_piece *p_r)
{
	struct span r = *rest;
	uint64_t n;
	size_t len = 0;

	*p_r = (struct spf_piece){ .literal = SPAN("") };
	if (!span_take_text(&r, SPAN("%{")) ||
	    !span_take_byte(&r, &p_r->letter) ||
	    strchr("slodiphcrtv", byte_lower(p_r->letter)) == NULL)
		return false;
	if (r.len > 0 && byte_is_digit(r.at[0])) {
		if (!span_number(&r, UINT32_MAX, &n) || n == 0)
			return false;
		p_r->digits = n > DIGITS_MAX ? DIGITS_MAX : (unsigned)n;
	}
	p_r->reverse = span_take_case(&r, SPAN("r"));
	while (len < r.len && is_delimiter(r.at[len]))
		len++;
	p_r->delimiters = len > 0 ? span_head(r, len) : SPAN(".");
	r = span_from(r, len);
	if (!span_take(&r, '}'))
		return false;
	*rest = r;
	return true;
}

bool
spf_piece_next(struct span *rest, struct spf_piece *p_r)
{
	size_t n = 0;

	while (n < rest->len && rest->at[n] > ' ' && rest->at[n] < 127 &&
	    rest->at[n] != '%')
		n++;
	*p_r = (struct spf_piece){ .literal = span_head(*rest, n) };
	if (n > 0)
		*rest = span_from(*rest, n);
	else if (span_take_text(rest, SPAN("%%")))
		p_r->literal = SPAN("%");
	else if (span_take_text(rest, SPAN("%_")))
		p_r->literal = SPAN(" ");
	else if (span_take_text(rest, SPAN("%-")))
		p_r->literal = SPAN("%20");
	else
		return macro_take(rest, p_r);
	return true;
}

static bool
is_macro_string(struct span text)
{
	struct spf_piece p;

	while (spf_piece_next(&text, &p))
		;
	return text.len == 0;
}

/* RFC 7208 7.1: letters, digits and hyphens, not all digits, no hyphen at an
 * end. */
static bool
is_toplabel(struct span label)
{
	bool digits = true;

	for (size_t i = 0; i < label.len; i++) {
		char c = label.at[i];

		if (!byte_is_alpha(c) && !byte_is_digit(c) && c != '-')
			return false;
		digits = digits && byte_is_digit(c);
	}
	return label.len > 0 && !digits && label.at[0] != '-' &&
	    label.at[label.len - 1] != '-';
}

bool
spf_is_domain_spec(struct span text)
{
	struct span rest = text, last;
	struct spf_piece p;
	bool macro = false;

	while (spf_piece_next(&rest, &p)) {
		macro = p.literal.len == 0;
		/* c, r and t are for explanations only. */
		if (macro && strchr("crt", byte_lower(p.letter)) != NULL)
			return false;
	}
	if (rest.len > 0 || text.len == 0)
		return false;
	if (macro)
		return true;
	if (text.at[text.len - 1] == '.')
		text.len--;
	last = text;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == '.')
			last = span_from(text, i + 1);
	return last.len < text.len && is_toplabel(last);
}

/* "/" and a number without leading zeros, at the end; taken off. */
static bool
prefix_cut(
    struct span *text, const char *slashes, unsigned max, unsigned *bits_r)
{
	size_t n = text->len, len = strlen(slashes);
	struct span digits;
	uint64_t bits;

	while (n > 0 && byte_is_digit(text->at[n - 1]))
		n--;
	digits = span_from(*text, n);
	if (n < len || memcmp(text->at + n - len, slashes, len) != 0 ||
	    !span_is_number(digits, max, &bits) ||
	    (digits.len > 1 && digits.at[0] == '0'))
		return false;
	*bits_r = (unsigned)bits;
	text->len = n - len;
	return true;
}

/* A slash that begins a prefix is left: it is no part of a domain's end. */
static bool
domain_or_nothing(struct span text, struct spf_term *t)
{
	if (text.len == 0)
		return true;
	t->domain = span_from(text, 1);
	return text.at[0] == ':' && spf_is_domain_spec(t->domain);
}

/* a, mx: [ ":" domain-spec ] [ "/" bits ] [ "//" bits ] */
static bool
hosts_parse(struct span text, struct spf_term *t)
{
	t->bits4 = 32;
	t->bits6 = 128;
	if (!prefix_cut(&text, "//", 128, &t->bits6)) {
		prefix_cut(&text, "/", 32, &t->bits4);
		return domain_or_nothing(text, t);
	}
	prefix_cut(&text, "/", 32, &t->bits4);
	return domain_or_nothing(text, t);
}

static bool
network_parse(struct span text, int family, struct spf_term *t)
{
	char address[INET6_ADDRSTRLEN] = "";

	t->bits4 = 32;
	t->bits6 = 128;
	if (!span_take(&text, ':'))
		return false;
	if (span_find(text, '/') < text.len &&
	    !(family == AF_INET ? prefix_cut(&text, "/", 32, &t->bits4)
				: prefix_cut(&text, "/", 128, &t->bits6)))
		return false;
	if (text.len >= sizeof address)
		return false;
	memcpy(address, text.at, text.len);
	t->network.family = family;
	return memchr(address, 0, text.len) == NULL &&
	    inet_pton(family, address, t->network.bytes) == 1;
}

static bool
mechanism_parse(struct span name, struct span rest, struct spf_term *t)
{
	static const struct {
		struct span name;
		enum spf_kind kind;
	} names[] = {
		{ SPAN_INIT("all"), SPF_ALL },
		{ SPAN_INIT("include"), SPF_INCLUDE },
		{ SPAN_INIT("a"), SPF_A },
		{ SPAN_INIT("mx"), SPF_MX },
		{ SPAN_INIT("ptr"), SPF_PTR },
		{ SPAN_INIT("ip4"), SPF_IP4 },
		{ SPAN_INIT("ip6"), SPF_IP6 },
		{ SPAN_INIT("exists"), SPF_EXISTS },
	};
	size_t i = 0;

	while (i < COUNT(names) && !span_equal_case(names[i].name, name))
		i++;
	if (i == COUNT(names))
		return false;
	t->kind = names[i].kind;
	switch (t->kind) {
	case SPF_ALL:
		return rest.len == 0;
	case SPF_INCLUDE:
	case SPF_EXISTS:
		return domain_or_nothing(rest, t) && t->domain.len > 0;
	case SPF_PTR:
		return domain_or_nothing(rest, t);
	case SPF_A:
	case SPF_MX:
		return hosts_parse(rest, t);
	case SPF_IP4:
		return network_parse(rest, AF_INET, t);
	case SPF_IP6:
		return network_parse(rest, AF_INET6, t);
	case SPF_REDIRECT:
	case SPF_OTHER:
		break;
	}
	return false;
}

/* The name of a term: letters, digits, "-", "_", "." after a letter. */
static struct span
name_take(struct span *rest)
{
	struct span whole = *rest;
	size_t n = 0;

	while (n < whole.len &&
	    (byte_is_alpha(whole.at[n]) ||
		(n > 0 &&
		    (byte_is_digit(whole.at[n]) ||
			(whole.at[n] != '\0' &&
			    strchr("-_.", whole.at[n]) != NULL)))))
		n++;
	*rest = span_from(whole, n);
	return span_head(whole, n);
}

static bool
modifier_parse(struct span name, struct span value, struct spf_term *t)
{
	bool redirect = span_equal_case(name, SPAN("redirect"));

	t->kind = redirect ? SPF_REDIRECT : SPF_OTHER;
	if (!redirect && !span_equal_case(name, SPAN("exp")))
		return is_macro_string(value);
	t->domain = value;
	return spf_is_domain_spec(value);
}

static bool
term_parse(struct span text, struct spf_term *t)
{
	static const struct {
		char sign;
		enum result result;
	} qualifiers[] = {
		{ '+', RESULT_PASS },
		{ '-', RESULT_FAIL },
		{ '~', RESULT_SOFTFAIL },
		{ '?', RESULT_NEUTRAL },
	};
	struct span rest = text, name;
	bool signed_term = false;

	*t = (struct spf_term){
		.result = RESULT_PASS, .text = text, .domain = SPAN("")
	};
	for (size_t i = 0; i < COUNT(qualifiers) && !signed_term; i++)
		if (span_take(&rest, qualifiers[i].sign)) {
			t->result = qualifiers[i].result;
			signed_term = true;
		}
	name = name_take(&rest);
	if (name.len == 0)
		return false;
	if (!signed_term && span_take(&rest, '='))
		return modifier_parse(name, rest, t);
	return mechanism_parse(name, rest, t);
}

/* redirect= and exp= are there once at most (RFC 7208 6). */
static bool
term_add(struct spf_record *r, const struct spf_term *t, bool *exp)
{
	bool is_exp = t->kind == SPF_OTHER && t->domain.len > 0;

	if (t->kind == SPF_REDIRECT) {
		if (r->redirect.len > 0)
			return false;
		r->redirect = t->domain;
	} else if (is_exp) {
		if (*exp)
			return false;
		*exp = true;
	} else if (t->kind != SPF_OTHER) {
		if (r->count == SPF_TERMS_MAX)
			return false;
		r->terms[r->count++] = *t;
	}
	return true;
}

static size_t
count_words(struct span text)
{
	size_t n = 0;

	while (text.len > 0 && n < SPF_TERMS_MAX) {
		size_t word = span_find(text, ' ');

		n += word > 0;
		text = span_from(text, word + 1);
	}
	return n;
}

bool
spf_record_parse(struct span text, struct arena *a, struct spf_record *r_r,
    struct span *wrong_r)
{
	struct span rest = span_from(text, sizeof "v=spf1" - 1), word;
	struct spf_term t;
	bool exp = false;

	*r_r = (struct spf_record){ .redirect = SPAN("") };
	r_r->terms = arena_new(a, count_words(rest) * sizeof t);
	while (rest.len > 0) {
		word = span_head(rest, span_find(rest, ' '));
		rest = span_from(rest, word.len + 1);
		if (word.len == 0)
			continue;
		*wrong_r = word;
		if (!term_parse(word, &t) || !term_add(r_r, &t, &exp))
			return false;
	}
	return true;
}
