#include "store/own_seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"
#include "os/file.h"
#include "os/lock.h"
#include "store/changes.h"
#include "store/folder.h"
#include "store/shared.h"

enum { BITS_AT = 64, WINDOW = 4096, WAIT_MS = 10000 };

static void
window_drop(struct own_seen *s)
{
	s->window_len = 0;
	s->window_at = 0;
}

static void
attach(struct own_seen *s)
{
	if (s->file < 0)
		s->file = openat(s->store->root.dir, s->name.at,
		    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	s->noted = s->file < 0 ? 0 : changes_read(s->file);
	window_drop(s);
}

void
own_seen_open(struct own_seen *s, const struct store *store, struct span owner,
    uint32_t uidvalidity)
{
	struct str name = STR_INIT;

	str_set(&name, SPAN("seen/"));
	percent_encode(&name, owner, "._+=-@");
	str_addf(&name, "-%u", uidvalidity);
	if (!span_equal(str_span(&name), str_span(&s->name))) {
		own_seen_close(s);
		s->store = store;
		str_set(&s->name, str_span(&name));
	}
	str_free(&name);
	attach(s);
}

void
own_seen_close(struct own_seen *s)
{
	int saved = errno;

	if (s->file >= 0)
		close(s->file);
	free(s->window);
	str_free(&s->name);
	*s = (struct own_seen)OWN_SEEN_INIT;
	errno = saved;
}

static off_t
offset_of(uint32_t uid)
{
	return BITS_AT + (off_t)(uid / 8);
}

bool
own_seen_has(struct own_seen *s, uint32_t uid)
{
	uint64_t at = (uint64_t)offset_of(uid);
	ssize_t n;

	if (s->file < 0)
		return false;
	if (at < s->window_at || at >= s->window_at + s->window_len) {
		if (s->window == NULL)
			s->window = mem_new(WINDOW);
		n = pread(s->file, s->window, WINDOW, (off_t)at);
		s->window_at = at;
		s->window_len = n < 0 ? 0 : (size_t)n;
		if (s->window_len == 0)
			return false;
	}
	return s->window[at - s->window_at] >> (uid % 8) & 1;
}

void
own_seen_show(struct own_seen *s, const struct folder *f, struct message *at,
    uint32_t count)
{
	if (f->guest == NULL)
		return;
	own_seen_open(s, f->store, f->guest->owner, f->uidvalidity);
	for (uint32_t i = 0; i < count; i++) {
		at[i].flags &= LETTERS & ~(uint32_t)FLAG_SEEN;
		if (own_seen_has(s, at[i].uid))
			at[i].flags |= FLAG_SEEN;
	}
}

bool
own_seen_is_changed(const struct own_seen *s)
{
	if (s->name.len == 0)
		return false;
	if (s->file < 0)
		return faccessat(s->store->root.dir, s->name.at, F_OK,
			   AT_SYMLINK_NOFOLLOW) == 0;
	return changes_read(s->file) != s->noted;
}

static int
file_make(struct own_seen *s)
{
	if (dir_make(s->store->root.dir, "seen", 0700) < 0)
		return -1;
	s->file = openat(s->store->root.dir, s->name.at,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	return s->file < 0 ? -1 : 0;
}

int
own_seen_begin(struct own_seen *s)
{
	if (s->name.len == 0) {
		errno = EACCES;
		return -1;
	}
	if ((s->file < 0 && file_make(s) < 0) || lock_fd(s->file, WAIT_MS) < 0)
		return -1;
	s->locked = true;
	return 0;
}

int
own_seen_mark(struct own_seen *s, uint32_t uid, bool on)
{
	unsigned char byte = 0, bit = (unsigned char)(1 << uid % 8);
	off_t at = offset_of(uid);
	ssize_t n = pread(s->file, &byte, 1, at);

	if (n < 0)
		return -1;
	window_drop(s);
	byte = on ? byte | bit : byte & (unsigned char)~bit;
	n = pwrite(s->file, &byte, 1, at);
	if (n == 0)
		errno = ENOSPC;
	return n == 1 ? 0 : -1;
}

/* What others did before is still to be read. */
void
own_seen_end(struct own_seen *s, bool changed)
{
	uint64_t before, after;
	int saved = errno;

	if (s->locked) {
		before = changes_read(s->file);
		after = changed ? changes_note(s->file, before) : before;
		if (before == s->noted)
			s->noted = after;
		lock_drop(s->file);
		s->locked = false;
	}
	errno = saved;
}
