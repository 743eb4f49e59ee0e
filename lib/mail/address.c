#include "mail/address.h"

#include <arpa/inet.h>
#include <string.h>

enum { LABEL_MAX = 63 };

/* RFC 5322 3.2.3, and UTF-8 by RFC 6531 3.3. */
static bool
is_atext(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL) ||
	    (unsigned char)c > 127;
}

/* Any run of atoms and dots. RFC 5321 has a dot only between atoms; addresses
 * with dots elsewhere exist, and are written in quotes when passed on. */
static bool
take_dots(struct span *rest, struct span *local_r)
{
	size_t n = 0;

	while (n < rest->len && (is_atext(rest->at[n]) || rest->at[n] == '.'))
		n++;
	*local_r = span_head(*rest, n);
	*rest = span_from(*rest, n);
	return n > 0;
}

static bool
take_quoted(struct span *rest, struct span *local_r)
{
	struct span s = *rest;
	char c;

	if (!span_take(&s, '"'))
		return false;
	while (span_take_byte(&s, &c) && c != '"') {
		if (c == '\\' && !span_take_byte(&s, &c))
			return false;
		if (byte_is_control(c))
			return false;
	}
	*local_r = span_head(*rest, rest->len - s.len);
	*rest = s;
	return local_r->len >= 2 && local_r->at[local_r->len - 1] == '"';
}

bool
local_take(struct span *rest, struct span *local_r)
{
	struct span s = *rest;

	if ((!take_quoted(&s, local_r) && !take_dots(&s, local_r)) ||
	    local_r->len > ADDRESS_LOCAL_MAX || !span_is_utf8(*local_r))
		return false;
	*rest = s;
	return true;
}

/* RFC 5321 4.1.2 has letters, digits and inner hyphens; the underscore is
 * allowed too, as hosts and Windows machines have it in names. */
static bool
take_label(struct span *rest)
{
	size_t n = 0;

	while (n < rest->len &&
	    (byte_is_alpha(rest->at[n]) || byte_is_digit(rest->at[n]) ||
		rest->at[n] == '-' || rest->at[n] == '_' ||
		(unsigned char)rest->at[n] > 127))
		n++;
	/* A non-ASCII label has another length in DNS. */
	if (n == 0 || (n > LABEL_MAX && span_is_ascii(span_head(*rest, n))) ||
	    rest->at[0] == '-' || rest->at[n - 1] == '-')
		return false;
	*rest = span_from(*rest, n);
	return true;
}

static bool
literal_read(struct span domain, int *family_r, unsigned char ip[16])
{
	char text[INET6_ADDRSTRLEN] = "";
	struct span s = domain;

	if (!span_take(&s, '[') || s.len < 2 || s.at[s.len - 1] != ']')
		return false;
	s.len--;
	*family_r = span_take_case(&s, SPAN("IPv6:")) ? AF_INET6 : AF_INET;
	if (s.len >= sizeof text || memchr(s.at, '\0', s.len) != NULL)
		return false;
	memcpy(text, s.at, s.len);
	return inet_pton(*family_r, text, ip) == 1;
}

/* RFC 5321 4.1.3: the forms of IPv4 and IPv6; no others are registered. */
static bool
take_literal(struct span *rest, struct span *domain_r)
{
	unsigned char ip[16];
	size_t n = span_find(*rest, ']');
	int family;

	if (n == rest->len)
		return false;
	*domain_r = span_head(*rest, n + 1);
	if (!literal_read(*domain_r, &family, ip))
		return false;
	*rest = span_from(*rest, n + 1);
	return true;
}

bool
domain_take(struct span *rest, struct span *domain_r)
{
	struct span s = *rest;

	if (s.len > 0 && s.at[0] == '[')
		return take_literal(rest, domain_r);
	if (!take_label(&s))
		return false;
	*domain_r = span_head(*rest, rest->len - s.len);
	while (span_take(&s, '.') && take_label(&s))
		*domain_r = span_head(*rest, rest->len - s.len);
	if (domain_r->len > ADDRESS_DOMAIN_MAX || !span_is_utf8(*domain_r))
		return false;
	*rest = s;
	return true;
}

bool
domain_is_literal(struct span domain)
{
	return domain.len > 0 && domain.at[0] == '[';
}

