#include "hello.h"

enum { HOST_NAME = 0, NAME_MAX_BYTES = 255 };

/* Take len bytes; false if there are fewer. */
static bool
bytes_take(struct span *rest, size_t len, struct span *bytes_r)
{
	if (rest->len < len)
		return false;
	*bytes_r = span_head(*rest, len);
	*rest = span_from(*rest, len);
	return true;
}

/* Take a big-endian number of n bytes and as many bytes as it says. */
static bool
vector_take(struct span *rest, size_t n, struct span *content_r)
{
	struct span size, copy = *rest;
	size_t len = 0;

	if (!bytes_take(&copy, n, &size))
		return false;
	for (size_t i = 0; i < n; i++)
		len = len << 8 | (unsigned char)size.at[i];
	if (!bytes_take(&copy, len, content_r))
		return false;
	*rest = copy;
	return true;
}

static bool
is_host_name(struct span name)
{
	if (name.len == 0 || name.len > NAME_MAX_BYTES || name.at[0] == '.')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!byte_is_alpha(c) && !byte_is_digit(c) && c != '-' &&
		    c != '_' && c != '.')
			return false;
	}
	return true;
}

bool
hello_server_name(struct span extension, struct span *name_r)
{
	struct span list, name;
	char kind;

	if (!vector_take(&extension, 2, &list) || extension.len != 0)
		return false;
	/* RFC 6066 3: no more than one name of a kind, and only one kind was
	 * ever defined. */
	if (!span_take_byte(&list, &kind) || kind != HOST_NAME ||
	    !vector_take(&list, 2, &name) || list.len != 0 ||
	    !is_host_name(name))
		return false;
	*name_r = name;
	return true;
}

bool
hello_alpn_has(struct span list, struct span name)
{
	struct span one;

	while (vector_take(&list, 1, &one))
		if (span_equal(one, name))
			return true;
	return false;
}

bool
hello_alpn_is_web(struct span list)
{
	struct span one;
	bool any = false;

	while (vector_take(&list, 1, &one)) {
		if (!span_equal(one, SPAN("h2")) &&
		    !span_equal(one, SPAN("h3")) &&
		    !span_starts(one, SPAN("http/")))
			return false;
		any = true;
	}
	return any;
}
