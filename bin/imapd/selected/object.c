#include "selected/object.h"

#include "base/crc32c.h"
#include "store/mailbox.h"
#include "store/name_object.h"
#include "store/shared.h"

void
mailbox_id_add(const struct store *s, struct str *out, struct span mailbox,
    uint32_t uidvalidity)
{
	const struct shared_folder *other = mailbox_shared(s, mailbox);

	str_addf(out, "(F%u", uidvalidity);
	if (other != NULL)
		str_addf(
		    out, "-%u", crc32c(0, other->owner.at, other->owner.len));
	str_add_byte(out, ')');
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
