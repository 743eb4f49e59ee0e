#include "users/password_weak.h"

#include "base/str.h"

enum { SHORT = 10, NUMBER_SHORT = 16, NAME_MIN = 3, LABEL_MIN = 4 };

/* The most frequent cores in leaked lists, without the digits and symbols that
 * people put around them. */
static const char *const common[] = { "abcdef", "access", "admin",
	"administrator", "asdf", "asdfgh", "asdfghjkl", "azerty", "baseball",
	"batman", "changeme", "charlie", "chocolate", "computer", "default",
	"dragon", "family", "flower", "football", "freedom", "geheim", "hallo",
	"hello", "hockey", "hottie", "iloveyou", "internet", "jennifer",
	"jordan", "justin", "killer", "letmein", "login", "loveme", "lovely",
	"mail", "master", "matrix", "michael", "michelle", "monkey", "mustang",
	"naruto", "ninja", "passw", "passwd", "password", "passwort", "pepper",
	"pokemon", "princess", "qazwsx", "qwer", "qwerty", "qwertyuiop",
	"qwertz", "root", "samsung", "secret", "server", "shadow", "soccer",
	"spring", "starwars", "summer", "sunshine", "superman", "test",
	"testing", "tiger", "trustno", "user", "welcome", "whatever",
	"willkommen", "winter", "yxcvbn", "zaqxsw", "zxcvbn" };

/* Fold to lower case, with symbols and digits replaced by the letters they
 * stand for. */
static void
fold(struct span text, struct str *out)
{
	static const char from[] = "0134578@$", to[] = "oleastbas";

	str_set(out, text);
	str_lower(out, 0);
	for (size_t i = 0; i < out->len; i++)
		for (size_t k = 0; k < sizeof from - 1; k++)
			if (out->at[i] == from[k])
				out->at[i] = to[k];
}

static bool
holds(struct span text, struct span part)
{
	for (; text.len >= part.len; text = span_from(text, 1))
		if (span_equal(span_head(text, part.len), part))
			return true;
	return false;
}

static struct span
without_ends(struct span s)
{
	while (s.len > 0 && !byte_is_alpha(s.at[0]))
		s = span_from(s, 1);
	while (s.len > 0 && !byte_is_alpha(s.at[s.len - 1]))
		s.len--;
	return s;
}

static bool
is_listed(struct span heart)
{
	for (size_t i = 0; i < COUNT(common); i++)
		if (span_equal(heart, span_text(common[i])))
			return true;
	return false;
}

static bool
is_common(struct span lower)
{
	struct str folded = STR_INIT;
	bool is = is_listed(without_ends(lower));

	fold(without_ends(lower), &folded);
	is |= is_listed(str_span(&folded));
	fold(lower, &folded);
	is |= is_listed(without_ends(str_span(&folded)));
	str_wipe(&folded);
	return is;
}

/* The local part, or a label of the domain but the last. */
static bool
names_owner(struct span password, struct span address)
{
	struct span local = span_head(address, span_find(address, '@'));
	struct span rest = span_from(address, local.len + 1), label;

	local = span_head(local, span_find(local, '+'));
	if (local.len >= NAME_MIN && holds(password, local))
		return true;
	while (span_until(&rest, '.', &label) && span_take(&rest, '.'))
		if (label.len >= LABEL_MIN && holds(password, label))
			return true;
	return false;
}

static size_t
characters(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.at[i] & 0xc0) != 0x80;
	return n;
}

const char *
password_weakness(struct span password, struct span address)
{
	struct str lower = STR_INIT;
	const char *why = NULL;

	str_add(&lower, password);
	str_lower(&lower, 0);
	if (characters(password) < SHORT)
		why = "has fewer than 10 characters";
	else if (password.len < NUMBER_SHORT &&
	    without_ends(password).len == 0 && span_is_ascii(password))
		why = "has only digits and symbols, and fewer than 16";
	if (names_owner(str_span(&lower), address))
		why = "contains the name of its user or domain";
	if (is_common(str_span(&lower)))
		why = "is one of the most common ones";
	str_wipe(&lower);
	return why;
}
