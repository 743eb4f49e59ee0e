#include <string.h>

#include "base/encode.h"
#include "mail/domain.h"
#include "net/tls_policy.h"

enum { NAMES_MAX = 20, PINS_MAX = 10 };

static const struct {
	struct span name;
	enum tls_word word;
} words[] = { { SPAN_INIT("none"), TLS_WORD_NONE },
	{ SPAN_INIT("may"), TLS_WORD_MAY },
	{ SPAN_INIT("require"), TLS_WORD_REQUIRE },
	{ SPAN_INIT("verify"), TLS_WORD_VERIFY },
	{ SPAN_INIT("dane"), TLS_WORD_DANE },
	{ SPAN_INIT("pin"), TLS_WORD_PIN } };

/* "mx.example.org", or ".example.org" for all below it. */
static bool
name_add(struct span word, struct arena *a, struct tls_line *l)
{
	struct str name = STR_INIT;
	struct span rest = word;
	bool ok = l->name_count < NAMES_MAX;

	if (span_take(&rest, '.'))
		str_add_byte(&name, '.');
	ok = ok && domain_fold(rest, &name);
	if (ok)
		l->names[l->name_count++] = arena_copy(a, str_span(&name));
	str_free(&name);
	return ok;
}

static bool
pin_add(struct span word, struct tls_line *l)
{
	struct str bytes = STR_INIT;
	bool ok = l->pin_count < PINS_MAX &&
	    span_take_case(&word, SPAN("sha256:")) &&
	    hex_decode(&bytes, word) && bytes.len == TLS_PIN_LEN;

	if (ok)
		memcpy(l->pins[l->pin_count++], bytes.at, TLS_PIN_LEN);
	str_free(&bytes);
	return ok;
}

static bool
word_find(struct span text, enum tls_word *word_r)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (span_equal_case(text, words[i].name)) {
			*word_r = words[i].word;
			return true;
		}
	return false;
}

const char *
tls_line_parse(struct span text, struct arena *a, struct tls_line *line_r)
{
	struct span word;

	*line_r = (struct tls_line){ .word = TLS_WORD_NONE };
	if (!word_find(span_word(&text), &line_r->word))
		return "the second word is none, may, require, verify, dane or "
		       "pin";
	if (line_r->word == TLS_WORD_VERIFY)
		line_r->names = arena_new(a, NAMES_MAX * sizeof *line_r->names);
	if (line_r->word == TLS_WORD_PIN)
		line_r->pins = arena_new(a, PINS_MAX * sizeof *line_r->pins);
	while ((word = span_word(&text)).len > 0) {
		if (line_r->word == TLS_WORD_VERIFY) {
			if (!name_add(word, a, line_r))
				return "after verify write up to 20 names of "
				       "hosts, or .example.org for all below "
				       "it";
		} else if (line_r->word == TLS_WORD_PIN) {
			if (!pin_add(word, line_r))
				return "after pin write up to 10 times sha256: "
				       "and 64 hexadecimal digits";
		} else {
			return "nothing may follow this word";
		}
	}
	if (line_r->word == TLS_WORD_PIN && line_r->pin_count == 0)
		return "after pin write sha256: and the 64 hexadecimal digits "
		       "of the public key's hash";
	return NULL;
}
