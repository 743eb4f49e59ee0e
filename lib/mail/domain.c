#include "mail/domain.h"

#include <idn2.h>

#include "mail/address.h"

/* RFC 5891: convert to the form used in DNS and in keys. */
static bool
domain_ascii(struct span domain, struct str *key_r)
{
	struct str text = STR_INIT;
	char *ascii = NULL;
	bool ok;

	str_set(&text, domain);
	ok = idn2_to_ascii_8z(text.at, &ascii,
		 IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK;
	if (ok)
		str_add_text(key_r, ascii);
	idn2_free(ascii);
	str_free(&text);
	return ok;
}

bool
domain_fold(struct span domain, struct str *key_r)
{
	struct span rest, taken;
	size_t start = key_r->len;

	if (domain.len > 0 && domain.at[domain.len - 1] == '.')
		domain.len--;
	if (domain.len == 0 || span_find(domain, '\0') < domain.len ||
	    (span_is_ascii(domain) ? (str_add(key_r, domain), false)
				   : !domain_ascii(domain, key_r)))
		return false;
	str_lower(key_r, start);
	rest = span_from(str_span(key_r), start);
	/* One dot at the end is the root's; of two, one is an empty label. */
	if (rest.len > 0 && rest.at[rest.len - 1] == '.')
		return false;
	return domain_take(&rest, &taken) && rest.len == 0 &&
	    !domain_is_literal(taken);
}

void
domain_unicode(const char *folded, struct str *out)
{
	char *unicode = NULL;

	str_add_text(out,
	    idn2_to_unicode_8z8z(folded, &unicode, 0) == IDN2_OK ? unicode
								 : folded);
	idn2_free(unicode);
}

bool
domain_fold_any(struct span domain, struct str *key_r)
{
	struct str ip = STR_INIT;
	bool ok;

	if (!domain_is_literal(domain))
		return domain_fold(domain, key_r);
	ok = domain_literal_ip(domain, &ip);
	if (ok)
		str_addf(key_r, "[%s%s]",
		    span_find(str_span(&ip), ':') < ip.len ? "IPv6:" : "",
		    ip.at);
	str_free(&ip);
	return ok;
}

bool
domain_is_plain(struct span domain)
{
	size_t label = 0; /* length of the current label */

	if (domain.len > DOMAIN_PLAIN_MAX)
		return false;
	for (size_t i = 0; i < domain.len; i++) {
		char c = domain.at[i];

		if (c == '.' && label == 0)
			return false;
		if (c != '.' && c != '-' && c != '_' && !byte_is_alpha(c) &&
		    !byte_is_digit(c))
			return false;
		label = c == '.' ? 0 : label + 1;
	}
	return label > 0;
}
