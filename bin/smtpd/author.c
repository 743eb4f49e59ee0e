#include "author.h"

/* Take a quoted string with its quotes; one that doesn't end goes to the
 * end. */
static struct span
take_quoted(struct span *rest)
{
	size_t n = 1;

	while (n < rest->len && rest->at[n] != '"')
		n += rest->at[n] == '\\' ? 2 : 1;
	n = n < rest->len ? n + 1 : rest->len;
	struct span quoted = span_head(*rest, n);

	*rest = span_from(*rest, n);
	return quoted;
}

static void
skip_comment(struct span *rest)
{
	size_t depth = 0;

	while (rest->len > 0) {
		char c = rest->at[0];

		*rest = span_from(*rest, c == '\\' ? 2 : 1);
		if (c == '(')
			depth++;
		if (c == ')' && --depth == 0)
			break;
	}
}

static bool
is_space(char c)
{
	return byte_is_blank(c) || c == '\r' || c == '\n';
}

void
author_skip(struct span *rest)
{
	while (rest->len > 0)
		if (rest->at[0] == '(')
			skip_comment(rest);
		else if (is_space(rest->at[0]))
			*rest = span_from(*rest, 1);
		else
			return;
}

void
author_plain(struct span value, struct str *plain)
{
	for (author_skip(&value); value.len > 0; author_skip(&value))
		if (value.at[0] == '"') {
			str_add(plain, take_quoted(&value));
		} else {
			str_add_byte(plain, value.at[0]);
			value = span_from(value, 1);
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
			take_quoted(rest);
		else
			*rest = span_from(*rest, 1);
	item = span_head(start, start.len - rest->len);
	*stop_r = '\0';
	span_take_byte(rest, stop_r);
	return item;
}

/* What is behind the colon of a route (RFC 5322 4.4) or of a group's name, and
 * before the ';' of its end. */
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
