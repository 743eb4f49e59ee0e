#include "trust/spf_macro.h"

#include <string.h>

#include "base/encode.h"
#include "mail/domain.h"
#include "trust/spf_names.h"
#include "trust/spf_record.h"

enum { PARTS_MAX = 128 };

/* RFC 7208 7.3: dotted, of IPv6 each half byte. */
static void
address_add(const struct spf_address *a, struct str *out)
{
	size_t count = a->family == AF_INET ? 4 : 16;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			str_add_byte(out, '.');
		if (a->family == AF_INET)
			str_addf(out, "%u", a->bytes[i]);
		else
			str_addf(
			    out, "%x.%x", a->bytes[i] >> 4, a->bytes[i] & 15);
	}
}

/* RFC 7208 7.3: the name itself, one below it, or any. */
static void
name_add(struct spf *s, struct span domain, struct str *out)
{
	struct span best = SPAN("unknown");
	bool below = false;

	spf_names_find(s);
	for (size_t i = 0; i < s->name_count; i++) {
		struct span name = s->names[i];

		if (span_equal_case(name, domain)) {
			best = name;
			break;
		}
		if (i == 0)
			best = name;
		if (!below && name.len > domain.len &&
		    name.at[name.len - domain.len - 1] == '.' &&
		    span_ends_case(name, domain)) {
			best = name;
			below = true;
		}
	}
	str_add(out, best);
}

static void
value_add(struct spf *s, char letter, struct span domain, struct str *out)
{
	switch (letter) {
	case 's':
	case 'l':
		str_add(out, s->local);
		if (letter == 'l')
			return;
		str_add_byte(out, '@');
		str_add(out, s->domain);
		return;
	case 'o':
		str_add(out, s->domain);
		return;
	case 'd':
		str_add(out, domain);
		return;
	case 'i':
		address_add(&s->client, out);
		return;
	case 'p':
		name_add(s, domain, out);
		return;
	case 'v':
		str_add_text(
		    out, s->client.family == AF_INET ? "in-addr" : "ip6");
		return;
	case 'h':
		str_add(out, s->helo);
		return;
	default:
		return;
	}
}

/* Split at the delimiters, turn around, take the last ones, join by dots. */
static void
parts_add(const struct spf_piece *p, struct span value, struct str *out)
{
	struct span parts[PARTS_MAX];
	size_t count = 0, first;

	/* Further parts than these make a name that is too long anyway. */
	for (size_t i = 0, from = 0; i <= value.len; i++)
		if (i == value.len ||
		    memchr(p->delimiters.at, value.at[i], p->delimiters.len) !=
			NULL) {
			if (count < PARTS_MAX)
				parts[count++] = span_head(
				    span_from(value, from), i - from);
			from = i + 1;
		}
	first = p->digits > 0 && p->digits < count ? count - p->digits : 0;
	for (size_t i = first; i < count; i++) {
		if (i > first)
			str_add_byte(out, '.');
		str_add(out, parts[p->reverse ? count - 1 - i : i]);
	}
}

static void
macro_add(struct spf *s, const struct spf_piece *p, struct span domain,
    struct str *out)
{
	struct str value = STR_INIT, parts = STR_INIT;
	char letter = byte_lower(p->letter);

	value_add(s, letter, domain, &value);
	parts_add(p, str_span(&value), &parts);
	if (letter != p->letter)
		percent_encode(out, str_span(&parts), "-._~");
	else
		str_add(out, str_span(&parts));
	str_free(&value);
	str_free(&parts);
}

/* As names are given to the DNS (net/dns.h). */
static void
escape(struct str *name)
{
	struct str out = STR_INIT;

	for (size_t i = 0; i < name->len; i++) {
		char c = name->at[i];

		if (c != '\0' && strchr("\"$();@\\", c) != NULL)
			str_addf(&out, "\\%c", c);
		else if (c <= ' ' || c > '~')
			str_addf(&out, "\\%03u", (unsigned char)c);
		else
			str_add_byte(&out, c);
	}
	str_set(name, str_span(&out));
	str_free(&out);
}

void
spf_macro_expand(
    struct spf *s, struct span spec, struct span domain, struct str *out)
{
	struct spf_piece p;

	str_clear(out);
	while (spf_piece_next(&spec, &p)) {
		if (p.literal.len > 0)
			str_add(out, p.literal);
		else
			macro_add(s, &p, domain, out);
		/* Only the end of a long name counts. */
		if (out->len > 8 * DOMAIN_PLAIN_MAX)
			str_shift(out, out->len - 4 * DOMAIN_PLAIN_MAX);
	}
	if (out->len > 0 && out->at[out->len - 1] == '.')
		str_cut(out, out->len - 1);
	/* RFC 7208 7.3: labels go from the left. */
	while (out->len > DOMAIN_PLAIN_MAX) {
		size_t dot = span_find(str_span(out), '.');

		str_shift(out, dot < out->len ? dot + 1 : out->len);
	}
	escape(out);
}

bool
spf_macro_needs_names(struct span spec)
{
	struct spf_piece p;

	while (spf_piece_next(&spec, &p))
		if (p.literal.len == 0 && byte_lower(p.letter) == 'p')
			return true;
	return false;
}
