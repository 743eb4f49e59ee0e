#include "store/append.h"
#include "store/folder_inside.h"
#include "store/mailbox.h"

/* Some message's size is not known yet. */
static uint64_t
size_sum(struct folder *f)
{
	uint64_t sum = 0, wire;

	for (uint32_t i = 0; i < f->count; i++)
		if (folder_wire(f, i, &wire) == 0)
			sum += wire;
	return sum;
}

static uint64_t
deleted_sum(struct folder *f)
{
	uint64_t sum = 0, bytes;

	for (uint32_t i = 0; i < f->count; i++)
		if ((folder_message(f, i).flags & FLAG_DELETED) &&
		    folder_size(f, i, &bytes) == 0)
			sum += bytes;
	return sum;
}

/* What the index's header says, whatever the number of messages. */
static struct mailbox_status
status_of(const struct index_header *h)
{
	return (struct mailbox_status){ .messages = h->count - h->dead,
		.unseen = h->unseen,
		.deleted = h->deleted,
		.uidnext = h->uidnext,
		.uidvalidity = h->uidvalidity,
		.modseq = h->modseq,
		.size = h->wire };
}

/* Most often the header alone tells it: a mail program asks for all mailboxes every
 * few minutes. */
static bool
peek(struct store *s, struct span mailbox, unsigned also,
    struct mailbox_status *r)
{
	struct str dir = STR_INIT;
	struct index_header h;
	bool recent,
	    ok = mailbox_shared(s, mailbox) == NULL &&
	    mailbox_find(s, mailbox, &dir) == 0 &&
	    folder_peek(s, dir.at, &h, &recent) &&
	    (!(also & STATUS_RECENT) || !recent) &&
	    (!(also & STATUS_SIZE) || h.unmeasured == 0) &&
	    (!(also & STATUS_DELETED_BYTES) || h.deleted == 0);

	str_free(&dir);
	if (ok)
		*r = status_of(&h);
	return ok;
}

int
mailbox_status(struct store *s, struct span mailbox, unsigned also,
    struct mailbox_status *r)
{
	struct folder f;

	*r = (struct mailbox_status){ 0 };
	if (peek(s, mailbox, also, r))
		return 0;
	if (folder_open(&f, s, mailbox, true) < 0)
		return -1;
	*r = status_of(&f.view.known);
	r->recent = f.recent;
	r->uidnext = f.uidnext;
	r->uidvalidity = f.uidvalidity;
	if ((also & STATUS_SIZE) && f.view.known.unmeasured > 0)
		r->size = size_sum(&f);
	if ((also & STATUS_DELETED_BYTES) && r->deleted > 0)
		r->deleted_bytes = deleted_sum(&f);
	folder_close(&f);
	return 0;
}

int
mailbox_tick(struct store *s, struct span mailbox)
{
	struct folder f;
	int lock;

	if (folder_open(&f, s, mailbox, true) < 0)
		return -1;
	lock = folder_begin(&f);
	if (lock >= 0)
		index_tick(&f.index);
	folder_unlock(&f, lock);
	folder_close(&f);
	return lock < 0 ? -1 : 0;
}
