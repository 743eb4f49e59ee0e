/* A message's bytes. Small ones are read with one call; large ones are mapped,
 * so that a slow client costs no memory. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/fetch.h"
#include "mail/header.h"

enum {
	HEADER_FIRST = 4096, /* holds nearly every header */
	MAP_FROM = 128 * 1024,
	ONE_READ = 16 *
	    1024, /* up to here read first, then asked for its size */
};

/* Append up to limit bytes; false at the end of the file. */
static int
read_more(struct str *to, int fd, size_t limit)
{
	char *at = str_reserve(to, limit);
	ssize_t n;

	do
		n = read(fd, at, limit);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		to->len += (size_t)n;
		to->at[to->len] = '\0';
	}
	return n < 0 ? -1 : n > 0;
}

static int
read_header(struct content *c, int fd)
{
	struct header_scan scan = { 0 };
	size_t step = HEADER_FIRST - 1;
	int more;

	do {
		more = read_more(&c->buffer, fd, step);
		step = c->buffer.len;
	} while (more > 0 &&
	    !header_scan(
		&scan, span_from(str_span(&c->buffer), (size_t)scan.seen)));
	return more < 0 ? -1 : 0;
}

static int
map(struct content *c, int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED)
		return -1;
	c->mapped = true;
	c->bytes = (struct span){ at, size };
	return 0;
}

static int
read_message(struct content *c, int fd, uint32_t size)
{
	struct stat st;
	int more;

	/* A file of the size that its name says need not be asked for it. */
	if (size < ONE_READ) {
		if (read_more(&c->buffer, fd, ONE_READ) < 0)
			return -1;
		if (c->buffer.len == size)
			return 0;
	}
	if (fstat(fd, &st) < 0)
		return -1;
	if (st.st_size >= MAP_FROM)
		return map(c, fd, (size_t)st.st_size);
	while (c->buffer.len < (size_t)st.st_size) {
		more = read_more(
		    &c->buffer, fd, (size_t)st.st_size - c->buffer.len);
		if (more <= 0)
			return more;
	}
	return 0;
}

int
content_open(
    struct content *c, struct folder *f, uint32_t at, enum content_need need)
{
	int fd = folder_message_open(f, at), r, error;

	if (fd < 0)
		return -1;
	content_reset(c);
	r = need == NEED_HEADER
	    ? read_header(c, fd)
	    : read_message(c, fd, folder_message(f, at).size);
	if (!c->mapped)
		c->bytes = str_span(&c->buffer);
	error = errno;
	close(fd);
	errno = error;
	return r;
}

const struct part *
content_mime(struct content *c, struct arena *a)
{
	if (c->mime == NULL)
		c->mime = mime_parse(a, c->bytes);
	return c->mime;
}

void
content_reset(struct content *c)
{
	if (c->mapped)
		munmap((void *)(uintptr_t)c->bytes.at, c->bytes.len);
	c->mapped = false;
	c->wire = 0;
	c->mime = NULL;
	str_clear(&c->buffer);
	c->bytes = SPAN("");
}

void
content_free(struct content *c)
{
	content_reset(c);
	str_free(&c->buffer);
}
