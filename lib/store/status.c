#include "store/append.h"
#include "store/folder_inside.h"

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

int
mailbox_status(struct store *s, struct span mailbox, unsigned also,
    struct mailbox_status *r)
{
	struct folder f;

	*r = (struct mailbox_status){ 0 };
	if (folder_open(&f, s, mailbox, true) < 0)
		return -1;
	/* As the index's header says it, whatever the number of messages. */
	r->messages = f.view.known.count - f.view.known.dead;
	r->recent = f.recent;
	r->uidnext = f.uidnext;
	r->uidvalidity = f.uidvalidity;
	r->modseq = folder_modseq(&f);
	r->unseen = f.view.known.unseen;
	r->deleted = f.view.known.deleted;
	r->size = f.view.known.wire;
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
