#include "store/keywords.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "os/file.h"

enum { FILE_MAX_LEN = 65536, KEYWORD_LEN = 100 };

void
keywords_init(struct keywords *k)
{
	*k = (struct keywords){ .text = STR_INIT };
}

void
keywords_free(struct keywords *k)
{
	str_free(&k->text);
	keywords_init(k);
}

/* An IMAP keyword is an atom (RFC 3501 section 9). */
static bool
is_atom(struct span name)
{
	if (name.len == 0 || name.len > KEYWORD_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if ((unsigned char)c > 126 || (unsigned char)c <= 32 ||
		    strchr("(){%*\"\\]", c) != NULL)
			return false;
	}
	return true;
}

static void
put(struct keywords *k, unsigned n, struct span name)
{
	k->at[n] = (uint16_t)(k->text.len + 1);
	if (n >= k->count)
		k->count = (uint8_t)(n + 1);
	str_add(&k->text, name);
	str_add_byte(&k->text, '\0');
}

void
keywords_parse(struct keywords *k, struct span text)
{
	struct span line;
	uint64_t n;

	keywords_free(k);
	while (span_line(&text, &line))
		if (span_number(&line, KEYWORDS_MAX - 1, &n) &&
		    span_take(&line, ' ') && is_atom(line) && k->at[n] == 0 &&
		    keywords_find(k, line) < 0)
			put(k, (unsigned)n, line);
}

int
keywords_read(struct keywords *k, int dir)
{
	struct str text = STR_INIT;
	int fd = openat(dir, "keywords", O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r;

	if (fd < 0 && errno == ENOENT)
		fd = openat(
		    dir, "dovecot-keywords", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		keywords_free(k);
		return errno == ENOENT ? 0 : -1;
	}
	r = read_all(fd, FILE_MAX_LEN, &text);
	close(fd);
	if (r == 0)
		keywords_parse(k, str_span(&text));
	str_free(&text);
	return r;
}

struct span
keywords_name(const struct keywords *k, unsigned n)
{
	if (n >= KEYWORDS_MAX || k->at[n] == 0)
		return SPAN("");
	return span_text(k->text.at + k->at[n] - 1);
}

int
keywords_find(const struct keywords *k, struct span name)
{
	for (unsigned i = 0; i < k->count; i++)
		if (k->at[i] != 0 && span_equal_case(keywords_name(k, i), name))
			return (int)i;
	return -1;
}

static int
write_file(const struct keywords *k, int dir, int tmp)
{
	struct commit c = { .from_dir = tmp,
		.from = "keywords.new",
		.to_dir = dir,
		.to = "keywords",
		.replace = true };
	struct str text = STR_INIT;
	int r;

	for (unsigned i = 0; i < k->count; i++)
		if (k->at[i] != 0)
			str_addf(&text, "%u %s\n", i, keywords_name(k, i).at);
	r = file_write(&c, 0, str_span(&text)); /* the lock is ours */
	str_free(&text);
	return r;
}

int
keywords_add(struct keywords *k, int dir, int tmp, struct span name)
{
	unsigned n = 0;

	if (!is_atom(name)) {
		errno = EINVAL;
		return -1;
	}
	while (n < KEYWORDS_MAX && k->at[n] != 0)
		n++;
	if (n == KEYWORDS_MAX) {
		errno = ENOSPC;
		return -1;
	}
	put(k, n, name);
	if (write_file(k, dir, tmp) < 0) {
		int saved = errno;

		k->at[n] = 0;
		errno = saved;
		return -1;
	}
	return (int)n;
}
