#include "base/record.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"

static const char plain[] = "@._-+/:,;=~!*'()[]<>";

static void
record_space(struct str *record)
{
	if (record->len > 0 && record->at[record->len - 1] != '\n')
		str_add_byte(record, ' ');
}

void
record_verb(struct str *record, const char *verb)
{
	record_space(record);
	str_add_text(record, verb);
}

void
record_add(struct str *record, const char *key, struct span value)
{
	record_space(record);
	str_add_text(record, key);
	str_add_byte(record, '=');
	percent_encode(record, value, plain);
}

void
record_add_text(struct str *record, const char *key, const char *value)
{
	record_add(record, key, span_text(value));
}

void
record_add_number(struct str *record, const char *key, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%lld", (long long)value);
	record_add_text(record, key, digits);
}

void
record_end(struct str *record)
{
	str_add_byte(record, '\n');
}

/* Take one word, up to a space or the end; both parts still encoded. */
static bool
word_next(struct span *rest, struct span *key_r, struct span *value_r)
{
	struct span word;
	size_t equals;

	while (span_take(rest, ' '))
		;
	if (rest->len == 0)
		return false;
	word = span_head(*rest, span_find(*rest, ' '));
	equals = span_find(word, '=');
	*key_r = span_head(word, equals);
	*value_r = span_from(word, equals + 1);
	if (key_r->len == 0)
		return false;
	*rest = span_from(*rest, word.len);
	return true;
}

bool
record_next(struct span *rest, struct span *key_r, struct str *value_r)
{
	struct span before = *rest, value;

	str_clear(value_r);
	if (!word_next(rest, key_r, &value))
		return false;
	if (percent_decode(value_r, value))
		return true;
	*rest = before;
	return false;
}

bool
record_get(struct span line, const char *key, struct str *value_r)
{
	struct span k, value, wanted = span_text(key);

	str_clear(value_r);
	while (word_next(&line, &k, &value))
		if (span_equal(k, wanted))
			return percent_decode(value_r, value);
	return false;
}

bool
record_get_number(
    struct span line, const char *key, uint64_t max, uint64_t *n_r)
{
	struct span k, value, wanted = span_text(key);

	while (word_next(&line, &k, &value))
		if (span_equal(k, wanted)) /* no digit is ever encoded */
			return span_is_number(value, max, n_r);
	return false;
}

bool
record_is(struct span line, const char *verb)
{
	return span_equal(
	    span_head(line, span_find(line, ' ')), span_text(verb));
}
