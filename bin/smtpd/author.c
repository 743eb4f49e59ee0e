#include "author.h"

#include <string.h>

#include "mail/cfws.h"

/* Blanks next to such bytes are insignificant. */
static bool
is_special(char c)
{
	return memchr(".@,:;<>", c, 7) != NULL;
}

void
author_plain(struct span value, struct str *plain)
{
	size_t start = plain->len;

	for (;;) {
		struct span before = value, word;

		cfws_skip(&value);
		if (value.len == 0)
			return;
		if (value.len < before.len && plain->len > start &&
		    !is_special(plain->at[plain->len - 1]) &&
		    !is_special(value.at[0]))
			str_add_byte(plain, ' ');
		if (value.at[0] == '"') {
			word = quoted_take(&value);
		} else {
			word = span_head(value, 1);
			value = span_from(value, 1);
		}
		str_add(plain, word);
	}
}

/* Up to one of the stops outside quotes, or to the end; the stop is taken too
 * and left in stop_r, '\0' at the end. */
static struct span
take_item(struct span *rest, const char *stops, char *stop_r)
{
	struct span start = *rest, item;

	while (
	    rest->len > 0 && rest->at[0] != stops[0] && rest->at[0] != stops[1])
		if (rest->at[0] == '"')
			quoted_take(rest);
		else
			*rest = span_from(*rest, 1);
	item = span_head(start, start.len - rest->len);
	*stop_r = '\0';
	span_take_byte(rest, stop_r);
	return item;
}

/* The text after the colon of a route (RFC 5322 4.4) or a group's name, and
 * before the group's final ';'. */
static struct span
behind_colon(struct span item)
{
	struct span rest = item;
	char stop;

	take_item(&rest, "::", &stop);
	if (stop == ':')
		item = rest;
	while (item.len > 0 && item.at[item.len - 1] == ';')
		item.len--;
	return item;
}

bool
author_next(struct span *plain, struct span *address_r)
{
	struct span item;
	char stop;

	while (plain->len > 0) {
		item = take_item(plain, ",<", &stop);
		if (stop == '<')
			item = take_item(plain, ">>", &stop);
		*address_r = behind_colon(item);
		if (address_r->len > 0)
			return true;
	}
	return false;
}

bool
author_domain(struct span address, struct span *domain_r)
{
	char stop;

	*domain_r = (struct span){ NULL, 0 };
	take_item(&address, "@@", &stop);
	if (stop == '\0')
		return true;
	*domain_r = address;
	return span_find(address, ' ') == address.len &&
	    span_find(address, '@') == address.len;
}
