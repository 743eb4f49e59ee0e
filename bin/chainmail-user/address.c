#include "address.h"

#include <stdio.h>

#include "base/die.h"
#include "edit.h"

void
address_take_user(const char *text, struct str *key_r)
{
	if (!address_fold(span_text(text), key_r))
		die(USAGE, "%s is not an address; write user@example.org",
		    text);
}

void
address_take_key(const char *text, struct str *key_r)
{
	if (text[0] != '@') {
		address_take_user(text, key_r);
		return;
	}
	str_add_byte(key_r, '@');
	if (!domain_fold(span_text(text + 1), key_r))
		die(USAGE, "%s is not a domain behind the @", text);
}

static size_t
domain_at(struct span key)
{
	size_t n = key.len;

	while (n > 0 && key.at[n - 1] != '@')
		n--;
	return n;
}

void
address_settle(const struct users_file *f, struct str *key)
{
	size_t n = domain_at(str_span(key));
	struct str given = STR_INIT, wrong = STR_INIT;
	struct span line;
	struct entry e;

	entry_init(&e);
	if (n > 1 &&
	    edit_find(str_span(&f->text), span_from(str_span(key), n - 1),
		ENTRY_ALIAS, &line) &&
	    entry_parse(text_content(line), &e, &wrong)) {
		str_set(&given, str_span(key));
		str_cut(key, n);
		str_add(key, str_span(&e.targets));
		fprintf(stderr, "%s is an alias of %s\n", given.at, key->at);
	}
	entry_free(&e);
	str_free(&given);
	str_free(&wrong);
}

void
address_add_domain(struct users_file *f, struct span key)
{
	struct span text = str_span(&f->text), domain, at, line;
	struct str add = STR_INIT;
	size_t n = domain_at(key);

	domain = span_from(key, n);
	at = span_from(key, n - 1);
	if (!span_equal(domain, str_span(&f->me)) &&
	    !edit_find(text, domain, ENTRY_DOMAIN, &line) &&
	    !edit_find(text, at, ENTRY_ALIAS, &line)) {
		str_add(&add, domain);
		str_add_text(&add, " domain");
		edit_append(&f->text, str_span(&add));
	}
	str_free(&add);
}
