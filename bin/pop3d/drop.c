/* The maildrop: STAT, LIST, UIDL, DELE, RSET, NOOP and QUIT (RFC 1939 5 to
 * 7). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "retrieve.h"
#include "store/activity.h"
#include "store/quota.h"

/* The size as RETR sends it; false when it is deleted, or removed by another
 * session. */
static bool
size_of(struct session *s, uint32_t at, uint64_t *size_r)
{
	return !(s->marks[at] & MARK_DELETED) && retrieve_size(s, at, size_r);
}

void
cmd_stat(struct session *s, const struct arguments *a)
{
	uint64_t sum = 0, size, count = 0;

	(void)a;
	for (uint32_t i = 0; i < s->folder.count; i++)
		if (size_of(s, i, &size)) {
			sum += size;
			count++;
		}
	reply_ok(s, "%" PRIu64 " %" PRIu64, count, sum);
}

void
cmd_list(struct session *s, const struct arguments *a)
{
	uint64_t size;

	if (a->given && size_of(s, a->at, &size)) {
		reply_ok(s, "%u %" PRIu64, a->at + 1, size);
	} else if (a->given) {
		reply_gone(s, a->at);
	} else {
		reply_ok(s, "sizes follow");
		for (uint32_t i = 0; i < s->folder.count; i++)
			if (size_of(s, i, &size))
				io_putf(
				    &s->io, "%u %" PRIu64 "\r\n", i + 1, size);
		io_put_text(&s->io, ".\r\n");
	}
}

/* RFC 1939 7: unique and never reused, because UIDs are not; in Dovecot's
 * default format, so that a mailbox taken over from it keeps them. */
static void
put_uidl(struct session *s, const char *before, uint32_t at)
{
	io_putf(&s->io, "%s%u %08x%08x\r\n", before, at + 1,
	    folder_message(&s->folder, at).uid, s->folder.uidvalidity);
}

void
cmd_uidl(struct session *s, const struct arguments *a)
{
	if (a->given) {
		put_uidl(s, "+OK ", a->at);
		return;
	}
	reply_ok(s, "unique ids follow");
	for (uint32_t i = 0; i < s->folder.count; i++)
		if (!(s->marks[i] & MARK_DELETED))
			put_uidl(s, "", i);
	io_put_text(&s->io, ".\r\n");
}

void
cmd_dele(struct session *s, const struct arguments *a)
{
	s->marks[a->at] |= MARK_DELETED;
	reply_ok(s, "will be deleted at QUIT");
}

void
cmd_rset(struct session *s, const struct arguments *a)
{
	(void)a;
	for (uint32_t i = 0; i < s->folder.count; i++)
		s->marks[i] &= (unsigned char)~MARK_DELETED;
	reply_ok(s, "deletion marks cleared");
}

void
cmd_noop(struct session *s, const struct arguments *a)
{
	(void)a;
	reply_ok(s, "done");
}

/* A full mailbox may have room again. */
static void
quota_look(struct session *s)
{
	struct quota q;

	if (s->mark >= 0 &&
	    quota_room(s->folder.store, QUOTA_AS_WRITTEN, 1, 1, &q) > 0)
		quota_mark_clear(s->mark);
}

static void
expunge_log(struct session *s, const uint32_t *at, size_t n)
{
	struct activity a;

	activity_start(&a, "expunge", s->user.len > 0 ? s->user.at : NULL,
	    SPAN("INBOX"), (struct span){ NULL, 0 });
	for (size_t i = 0; i < n; i++) {
		struct message m = folder_message(&s->folder, at[i]);

		if (m.removed)
			activity_add(&a, m.uid, folder_name(&s->folder, at[i]),
			    0, SPAN(""));
	}
	activity_end(&a);
}

/* RFC 1939 6: only QUIT removes marked messages. */
void
cmd_quit(struct session *s, const struct arguments *a)
{
	uint32_t *at = mem_resize(NULL, s->folder.count, sizeof *at);
	size_t n = 0;
	int r;

	(void)a;
	for (uint32_t i = 0; i < s->folder.count; i++)
		if (s->marks[i] & MARK_DELETED)
			at[n++] = i;
	r = folder_expunge(&s->folder, at, n, false);
	expunge_log(s, at, n);
	for (size_t i = 0; i < n; i++)
		s->deleted += folder_message(&s->folder, at[i]).gone;
	if (n > 0)
		quota_look(s);
	free(at);
	s->ended = true;
	if (r < 0)
		reply_error(s, "[SYS/TEMP] some deleted messages not removed");
	else
		reply_ok(s, "bye, %zu deleted", n);
}
