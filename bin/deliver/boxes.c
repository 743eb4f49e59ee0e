#include "boxes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/dirs.h"
#include "os/file.h"

void
boxes_init(struct boxes *b)
{
	*b = (struct boxes){ .clock = 0 };
}

static void
box_release(struct box *box)
{
	if (box->held)
		quota_release(&box->store, &box->change);
	box->held = false;
}

static void
box_close(struct box *box)
{
	box_release(box);
	if (box->open)
		store_close(&box->store);
	box->open = box->busy = false;
	box->pending = 0;
}

void
boxes_free(struct boxes *b)
{
	for (size_t i = 0; i < BOXES_MAX; i++)
		box_close(&b->at[i]);
}

void
box_hold(struct box *box)
{
	if (box->held)
		return;
	box->held = true;
	box->change = (struct quota_change){ 0 };
	quota_hold(&box->store, &box->change);
}

void
boxes_idle(struct boxes *b)
{
	for (size_t i = 0; i < BOXES_MAX; i++) {
		box_release(&b->at[i]);
		b->at[i].busy = false;
		b->at[i].pending = 0;
	}
}

/* Is the open folder still the one at that path? It may have been replaced by
 * another (a restored backup). */
static bool
box_is_there(const struct box *box)
{
	struct str path = STR_INIT;
	struct stat st;
	bool same;

	str_add(&path, str_span(&box->store.path));
	str_add_text(&path, "/new");
	same = lstat(path.at, &st) == 0 && st.st_dev == box->device &&
	    st.st_ino == box->inode;
	str_free(&path);
	return same;
}

/* Only below CHAINMAIL_MAIL, as CHAINMAIL_MAIL/DOMAIN/LOCAL: other homes are
 * not created by us. */
static bool
is_ours(const char *path)
{
	struct span rest = span_text(path);

	return span_take_text(&rest, span_text(dir_mail())) &&
	    span_take(&rest, '/');
}

static int
box_open(struct box *box, const char *path)
{
	struct stat st;
	int r = store_open(&box->store, path, true);

	if (r < 0 && errno == ENOENT && is_ours(path) &&
	    dir_make_parents(path) == 0)
		r = store_open(&box->store, path, true);
	if (r < 0)
		return -1;
	box->open = true;
	if (fstat(box->store.root.new, &st) < 0) {
		box_close(box);
		return -1;
	}
	box->device = st.st_dev;
	box->inode = st.st_ino;
	return 0;
}

struct box *
boxes_get(struct boxes *b, const char *path)
{
	struct box *oldest = NULL;

	for (size_t i = 0; i < BOXES_MAX; i++) {
		struct box *box = &b->at[i];

		if (box->open && strcmp(box->store.path.at, path) == 0) {
			box->used = ++b->clock;
			if (box->busy || box_is_there(box))
				return box;
			box_close(box);
		}
		if (!box->busy &&
		    (oldest == NULL || !box->open ||
			(oldest->open && box->used < oldest->used)))
			oldest = box;
	}
	if (oldest == NULL) {
		errno = EBUSY;
		return NULL;
	}
	box_close(oldest);
	if (box_open(oldest, path) < 0)
		return NULL;
	oldest->used = ++b->clock;
	return oldest;
}
