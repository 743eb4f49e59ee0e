#include "filter.h"

#include <string.h>

#include "mail/domain.h"

enum { AGE_MAX = 1000000000 };

void
filter_init(struct filter *f)
{
	*f = (struct filter){ .older = -1, .newer = -1 };
}

void
filter_free(struct filter *f)
{
	arena_free(&f->text);
}

static const char *
take_address(struct filter *f, struct span value, struct span *to)
{
	if (value.len == 0 || span_find(value, '@') == value.len)
		return span_equal(value, SPAN("<>"))
		    ? (*to = SPAN("<>"), NULL)
		    : "an address, @domain or <> is expected";
	*to = arena_copy(&f->text, value);
	return NULL;
}

static const char *
take_from(struct filter *f, struct span value)
{
	return take_address(f, value, &f->from);
}

static const char *
take_to(struct filter *f, struct span value)
{
	f->recipients = true;
	return take_address(f, value, &f->to);
}

static const char *
take_domain(struct filter *f, struct span value)
{
	struct str folded = STR_INIT;
	bool sound = domain_fold(value, &folded);

	f->domain = arena_copy(&f->text, str_span(&folded));
	f->recipients = true;
	str_free(&folded);
	return sound ? NULL : "this is no domain";
}

static const char *
take_error(struct filter *f, struct span value)
{
	f->error = arena_copy(&f->text, value);
	f->recipients = true;
	return value.len > 0 ? NULL : "a text is expected";
}

/* "90s", "15m", "2h", "3d", "1w". */
static const char *
take_age(struct span value, int64_t *seconds_r)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 } };
	uint64_t n;

	if (span_number(&value, AGE_MAX, &n))
		for (size_t i = 0; i < COUNT(units); i++)
			if (value.len == 1 && value.at[0] == units[i].unit) {
				*seconds_r = (int64_t)n * units[i].seconds;
				return NULL;
			}
	return "an age is expected, like 90s, 15m, 2h, 3d or 1w";
}

static const char *
take_older(struct filter *f, struct span value)
{
	return take_age(value, &f->older);
}

static const char *
take_newer(struct filter *f, struct span value)
{
	return take_age(value, &f->newer);
}

static void
id_add(struct filter *f, struct span id)
{
	struct span *ids;

	/* Full at 1, 2, 4, ... */
	if ((f->count & (f->count - 1)) == 0) {
		ids = arena_new(&f->text, (2 * f->count + 1) * sizeof *ids);
		if (f->count > 0)
			memcpy(ids, f->ids, f->count * sizeof *ids);
		f->ids = ids;
	}
	f->ids[f->count++] = arena_copy(&f->text, id);
}

static const char *
take_id(struct filter *f, struct span word)
{
	struct str id = STR_INIT, whole = STR_INIT;
	bool sound;

	for (size_t i = 0; i < word.len; i++)
		str_add_byte(&id,
		    byte_is_alpha(word.at[i]) ? (char)(word.at[i] & ~0x20)
					      : word.at[i]);
	/* Whatever follows an id's beginning, zeros will do. */
	str_add(&whole, str_span(&id));
	while (whole.len < ID_LEN)
		str_add_byte(&whole, '0');
	sound = word.len >= PREFIX_MIN && id_valid(str_span(&whole));
	if (sound)
		id_add(f, str_span(&id));
	str_free(&id);
	str_free(&whole);
	return sound ? NULL
		     : "neither a filter nor an id, nor 8 characters of one";
}

const char *
filter_word(struct filter *f, struct span word)
{
	static const struct {
		const char *key;
		const char *(*take)(struct filter *f, struct span value);
	} words[] = {
		{ "from", take_from },
		{ "to", take_to },
		{ "domain", take_domain },
		{ "older", take_older },
		{ "newer", take_newer },
		{ "error", take_error },
	};
	struct span rest = word, key;

	if (span_equal(word, SPAN("held"))) {
		f->held = true;
		return NULL;
	}
	if (!span_until(&rest, '=', &key))
		return take_id(f, word);
	for (size_t i = 0; i < COUNT(words); i++)
		if (span_equal(key, span_text(words[i].key)))
			return words[i].take(f, span_from(rest, 1));
	return "there is no such filter";
}

bool
filter_is_empty(const struct filter *f)
{
	return f->count == 0 && f->from.len == 0 && !f->recipients &&
	    f->older < 0 && f->newer < 0 && !f->held;
}

bool
filter_id(const struct filter *f, struct span id)
{
	for (size_t i = 0; i < f->count; i++)
		if (span_starts(id, f->ids[i]))
			return true;
	return f->count == 0;
}

static bool
address_matches(struct span wanted, struct span address)
{
	if (wanted.len == 0)
		return true;
	if (wanted.at[0] == '@')
		return span_ends_case(address, wanted);
	if (span_equal(wanted, SPAN("<>")))
		return address.len == 0;
	return span_equal_case(wanted, address);
}

bool
filter_message(const struct filter *f, struct span id, struct span from,
    int64_t age, bool held)
{
	return filter_id(f, id) && address_matches(f->from, from) &&
	    (f->older < 0 || age >= f->older) &&
	    (f->newer < 0 || age <= f->newer) && (!f->held || held);
}

static bool
domain_matches(const struct filter *f, struct span address)
{
	struct str folded = STR_INIT;
	struct span domain = address;
	bool same;

	if (f->domain.len == 0)
		return true;
	/* A quoted local part may hold one too: the last counts. */
	while (span_find(domain, '@') < domain.len)
		domain = span_from(domain, span_find(domain, '@') + 1);
	same = domain.len < address.len && domain_fold(domain, &folded) &&
	    span_equal(str_span(&folded), f->domain);
	str_free(&folded);
	return same;
}

bool
filter_recipient(const struct filter *f, struct span address, struct span error)
{
	return address_matches(f->to, address) && domain_matches(f, address) &&
	    (f->error.len == 0 || span_find_case(error, f->error) < error.len);
}

bool
filter_place(const struct filter *f, struct span address, struct span through,
    struct span error)
{
	return filter_recipient(f, address, error) ||
	    (through.len > 0 && filter_recipient(f, through, error));
}