bool
domain_literal_ip(struct span domain, struct str *ip_r)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char ip[16];
	int family;

	str_clear(ip_r);
	if (!literal_read(domain, &family, ip))
		return false;
	str_add_text(ip_r, inet_ntop(family, ip, text, sizeof text));
	return true;
}

bool
address_take(struct span *rest, struct address *a_r)
{
	struct span s = *rest;

	if (!local_take(&s, &a_r->local) || !span_take(&s, '@') ||
	    !domain_take(&s, &a_r->domain))
		return false;
	*rest = s;
	return true;
}

bool
address_parse(struct span text, struct address *a_r)
{
	return address_take(&text, a_r) && text.len == 0;
}

/* @a,@b: */
static void
take_route(struct span *rest)
{
	struct span s = *rest, domain;

	do
		if (!span_take(&s, '@') || !domain_take(&s, &domain))
			return;
	while (span_take(&s, ','));
	if (span_take(&s, ':'))
		*rest = s;
}

bool
address_take_path(struct span *rest, struct address *a_r)
{
	struct span s = *rest, start;

	*a_r = (struct address){ SPAN(""), SPAN("") };
	if (!span_take(&s, '<'))
		return false;
	if (!span_take(&s, '>')) {
		take_route(&s);
		start = s;
		if (span_take_case(&s, SPAN("postmaster")) && s.len > 0 &&
		    s.at[0] == '>') {
			*a_r = (struct address){ span_head(start, 10),
				SPAN("") };
		} else {
			s = start;
			if (!address_take(&s, a_r))
				return false;
		}
		if (!span_take(&s, '>'))
			return false;
	}
	*rest = s;
	return true;
}

bool
address_is_null(const struct address *a)
{
	return a->local.len == 0 && a->domain.len == 0;
}

bool
address_is_ascii(const struct address *a)
{
	return span_is_ascii(a->local) && span_is_ascii(a->domain);
}

/* Take the next unquoted byte of a local part. */
static bool
meaning_next(struct span *local, bool quoted, char *c_r)
{
	if (!span_take_byte(local, c_r) || (quoted && *c_r == '"'))
		return false;
	return !quoted || *c_r != '\\' || span_take_byte(local, c_r);
}

void
address_local(const struct address *a, struct str *out)
{
	struct span s = a->local;
	bool quoted = span_take(&s, '"');
	char c;

	while (meaning_next(&s, quoted, &c))
		str_add_byte(out, c);
}

/* RFC 5321 4.1.2: Dot-string. */
static bool
is_dot_string(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] == '.' ? i == 0 || s.at[i - 1] == '.'
				   : !is_atext(s.at[i]))
			return false;
	return s.len > 0 && s.at[s.len - 1] != '.';
}

void
local_text(struct span meaning, struct str *out)
{
	char c;

	if (is_dot_string(meaning)) {
		str_add(out, meaning);
		return;
	}
	str_add_byte(out, '"');
	while (span_take_byte(&meaning, &c)) {
		if (c == '"' || c == '\\')
			str_add_byte(out, '\\');
		str_add_byte(out, c);
	}
	str_add_byte(out, '"');
}

static void
domain_text(struct span domain, struct str *out)
{
	struct str ip = STR_INIT;
	size_t start = out->len;

	if (domain_is_literal(domain) && domain_literal_ip(domain, &ip)) {
		str_add_text(out,
		    span_find(str_span(&ip), ':') < ip.len ? "[IPv6:" : "[");
		str_add(out, str_span(&ip));
		str_add_byte(out, ']');
	} else {
		str_add(out, domain);
		str_lower(out, start);
	}
	str_free(&ip);
}

void
address_text(const struct address *a, struct str *out)
{
	struct str meaning = STR_INIT;

	if (a->local.len == 0)
		return;
	address_local(a, &meaning);
	local_text(str_span(&meaning), out);
	str_free(&meaning);
	if (a->domain.len == 0)
		return;
	str_add_byte(out, '@');
	domain_text(a->domain, out);
}

void
address_key(const struct address *a, struct str *out)
{
	size_t start = out->len;

	address_text(a, out);
	str_lower(out, start);
}

bool
address_equal(const struct address *a, const struct address *b)
{
	struct str left = STR_INIT, right = STR_INIT;
	bool equal;

	address_text(a, &left);
	address_text(b, &right);
	equal = span_equal(str_span(&left), str_span(&right));
	str_free(&left);
	str_free(&right);
	return equal;
}
