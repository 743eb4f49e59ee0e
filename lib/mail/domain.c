#include "mail/domain.h"

#include <idn2.h>

#include "mail/address.h"

/* RFC 5891: to the form that DNS and the keys have. */
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
	return domain_take(&rest, &taken) && rest.len == 0 &&
	    !domain_is_literal(taken);
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
