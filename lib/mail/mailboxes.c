#include "mail/mailboxes.h"

#include "mail/cfws.h"

/* One address being read. */
struct reading {
	struct str *address;
	struct span behind; /* what follows its last word */
	bool angle;         /* inside <...> */
	bool closed;        /* behind it */
	bool at;            /* behind the '@' */
	bool spaced;        /* a blank or comment before the next word */
};

/* Two words separated by a blank are not an address, and must not look like
 * one. */
static void
word_add(struct reading *r, struct span word, struct span behind)
{
	struct str *a = r->address;

	if (r->closed) /* rubbish behind '>' */
		return;
	if (r->spaced && a->len > 0 && a->at[a->len - 1] != '.' &&
	    a->at[a->len - 1] != '@' && word.at[0] != '.' && word.at[0] != '@')
		str_add_byte(a, ' ');
	str_add(a, word);
	r->behind = behind;
	r->spaced = false;
}

static void
start_again(struct reading *r)
{
	str_clear(r->address);
	r->at = r->spaced = false;
}

/* One byte outside quoted strings and comments; true at the end of the
 * address. */
static bool
byte_add(struct reading *r, char c, struct span byte, struct span behind)
{
	/* "friends: a@b, c@d;" and "<@a,@b:c@d>", not "<u@[IPv6:::1]>" */
	bool name_ends = c == ':' && !r->closed &&
	    (r->angle ? r->address->at[0] == '@' : !r->at);

	if (c == '>' && r->angle) {
		r->closed = true;
		r->angle = false;
	} else if (c == ';' || (c == ',' && !r->angle)) {
		return true;
	} else if (c == '<' && !r->closed) {
		start_again(r); /* it was the name */
		r->angle = true;
	} else if (name_ends) {
		start_again(r); /* of a group, or a route */
	} else if (byte_is_space(c)) {
		r->spaced = true;
	} else {
		r->at |= c == '@';
		word_add(r, byte, behind);
	}
	return false;
}

static void
reading_run(struct reading *r, struct span *rest)
{
	char c;

	while (rest->len > 0) {
		struct span start = *rest;

		if (start.at[0] == '(') {
			comment_skip(rest);
			r->spaced = true;
		} else if (start.at[0] == '"') {
			struct span word = quoted_take(rest);

			word_add(r, word, *rest);
		} else {
			span_take_byte(rest, &c);
			if (byte_add(r, c, span_head(start, 1), *rest))
				return;
		}
	}
}

bool
mailboxes_next(struct span *rest, struct str *address_r, struct span *behind_r)
{
	while (rest->len > 0) {
		struct reading r = { .address = address_r };

		str_clear(address_r);
		reading_run(&r, rest);
		*behind_r = r.behind;
		if (address_r->len > 0)
			return true;
	}
	return false;
}

bool
mailbox_is_bare(struct span address)
{
	struct span rest = address;
	char c;

	while (rest.len > 0)
		if (rest.at[0] == '"')
			quoted_take(&rest);
		else if (span_take_byte(&rest, &c) && c == '@')
			return false;
	return true;
}
