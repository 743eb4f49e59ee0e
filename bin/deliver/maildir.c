#include "maildir.h"

#include <errno.h>
#include <unistd.h>

#include "store/name.h"
#include "store/quota.h"
#include "store/special_use.h"

enum { FULL_BELOW = 64 << 10 }; /* with less room the mailbox is full */

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

/* Does the quota have room, besides pending deliveries? RFC 3463: 4.2.2 mailbox
 * full, 5.2.3 message larger than it may be. */
static bool
quota_allows(struct drop *d)
{
	const struct outlet *o = &d->job->outlet;
	uint64_t size = d->job->size;
	int room;

	if (o->quota == 0)
		return quota_read(&d->box->store, 0, &d->quota) == 0;
	if (size > o->quota) {
		job_result(d->job, DATA, "5.2.3", o->address,
		    "the message is larger than the whole mailbox may be");
		return false;
	}
	room = quota_room(
	    &d->box->store, o->quota, size + d->box->pending, 1, &d->quota);
	if (room < 0) {
		job_errno(d->job, o->address, errno);
		return false;
	}
	if (room == 0) {
		/* smtpd then refuses all mail, so don't mark it full for one
		 * large message. */
		if (quota_over(&d->quota, FULL_BELOW, 1))
			quota_mark(o->address, true);
		job_result(
		    d->job, TEMP, "4.2.2", o->address, "the mailbox is full");
		return false;
	}
	return true;
}

/* RFC 6154: the user's junk mailbox, whatever its name. */
static struct span
junk_mailbox(struct drop *d)
{
	struct span found = SPAN("Junk");
	struct str name = STR_INIT;

	if (special_use_find(&d->box->store, USE_JUNK, &name))
		found = arena_copy(&d->job->memory, str_span(&name));
	str_free(&name);
	return found;
}

/* The folder of +extension, or that for junk, if it exists; else the INBOX. */
static const struct maildir *
folder_choose(struct drop *d, bool junk)
{
	const struct store *s = &d->box->store;
	struct span wanted = junk ? junk_mailbox(d) : d->job->outlet.extension;

	d->in_folder = wanted.len > 0 &&
	    delivery_folder(s, wanted, &d->folder) == 0;
	d->job->folder = d->in_folder ? wanted : SPAN("INBOX");
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

/* 1: written, to be committed; 0: already delivered; -1 and errno. */
static int
drop_write(struct drop *d, const struct message *m)
{
	const struct maildir *to = folder_choose(d, m->junk);
	struct str base = STR_INIT, mark = STR_INIT;
	int r = 0;

	name_mark(&mark, d->job->wanted);
	name_make(&base, job_birth(d->job), d->job->id, str_span(&mark),
	    str_span(&d->box->store.host));
	/* A repeated job, or a place that is also a recipient of the message: a
	 * session may already have moved the first copy. */
	if (d->job->attempt > 1 ||
	    (d->job->kind == JOB_MAILBOX && job_is_recipient(d->job)))
		r = delivery_exists(to, str_span(&base), true);
	if (r == 0) {
		r = delivery_start(&d->delivery, to, str_span(&base));
		if (r == 0)
			r = message_each(m, true, drop_put, &d->delivery);
		r = r == 0 ? 1 : -1;
	} else if (r == 1) {
		/* Its deliverer may have died before the sync. */
		r = fsync(to->new) < 0 || fsync(to->cur) < 0 ? -1 : 0;
	}
	str_free(&base);
	str_free(&mark);
	return r;
}

/* The sender only learns that the mail waits; the log has the reason. */
static void
unsafe_log(const char *path)
{
	struct str text = STR_INIT;
	int saved = errno;

	store_fault(path, &text);
	str_free(&text);
	errno = saved;
}

void
batch_add(struct batch *b, struct job *j, const struct message *m)
{
	const struct outlet *o = &j->outlet;
	struct drop *d;
	struct box *box;

	if (b->count == BATCH_MAX)
		batch_commit(b);
	box = boxes_get(&b->boxes, o->place.at);
	if (box == NULL && errno == EBUSY) {
		batch_commit(b);
		box = boxes_get(&b->boxes, o->place.at);
	}
	if (box == NULL) {
		if (errno == EPERM || errno == EACCES)
			unsafe_log(o->place.at);
		job_errno(j, o->address, errno);
		return;
	}
	d = &b->drops[b->count];
	*d = (struct drop){ .box = box,
		.job = j,
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
		job_errno(j, o->address, errno);
		break;
	}
	drop_close(d);
}

static void
drop_settle(struct drop *d)
{
	const struct outlet *o = &d->job->outlet;

	if (d->delivery.error != 0 && d->delivery.error != EEXIST) {
		job_errno(d->job, o->address, d->delivery.error);
	} else if (o->quota > 0 && d->delivery.error == 0) {
		d->box->change.bytes += (int64_t)d->delivery.size;
		d->box->change.count++;
		d->quota.used += (int64_t)d->delivery.size;
		/* Clear an expired mark too. */
		if (!quota_over(&d->quota, FULL_BELOW, 1))
			quota_mark(o->address, false);
	}
	drop_close(d);
}

void
batch_commit(struct batch *b)
{
	struct delivery *all[BATCH_MAX];

	for (size_t i = 0; i < b->count; i++) {
		all[i] = &b->drops[i].delivery;
		if (b->drops[i].job->outlet.quota > 0)
			box_hold(b->drops[i].box);
	}
	if (b->count > 0)
		delivery_commit(all, b->count);
	for (size_t i = 0; i < b->count; i++)
		drop_settle(&b->drops[i]);
	boxes_idle(&b->boxes);
	b->count = 0;
}
