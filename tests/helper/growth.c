/* The parsers of lib/mail for tests/growth.bats: see growth.h. The first word of
 * a name is its header's. */
#include "growth.h"

#include <stdlib.h>

#include "mail/address.h"
#include "mail/cfws.h"
#include "mail/charset.h"
#include "mail/crlf.h"
#include "mail/date.h"
#include "mail/decode.h"
#include "mail/domain.h"
#include "mail/envelope.h"
#include "mail/fold.h"
#include "mail/header.h"
#include "mail/idna.h"
#include "mail/mailboxes.h"
#include "mail/mutf7.h"
#include "mail/nstring.h"
#include "mail/preview.h"
#include "mail/quote.h"
#include "mail/sortkey.h"
#include "mail/trigrams.h"
#include "mail/utf8.h"
#include "mail/word.h"

/* The value of the first field; what has none is a value as it is. */
static struct span
value_of(struct span in)
{
	struct header_field f;
	struct span rest = in;

	return header_next(&rest, &f) && f.name.len > 0 ? f.value : in;
}

static void
run_header(struct span in)
{
	struct str out = STR_INIT;
	struct span rest = in;
	struct header_field f;

	header_size(in);
	header_tls_optional(in);
	while (header_next(&rest, &f))
		header_unfold(&out, f.value);
	str_free(&out);
}

static void
run_mime(struct span in)
{
	struct arena a = ARENA_INIT;

	mime_parse(&a, in);
	arena_free(&a);
}

static void
run_structure(struct span in)
{
	struct arena a = ARENA_INIT;
	struct str out = STR_INIT;

	bodystructure_add(&out, mime_parse(&a, in), true);
	str_free(&out);
	arena_free(&a);
}

static void
run_preview(struct span in)
{
	struct arena a = ARENA_INIT;
	struct str out = STR_INIT;

	preview_add(&out, mime_parse(&a, in));
	str_free(&out);
	arena_free(&a);
}

static void
run_param(struct span in)
{
	struct str value = STR_INIT;

	param_get(value_of(in), "boundary", &value);
	params_add(&value, value_of(in));
	str_free(&value);
}

static void
run_envelope(struct span in)
{
	struct str out = STR_INIT;

	envelope_add(&out, in);
	str_free(&out);
}

static void
run_addresses(struct span in)
{
	struct str out = STR_INIT;

	envelope_addresses(&out, value_of(in));
	str_free(&out);
}

static void
run_mailboxes(struct span in)
{
	struct str address = STR_INIT;
	struct span rest = value_of(in), behind;

	while (mailboxes_next(&rest, &address, &behind))
		mailbox_is_bare(str_span(&address));
	str_free(&address);
}

static void
run_word(struct span in)
{
	struct str out = STR_INIT;

	word_decode(&out, value_of(in));
	str_free(&out);
}

static void
run_decode(struct span in)
{
	struct str out = STR_INIT;

	decode_base64(&out, in);
	decode_quoted(&out, in);
	decode_q(&out, in);
	encoding_of(in);
	str_free(&out);
}

static void
run_charset(struct span in)
{
	static const char *const names[] = { "utf-8", "latin1", "koi8-r",
		"gb18030", "big5", "cp949", "shift_jis", "euc-jp",
		"iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "utf-7", "utf-16",
		"utf-32" };
	struct str out = STR_INIT;

	for (size_t i = 0; i < COUNT(names); i++)
		charset_decode(
		    &out, span_text(names[i]), span_head(in, in.len / 8));
	charset_known(in);
	str_free(&out);
}

static void
run_date(struct span in)
{
	struct date d;
	int64_t seconds;

	date_parse(value_of(in), &d);
	date_imap_parse(value_of(in), &d);
	date_day_parse(value_of(in), &seconds);
}

