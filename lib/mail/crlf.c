#include "mail/crlf.h"

#include <string.h>

void
line_ends_add(struct line_ends *ends, char before, struct span text)
{
	const char *p = text.at, *end = text.at + text.len, *lf;
	uint64_t all = 0, bare = 0;

	for (; p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL;
	     p = lf + 1) {
		all++;
		bare += (lf == text.at ? before : lf[-1]) != '\r';
	}
	ends->all += all;
	ends->bare += bare;
}

uint64_t
crlf_size(struct span text)
{
	struct line_ends ends = { 0 };

	line_ends_add(&ends, '\n', text);
	return text.len + ends.bare;
}

/* Take the next stretch of wire bytes: text up to a bare LF, or the CRLF that
 * stands for it. */
static struct span
take_stretch(const char *start, struct span *rest)
{
	size_t n = 0;
	struct span stretch;

	while (n < rest->len) {
		const char *p;

		n += span_find(span_from(*rest, n), '\n');
		p = rest->at + n;
		if (n == rest->len || p == start || p[-1] != '\r')
			break;
		n++;
	}
	if (n == 0 && rest->len > 0) {
		*rest = span_from(*rest, 1);
		return SPAN("\r\n");
	}
	stretch = span_head(*rest, n);
	*rest = span_from(*rest, n);
	return stretch;
}

static void
put_clean(struct io *io, struct span s)
{
	size_t n;

	while ((n = span_find(s, '\0')) < s.len) {
		io_put(io, span_head(s, n));
		io_put_text(io, "?");
		s = span_from(s, n + 1);
	}
	io_put(io, s);
}

void
crlf_put(struct io *io, struct span text, uint64_t from, uint64_t count)
{
	const char *start = text.at;
	bool has_nul = span_find(text, '\0') < text.len;

	while (count > 0 && text.len > 0) {
		struct span s = take_stretch(start, &text);

		if (from >= s.len) {
			from -= s.len;
			continue;
		}
		s = span_from(s, (size_t)from);
		from = 0;
		if (s.len > count)
			s.len = (size_t)count;
		count -= s.len;
		if (has_nul)
			put_clean(io, s);
		else
			io_put(io, s);
	}
}
