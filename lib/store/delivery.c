#include "store/delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/id.h"
#include "base/io.h"
#include "os/file.h"
#include "store/entries.h"
#include "store/mailbox.h"
#include "store/name.h"

int
delivery_start(struct delivery *d, const struct maildir *to, struct span base)
{
	*d = (struct delivery){
		.to = to, .temporary = STR_INIT, .name = STR_INIT
	};
	str_set(&d->temporary, base);
	str_set(&d->name, base);
	d->fd = file_create(to->tmp, d->temporary.at, 0);
	if (d->fd < 0 && errno == EEXIST) {
		/* Left by a crash, or in use by another worker or by this
		 * batch: its writer must never rename a file with our bytes. */
		struct id id = id_new();

		d->other = d->temporary.len;
		str_addf(&d->temporary, ".%s", id.text);
		d->fd = file_create(to->tmp, d->temporary.at, 0);
	}
	if (d->fd < 0)
		d->error = errno;
	return d->fd < 0 ? -1 : 0;
}

int
delivery_write(struct delivery *d, struct span bytes)
{
	if (d->error != 0) {
		errno = d->error;
		return -1;
	}
	if (write_all(d->fd, bytes) < 0) {
		int saved = errno;

		delivery_end(d);
		d->error = errno = saved;
		return -1;
	}
	for (struct span rest = bytes; rest.len > 0;) {
		size_t n = span_find(rest, '\n');

		if (n < rest.len && (n > 0 ? rest.at[n - 1] : d->last) != '\r')
			d->wire++;
		if (n > 0)
			d->last = rest.at[n - 1];
		if (n < rest.len)
			d->last = '\n';
		rest = span_from(rest, n + 1);
	}
	d->size += bytes.len;
	d->wire += bytes.len;
	return 0;
}

void
delivery_end(struct delivery *d)
{
	if (d->fd >= 0) {
		close(d->fd);
		unlinkat(d->to->tmp, d->temporary.at, 0);
	}
	d->fd = -1;
	str_free(&d->temporary);
	str_free(&d->name);
}

/* Whether the directory has a name with this base: 1, 0, or -1 and errno. */
static int
base_is_in(int dir, struct span base)
{
	struct entries e;
	struct span name;

	entries_start(&e, dir);
	while (entries_next(&e, &name))
		if (span_starts(name, base) &&
		    (name.len == base.len || name.at[base.len] == ',' ||
			name.at[base.len] == ':'))
			return 1;
	if (e.error != 0)
		errno = e.error;
	return e.error == 0 ? 0 : -1;
}

int
delivery_exists(const struct maildir *m, struct span base, bool in_cur)
{
	int r = base_is_in(m->new, base);

	/* new before cur: sessions move messages only in that direction. */
	return r == 0 && in_cur ? base_is_in(m->cur, base) : r;
}

/* Another worker removed our file because it had delivered the message. */
static bool
is_named(const struct delivery *d)
{
	return delivery_exists(d->to, str_span(&d->temporary), true) == 1 &&
	    fsync(d->to->new) == 0 && fsync(d->to->cur) == 0;
}

/* The message has its final name: a worker still writing another copy finds
 * that copy gone, which loses nothing. */
static void
other_remove(struct delivery *d)
{
	str_cut(&d->temporary, d->other);
	unlinkat(d->to->tmp, d->temporary.at, 0);
}

int
delivery_commit(struct delivery *const *d, size_t n)
{
	struct commit *files = mem_resize(NULL, n, sizeof *files);
	size_t count = 0;
	int error = 0;

	for (size_t i = 0; i < n; i++) {
		if (d[i]->error != 0)
			continue;
		name_sizes(&d[i]->name, d[i]->size, d[i]->wire);
		files[count++] = (struct commit){ .fd = d[i]->fd,
			.from_dir = d[i]->to->tmp,
			.from = d[i]->temporary.at,
			.to_dir = d[i]->to->new,
			.to = d[i]->name.at };
	}
	file_commit(files, count);
	for (size_t i = 0, k = 0; i < n; i++) {
		if (d[i]->error == 0)
			d[i]->error = files[k++].error;
		if (d[i]->error == ENOENT && is_named(d[i]))
			d[i]->error = EEXIST;
		if (d[i]->other > 0 &&
		    (d[i]->error == 0 || d[i]->error == EEXIST))
			other_remove(d[i]);
		if (d[i]->error != 0 && d[i]->error != EEXIST)
			error = d[i]->error;
		if (d[i]->fd >= 0)
			close(d[i]->fd);
		d[i]->fd = -1;
	}
	free(files);
	if (error != 0)
		errno = error;
	return error == 0 ? 0 : -1;
}

/* The existing folder whose name differs from dir only in ASCII case. */
static bool
find_folder(const struct store *s, struct str *dir)
{
	struct entries e;
	struct span name;

	entries_start(&e, s->root.dir);
	while (entries_next(&e, &name))
		if (name.at[0] == '.' && span_equal_case(name, str_span(dir))) {
			str_set(dir, name);
			return true;
		}
	return false;
}

int
delivery_folder(const struct store *s, struct span mailbox, struct maildir *m_r)
{
	struct str dir = STR_INIT;
	int r = -1;

	*m_r = (struct maildir){ -1, -1, -1, -1, 0 };
	if (mailbox_find(s, mailbox, &dir) == 0) {
		r = maildir_open(m_r, s->root.dir, dir.at);
		if (r < 0 && errno == ENOENT && find_folder(s, &dir))
			r = maildir_open(m_r, s->root.dir, dir.at);
	} else {
		errno = ENOENT;
	}
	str_free(&dir);
	return r;
}