static void
run_address(struct span in)
{
	struct str out = STR_INIT;
	struct span rest = value_of(in), path = rest;
	struct address a;

	if (address_take_path(&path, &a) || address_take(&rest, &a)) {
		address_text(&a, &out);
		address_key(&a, &out);
		address_equal(&a, &a);
	}
	str_free(&out);
}

static void
run_domain(struct span in)
{
	struct str out = STR_INIT;
	size_t at = span_find(in, '@');

	domain_fold_any(in, &out);
	domain_fold_any(span_from(in, at + 1), &out);
	str_free(&out);
}

static void
run_idna(struct span in)
{
	struct str out = STR_INIT;

	idna_ascii(in, &out);
	idna_ascii(span_from(in, span_find(in, '@') + 1), &out);
	str_free(&out);
}

static void
run_utf8(struct span in)
{
	struct str out = STR_INIT;
	uint32_t point;

	while (utf8_take(&in, &point))
		utf8_add(&out, point);
	str_free(&out);
}

static void
run_cfws(struct span in)
{
	struct span rest = value_of(in);
	char c;

	for (; rest.len > 0; span_take_byte(&rest, &c)) {
		cfws_skip(&rest);
		if (rest.len > 0 && rest.at[0] == '"')
			quoted_take(&rest);
	}
}

static void
run_mutf7(struct span in)
{
	struct str out = STR_INIT;

	mutf7_decode(&out, in, "/");
	mutf7_encode(&out, in, "/");
	str_free(&out);
}

static void
run_fold(struct span in)
{
	struct str out = STR_INIT;

	fold_add(&out, in);
	str_free(&out);
}

static void
run_trigrams(struct span in)
{
	struct trigrams *t = mem_new(sizeof *t);
	struct trigrams_sought x;
	struct str out = STR_INIT;

	trigrams_add(t, in);
	trigrams_put(t, &out);
	trigrams_seek(&x, in);
	trigrams_may_have(str_span(&out), &x);
	str_free(&out);
	free(t);
}

static void
run_nstring(struct span in)
{
	struct str out = STR_INIT;

	string_add(&out, in);
	nstring_add_value(&out, in);
	str_free(&out);
}

static void
run_quote(struct span in)
{
	struct str out = STR_INIT;

	quoted_encode(&out, in);
	quoted_repair(&out, in);
	word_encode(&out, in);
	str_free(&out);
}

static void
run_crlf(struct span in)
{
	struct io io;

	io_init(&io, -1, -1);
	crlf_put(&io, in, crlf_size(in), 0);
	io_free(&io);
}

/* The whole as a header, as a subject and as a list of IDs. */
static void
run_sortkey(struct span in)
{
	struct str out = STR_INIT;
	struct sortkeys k;

	sortkeys_init(&k);
	sortkeys_take(&k, (1U << SORTKEYS) - 1, in);
	sortkeys_free(&k);
	base_subject(&out, value_of(in));
	in = value_of(in);
	while (message_id_next(&in, &out))
		str_clear(&out);
	str_free(&out);
}

int
main(void)
{
	static const struct growth_parser parsers[] = {
		{ "header", run_header },
		{ "mime", run_mime },
		{ "mime, its structure", run_structure },
		{ "preview", run_preview },
		{ "mime, parameters", run_param },
		{ "envelope", run_envelope },
		{ "envelope, addresses", run_addresses },
		{ "mailboxes", run_mailboxes },
		{ "word", run_word },
		{ "decode", run_decode },
		{ "charset", run_charset },
		{ "date", run_date },
		{ "address", run_address },
		{ "domain", run_domain },
		{ "idna", run_idna },
		{ "utf8", run_utf8 },
		{ "cfws", run_cfws },
		{ "mutf7", run_mutf7 },
		{ "fold", run_fold },
		{ "trigrams", run_trigrams },
		{ "nstring", run_nstring },
		{ "quote", run_quote },
		{ "crlf", run_crlf },
		{ "sortkey", run_sortkey },
	};

	return growth_main(parsers, COUNT(parsers));
}
