#include "maildir.h"

#include <errno.h>
#include <unistd.h>

#include "store/name.h"
#include "store/quota.h"

enum { FULL_BELOW = 64 << 10 }; /* less room than this is a full mailbox */

void
batch_init(struct batch *b)
{
	boxes_init(&b->boxes);
	b->count = 0;
}

void
batch_free(struct batch *b)
{
	batch_commit(b);
	boxes_free(&b->boxes);
}

/* Is there room by the account's quota, beside what is being delivered? RFC
 * 3463: 4.2.2 mailbox full, 5.2.3 message larger than it may be. */
static bool
quota_allows(struct drop *d)
{
	const struct part *p = d->part;
	uint64_t size = d->job->size;

	if (p->quota == 0)
		return quota_read(&d->box->store, 0, &d->quota) == 0;
	if (size > p->quota) {
		job_result(d->job, DATA, "5.2.3", p->address,
		    "the message is larger than the whole mailbox may be");
		return false;
	}
	if (quota_read(&d->box->store, p->quota, &d->quota) < 0) {
		job_errno(d->job, p->address, errno);
		return false;
	}
	if (quota_over(&d->quota, size + d->box->pending, 1)) {
		/* smtpd then refuses all mail: not for want of room for one
		 * large message. */
		if (quota_over(&d->quota, FULL_BELOW, 1))
			quota_mark(p->address, true);
		job_result(
		    d->job, TEMP, "4.2.2", p->address, "the mailbox is full");
		return false;
	}
	return true;
}

/* The folder of +extension, or Junk, if it exists; else the INBOX. */
static const struct maildir *
folder_choose(struct drop *d, bool junk)
{
	const struct store *s = &d->box->store;
	struct span wanted = d->part->extension;

	d->in_folder = (junk &&
			   delivery_folder(s, SPAN("Junk"), &d->folder) == 0) ||
	    (!junk && wanted.len > 0 &&
		delivery_folder(s, wanted, &d->folder) == 0);
	return d->in_folder ? &d->folder : &s->root;
}

static void
drop_close(struct drop *d)
{
	delivery_end(&d->delivery);
	if (d->in_folder)
		maildir_close(&d->folder);
	d->in_folder = false;
}

static int
drop_put(void *to, struct span bytes)
{
	return delivery_write(to, bytes);
}

/* 1: written, to be committed; 0: it is there already; -1 and errno. */
static int
drop_write(struct drop *d, const struct message *m)
{
	const struct maildir *to = folder_choose(d, m->junk);
	struct str base = STR_INIT, mark = STR_INIT;
	int r = 0;

	name_mark(&mark, d->job->wanted);
	name_make(&base, job_birth(d->job), d->job->id, str_span(&mark),
	    str_span(&d->box->store.host));
	/* A repeated job: a session may have moved the first copy already. */
	if (d->job->attempt > 1)
		r = delivery_exists(to, str_span(&base), true);
	if (r == 0) {
		r = delivery_start(&d->delivery, to, str_span(&base));
		if (r == 0)
			r = message_each(m, true, drop_put, &d->delivery);
		r = r == 0 ? 1 : -1;
	} else if (r == 1) {
		/* Whoever named it may have died before the sync. */
		r = fsync(to->new) < 0 || fsync(to->cur) < 0 ? -1 : 0;
	}
	str_free(&base);
	str_free(&mark);
	return r;
}

void
batch_add(struct batch *b, struct job *j, const struct part *p,
    const struct message *m)
{
	struct drop *d;
	struct box *box;

	if (b->count == BATCH_MAX)
		batch_commit(b);
	box = boxes_get(&b->boxes, p->place.at);
	if (box == NULL && errno == EBUSY) {
		batch_commit(b);
		box = boxes_get(&b->boxes, p->place.at);
	}
	if (box == NULL) {
		job_errno(j, p->address, errno);
		return;
	}
	d = &b->drops[b->count];
	*d = (struct drop){ .box = box,
		.job = j,
		.part = p,
		.delivery = {
		    .fd = -1, .temporary = STR_INIT, .name = STR_INIT } };
	if (!quota_allows(d))
		return;
	switch (drop_write(d, m)) {
	case 1:
		box->busy = true;
		box->pending += d->delivery.size;
		b->count++;
		return;
	case -1:
		job_errno(j, p->address, errno);
		break;
	}
	drop_close(d);
}

static void
drop_settle(struct drop *d)
{
	if (d->delivery.error != 0 && d->delivery.error != EEXIST) {
		job_errno(d->job, d->part->address, d->delivery.error);
	} else if (d->part->quota > 0 && d->delivery.error == 0) {
		quota_add(
		    &d->box->store, &d->quota, (int64_t)d->delivery.size, 1);
		if (d->job->attempt > 1 &&
		    !quota_over(&d->quota, FULL_BELOW, 1))
			quota_mark(d->part->address, false);
	}
	drop_close(d);
}

void
batch_commit(struct batch *b)
{
	struct delivery *all[BATCH_MAX];

	for (size_t i = 0; i < b->count; i++)
		all[i] = &b->drops[i].delivery;
	if (b->count > 0)
		delivery_commit(all, b->count);
	for (size_t i = 0; i < b->count; i++)
		drop_settle(&b->drops[i]);
	boxes_idle(&b->boxes);
	b->count = 0;
}
