#include <string.h>

#include "base/encode.h"
#include "mail/address.h"
#include "report.h"

bool
wanted_is(struct span text)
{
	return span_starts(text, SPAN("v=TLSRPTv1;"));
}

/* "mailto:a@b, https://c/d": RFC 8460 3 has commas, semicolons and exclamation
 * marks inside of a URI encoded. */
static bool
uris_take(struct span list, struct span *uris, size_t *count)
{
	for (;;) {
		size_t n = span_find(list, ',');
		struct span uri = span_trim(span_head(list, n));

		if (span_find(uri, ':') == uri.len)
			return false;
		if (*count < URIS_MAX)
			uris[(*count)++] = uri;
		if (n == list.len)
			return true;
		list = span_from(list, n + 1);
	}
}

bool
wanted_parse(struct span text, struct span *uris, size_t *count_r)
{
	bool found = false;

	*count_r = 0;
	if (!span_take_text(&text, SPAN("v=TLSRPTv1")))
		return false;
	text = span_trim(text);
	while (span_take(&text, ';')) {
		struct span field = span_head(text, span_find(text, ';'));

		text = span_from(text, field.len);
		field = span_trim(field);
		if (!span_take_text(&field, SPAN("rua="))) {
			/* An extension, or nothing after the last delimiter. */
			if (span_find(field, '=') == field.len && field.len > 0)
				return false;
			continue;
		}
		if (found)
			continue; /* of two the first counts */
		found = true;
		if (!uris_take(field, uris, count_r))
			return false;
	}
	return found && text.len == 0;
}

bool
wanted_mailto(struct span uri, struct str *address_r)
{
	struct str decoded = STR_INIT;
	struct address a;
	bool ok;

	str_clear(address_r);
	if (!span_take_case(&uri, SPAN("mailto:")))
		return false;
	uri = span_head(uri, span_find(uri, '?'));
	ok = percent_decode(&decoded, uri) &&
	    address_parse(str_span(&decoded), &a) && address_is_ascii(&a);
	if (ok)
		address_text(&a, address_r);
	str_free(&decoded);
	return ok;
}
