#include "wire.h"

#include <string.h>

/* A CR before LF becomes part of the line end; a bare one becomes a space.
 * (Text that must keep it is already quoted-printable.) */
static void
odd_add(struct wire *w, struct span bytes, struct str *out)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.at[i];

		if (w->cr && c != '\n') {
			str_add_byte(out, ' ');
			w->inside = true;
		}
		w->cr = c == '\r';
		if (w->cr)
			continue;
		if (c == '.' && w->dots && !w->inside)
			str_add_byte(out, '.');
		if (c == '\n')
			str_add_byte(out, '\r');
		str_add_byte(out, c);
		w->inside = c != '\n';
	}
}

void
wire_add(struct wire *w, struct span bytes, struct str *out)
{
	char *to;

	if (w->odd) {
		odd_add(w, bytes, out);
		return;
	}
	/* The worst case: every byte an LF, or a dot with its LF. */
	to = str_reserve(out, 2 * bytes.len);
	while (bytes.len > 0) {
		size_t n = span_find(bytes, '\n');

		/* RFC 5321 4.5.2: a leading dot is doubled. */
		if (n > 0 && !w->inside && w->dots && bytes.at[0] == '.')
			*to++ = '.';
		memcpy(to, bytes.at, n);
		to += n;
		w->inside = n == bytes.len;
		if (w->inside)
			break;
		*to++ = '\r';
		*to++ = '\n';
		bytes = span_from(bytes, n + 1);
	}
	out->len = (size_t)(to - out->at);
	*to = '\0';
}

void
wire_end(struct wire *w, struct str *out)
{
	if (w->cr)
		str_add_byte(out, ' ');
	if (w->inside || w->cr)
		str_add_text(out, "\r\n");
	w->inside = w->cr = false;
}
