#include "store/special_use.h"

static const struct {
	const char *word;
	unsigned bit;
} words[] = {
	{ "\\Archive", USE_ARCHIVE },
	{ "\\Drafts", USE_DRAFTS },
	{ "\\Junk", USE_JUNK },
	{ "\\Sent", USE_SENT },
	{ "\\Trash", USE_TRASH },
};

unsigned
special_use_bit(struct span word)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (span_equal_case(word, span_text(words[i].word)))
			return words[i].bit;
	return 0;
}

const char *
special_use_word(size_t n, unsigned *bit_r)
{
	if (n >= COUNT(words))
		return NULL;
	*bit_r = words[n].bit;
	return words[n].word;
}

bool
special_uses_parse(struct span value, unsigned *uses_r)
{
	struct span word;

	*uses_r = 0;
	while ((word = span_word(&value)).len > 0) {
		unsigned bit = special_use_bit(word);

		if (bit == 0)
			return false;
		*uses_r |= bit;
	}
	return true;
}

void
special_uses_add(struct str *value, unsigned uses)
{
	bool first = true;

	for (size_t i = 0; i < COUNT(words); i++)
		if (uses & words[i].bit) {
			if (!first)
				str_add_byte(value, ' ');
			first = false;
			str_add_text(value, words[i].word);
		}
}

unsigned
special_use_of_name(struct span mailbox)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if (span_equal(mailbox, span_text(words[i].word + 1)))
			return words[i].bit;
	return 0;
}
