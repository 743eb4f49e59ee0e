/* Writing a message: the only way into the spool. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "os/file.h"
#include "spool/blank.h"
#include "spool/format.h"
#include "spool/spool.h"

enum {
	WRITE_AT = 65536, /* pending bytes are written when this many wait */
};

/* Remember the first failure. */
static int
failed(struct spool_file *f, int error)
{
	if (f->error == 0)
		f->error = error;
	errno = f->error;
	return -1;
}

static int
pending_write(struct spool_file *f)
{
	if (write_all(f->fd, str_span(&f->pending)) < 0)
		return failed(f, errno);
	str_clear(&f->pending);
	return 0;
}

/* A new file in tmp/, group-readable despite the umask: the other programs of
 * the chain have other uids. */
static int
file_make(struct spool_file *f)
{
	f->fd = file_create(f->spool->tmp, f->temporary.text, 0600);
	if (f->fd < 0 && errno == EEXIST) {
		/* A derived id whose previous writer was killed. */
		f->temporary = id_new();
		f->fd = file_create(f->spool->tmp, f->temporary.text, 0600);
	}
	if (f->fd < 0)
		return -1;
	if (fchmod(f->fd, SPOOL_MODE) < 0) {
		failed(f, errno);
		spool_abort(f);
		return -1;
	}
	return 0;
}

int
spool_create(struct spool_file *f, const struct spool *s, const struct id *id,
    const struct envelope *e)
{
	*f = (struct spool_file){
		.spool = s, .id = *id, .temporary = *id, .pending = STR_INIT
	};
	f->fd = blank_take(s, f->temporary.text);
	if (f->fd < 0 && file_make(f) < 0)
		return -1;
	str_addf(&f->pending, SPOOL_FIRST_LINE, 0ULL, 0ULL);
	envelope_write(e, &f->pending);
	f->header = f->pending.len;
	if (f->header > SPOOL_HEADER_MAX) {
		failed(f, EFBIG);
		spool_abort(f);
		errno = EFBIG;
		return -1;
	}
	return 0;
}

int
spool_write(struct spool_file *f, struct span bytes)
{
	if (f->error != 0)
		return failed(f, f->error);
	f->size += bytes.len;
	str_add(&f->pending, bytes);
	return f->pending.len < WRITE_AT ? 0 : pending_write(f);
}

int
spool_share(struct spool_file *f)
{
	if (f->error != 0 || pending_write(f) < 0)
		return failed(f, f->error);
	/* Others may keep the descriptor, so it must never become a blank. */
	if (fchmod(f->fd, SPOOL_MODE_SHARED) < 0)
		return failed(f, errno);
	f->shared = true;
	return f->fd;
}

/* Fill in the lengths: in memory while nothing has been written, so that a
 * small message takes one write. */
static int
lengths_fill(struct spool_file *f)
{
	char line[SPOOL_FIRST_MAX];
	struct stat st;
	int n;

	if (f->shared) {
		if (pending_write(f) < 0)
			return -1;
		if (fstat(f->fd, &st) < 0)
			return failed(f, errno);
		if ((uint64_t)st.st_size < f->header)
			return failed(f, EIO);
		f->size = (uint64_t)st.st_size - f->header;
	}
	n = snprintf(line, sizeof line, SPOOL_FIRST_LINE,
	    (unsigned long long)f->header, (unsigned long long)f->size);
	if (f->pending.len == f->header + f->size) {
		memcpy(f->pending.at, line, (size_t)n);
		return 0;
	}
	for (int done = 0; done < n;) {
		ssize_t r = pwrite(f->fd, line + done, n - done, done);

		if (r < 0 && errno != EINTR)
			return failed(f, errno);
		done += r > 0 ? (int)r : 0;
	}
	return 0;
}

static void
release(struct spool_file *f)
{
	close(f->fd);
	f->fd = -1;
	str_free(&f->pending);
}

int
spool_commit(struct spool_file *f)
{
	struct commit c = { .fd = f->fd,
		.from_dir = f->spool->tmp,
		.from = f->temporary.text,
		.to_dir = f->spool->new,
		.to = f->id.text };
	int r;

	if (f->error != 0 || lengths_fill(f) < 0 || pending_write(f) < 0) {
		spool_abort(f);
		errno = f->error;
		return -1;
	}
	r = file_commit(&c, 1);
	f->error = c.error;
	release(f);
	errno = f->error;
	return r;
}

void
spool_abort(struct spool_file *f)
{
	if (f->fd < 0)
		return;
	unlinkat(f->spool->tmp, f->temporary.text, 0);
	release(f);
	errno = f->error;
}
