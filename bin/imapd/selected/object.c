#include "selected/object.h"

#include "store/name_object.h"

void
mailbox_id_add(struct str *out, uint32_t uidvalidity)
{
	str_addf(out, "(F%u)", uidvalidity);
}

void
email_id_add(struct str *out, struct folder *f, uint32_t at)
{
	struct name n;

	str_add_byte(out, 'M');
	if (name_parse(folder_name(f, at), &n))
		name_object(&n, out);
}

int64_t
save_date(struct folder *f, uint32_t at)
{
	struct name n;
	int64_t date = -1;

	if (name_parse(folder_name(f, at), &n))
		date = name_saved(&n);
	if (date < 0)
		folder_date(f, at, &date);
	return date;
}
