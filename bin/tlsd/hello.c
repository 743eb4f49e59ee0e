#include "hello.h"

enum { HOST_NAME = 0, NAME_MAX_BYTES = 255 };
enum { RECORD_HEADER = 5, RECORD_HANDSHAKE = 22, RECORD_MAJOR = 3 };
enum { MESSAGE_HEADER = 4, CLIENT_HELLO = 1, VERSION_AND_RANDOM = 34 };
enum { EXTENSION_NAME = 0, EXTENSION_ALPN = 16 };

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

/* RFC 7301 3.1: the list within the extension. */
static bool
alpn_list(struct span extension, struct span *list_r)
{
	return vector_take(&extension, 2, list_r) && extension.len == 0;
}

static void
extensions_read(struct span extensions, struct hello *h)
{
	struct span type, content;

	while (bytes_take(&extensions, 2, &type) &&
	    vector_take(&extensions, 2, &content)) {
		if (type.at[0] != 0)
			continue;
		if (type.at[1] == EXTENSION_NAME)
			hello_server_name(content, &h->name);
		else if (type.at[1] == EXTENSION_ALPN)
			alpn_list(content, &h->alpn);
	}
}

/* RFC 8446 4.1.2. Without extensions it ends after the compression methods. */
static bool
message_read(struct span message, struct hello *h)
{
	struct span skipped, extensions;

	if (!bytes_take(&message, VERSION_AND_RANDOM, &skipped) ||
	    !vector_take(&message, 1, &skipped) ||
	    !vector_take(&message, 2, &skipped) ||
	    !vector_take(&message, 1, &skipped))
		return false;
	if (vector_take(&message, 2, &extensions))
		extensions_read(extensions, h);
	return true;
}

/* Append this record's part of the message; returns the state. */
static enum hello_state
record_take(struct span *bytes, struct str *message)
{
	struct span copy = *bytes, header, content;

	if (copy.len > 0 && copy.at[0] != RECORD_HANDSHAKE)
		return HELLO_NONE;
	if (copy.len > 1 && copy.at[1] != RECORD_MAJOR)
		return HELLO_NONE;
	if (!bytes_take(&copy, RECORD_HEADER - 2, &header) ||
	    !vector_take(&copy, 2, &content))
		return HELLO_PART;
	if (content.len == 0)
		return HELLO_NONE;
	str_add(message, content);
	*bytes = copy;
	return HELLO_WHOLE;
}

enum hello_state
hello_read(struct span bytes, struct str *message, struct hello *h_r)
{
	struct span rest, content;

	*h_r = (struct hello){ SPAN(""), SPAN("") };
	str_clear(message);
	/* RFC 8446 5.1: a message may come in several records. */
	for (;;) {
		enum hello_state state = record_take(&bytes, message);

		if (state != HELLO_WHOLE)
			return state;
		if (message->at[0] != CLIENT_HELLO)
			return HELLO_NONE;
		rest = span_from(str_span(message), 1);
		if (vector_take(&rest, MESSAGE_HEADER - 1, &content))
			break;
	}
	return message_read(content, h_r) ? HELLO_WHOLE : HELLO_NONE;
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
