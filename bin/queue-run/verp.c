#include "verp.h"

#include "mail/address.h"

bool
verp_sender(struct span sender, struct span delimiters, struct span recipient,
    struct str *out_r)
{
	struct address from, to;

	str_clear(out_r);
	if (delimiters.len != 2 || !address_parse(sender, &from) ||
	    !address_parse(recipient, &to) || from.local.at[0] == '"' ||
	    to.local.at[0] == '"' || domain_is_literal(to.domain) ||
	    from.local.len + to.local.len + to.domain.len + 2 >
		ADDRESS_LOCAL_MAX)
		return false;
	str_add(out_r, from.local);
	str_add_byte(out_r, delimiters.at[0]);
	str_add(out_r, to.local);
	str_add_byte(out_r, delimiters.at[1]);
	str_add(out_r, to.domain);
	str_add_byte(out_r, '@');
	str_add(out_r, from.domain);
	return true;
}
