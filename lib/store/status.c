#include "store/append.h"

int
mailbox_status(
    struct store *s, struct span mailbox, bool size, struct mailbox_status *r)
{
	struct folder f;

	*r = (struct mailbox_status){ 0 };
	if (folder_open(&f, s, mailbox, true) < 0)
		return -1;
	r->messages = f.count;
	r->recent = f.recent;
	r->uidnext = f.uidnext;
	r->uidvalidity = f.uidvalidity;
	for (uint32_t i = 0; i < f.count; i++) {
		uint64_t wire;

		r->unseen += !(f.messages[i].flags & FLAG_SEEN);
		r->deleted += (f.messages[i].flags & FLAG_DELETED) != 0;
		if (size && folder_wire(&f, i, &wire) == 0)
			r->size += wire;
	}
	folder_close(&f);
	return 0;
}
