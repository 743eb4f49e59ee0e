/* What is different in another account's folder: \Seen is the reader's own. */
#include "store/acl.h"
#include "store/folder_inside.h"

uint32_t
folder_changeable(const struct folder *f, bool *keywords_r)
{
	unsigned rights = f->read_only ? 0 : f->rights;
	uint32_t flags = 0;

	if (rights & RIGHT_SEEN)
		flags |= FLAG_SEEN;
	if (rights & RIGHT_DELETED)
		flags |= FLAG_DELETED;
	if (rights & RIGHT_FLAGS)
		flags |= FLAGS_IMAP & ~(FLAG_SEEN | FLAG_DELETED);
	*keywords_r = (rights & RIGHT_FLAGS) != 0;
	return flags;
}

/* Its file keeps its name; only the session's own index has the flag. */
static int
seen_one(struct folder *f, uint32_t at, const struct flag_change *w,
    bool *modified_r)
{
	struct index_record old = folder_record(f, at), r = old;
	bool on = (w->flags & FLAG_SEEN) && w->how != FLAGS_REMOVE;
	struct str name = STR_INIT;

	if (old.flags & INDEX_DEAD)
		return 0;
	if (w->conditional && old.modseq > w->unchanged_since) {
		*modified_r = true;
		return 0;
	}
	if (on == ((old.flags & FLAG_SEEN) != 0))
		return 0;
	if (own_seen_mark(&f->seen, old.uid, on) < 0)
		return -1;
	str_set(&name, folder_name(f, at));
	r.flags ^= FLAG_SEEN;
	r.modseq = index_tick(&f->index);
	if (f->lost || index_set_name(&f->index, &r, str_span(&name)) < 0)
		f->lost = true;
	if (view_is_news(f, &old) || !w->silent)
		view_tell(f, r.uid);
	view_own(f, r.modseq);
	folder_put(f, at, &old, &r);
	str_free(&name);
	return 1;
}

/* RFC 4314 4: \Seen is the reader's own, and all that can be changed. */
int
guest_flags(
    struct folder *f, const uint32_t *at, size_t n, const struct flag_change *w)
{
	bool keywords, changed = false,
		       wanted = (folder_changeable(f, &keywords) & FLAG_SEEN) &&
	    (w->how == FLAGS_SET || (w->flags & FLAG_SEEN));
	int lock = folder_begin(f), r = lock < 0 ? -1 : 0;

	if (r == 0 && wanted)
		r = own_seen_begin(&f->seen);
	for (size_t i = 0; r >= 0 && wanted && i < n; i++) {
		bool modified = false;

		r = seen_one(f, at[i], w, &modified);
		if (w->conditional)
			w->modified_r[i] = modified;
		changed |= r > 0;
	}
	own_seen_end(&f->seen, changed);
	folder_unlock(f, lock);
	return r < 0 ? -1 : 0;
}
