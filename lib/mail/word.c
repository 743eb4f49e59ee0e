#include "mail/word.h"

#include "mail/charset.h"
#include "mail/decode.h"

struct word {
	struct span charset;
	bool base64;
	struct span text;
};

/* RFC 2047 section 2: "=?" charset "?" encoding "?" encoded-text "?=". None of
 * its pieces holds a space or a '?'. RFC 2231 5 adds "*language". */
static bool
take_word(struct span *rest, struct word *w_r)
{
	struct span s = *rest, name, encoding;

	if (!span_take_text(&s, SPAN("=?")) || !span_until(&s, '?', &name) ||
	    !span_take(&s, '?') || !span_until(&s, '?', &encoding) ||
	    !span_take(&s, '?') || !span_until(&s, '?', &w_r->text) ||
	    !span_take_text(&s, SPAN("?=")) || encoding.len != 1)
		return false;
	w_r->charset = span_head(name, span_find(name, '*'));
	w_r->base64 = byte_lower(encoding.at[0]) == 'b';
	if (!w_r->base64 && byte_lower(encoding.at[0]) != 'q')
		return false;
	if (span_find(name, ' ') < name.len ||
	    span_find(w_r->text, '\n') < w_r->text.len)
		return false;
	*rest = s;
	return true;
}

/* Decoded bytes of adjacent words of one character set, converted together:
 * some programs split characters between words although RFC 2047 5 forbids
 * it. */
struct pending {
	struct span charset;
	struct str bytes;
};

static void
pending_flush(struct pending *p, struct str *out)
{
	struct span bytes = str_span(&p->bytes);

	if (bytes.len > 0 && !charset_decode(out, p->charset, bytes))
		charset_decode(out,
		    span_is_utf8(bytes) ? SPAN("utf-8") : SPAN("latin1"),
		    bytes);
	str_clear(&p->bytes);
}

static void
plain_add(struct str *out, struct span text)
{
	struct span line;

	while (span_line(&text, &line)) {
		for (size_t n; (n = span_find(line, '\r')) < line.len;
		     line = span_from(line, n + 1))
			str_add(out, span_head(line, n));
		str_add(out, line);
	}
}

static void
plain_decode(struct str *out, struct span text)
{
	struct str latin = STR_INIT;

	if (span_is_utf8(text)) {
		plain_add(out, text);
		return;
	}
	charset_decode(&latin, SPAN("latin1"), text);
	plain_add(out, str_span(&latin));
	str_free(&latin);
}

static bool
all_fold(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_space(s.at[i]))
			return false;
	return true;
}

void
word_decode(struct str *out, struct span value)
{
	struct pending p = { .bytes = STR_INIT };
	struct span plain = { value.at, 0 };
	struct word w;
	bool after_word = false;

	while (value.len > 0) {
		if (!take_word(&value, &w)) {
			size_t n = 1 + span_find(span_from(value, 1), '=');

			plain.len += n;
			value = span_from(value, n);
			continue;
		}
		/* RFC 2047 6.2: space between two words is not shown. */
		if (!after_word || !all_fold(plain)) {
			pending_flush(&p, out);
			plain_decode(out, plain);
		} else if (!span_equal_case(p.charset, w.charset)) {
			pending_flush(&p, out);
		}
		p.charset = w.charset;
		if (w.base64)
			decode_base64(&p.bytes, w.text);
		else
			decode_q(&p.bytes, w.text);
		after_word = true;
		plain = (struct span){ value.at, 0 };
	}
	pending_flush(&p, out);
	plain_decode(out, plain);
	str_free(&p.bytes);
}
