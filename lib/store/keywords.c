#include "store/keywords.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "os/file.h"
#include "store/entries.h"

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
	const int how = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd = openat(dir, "keywords", how), r;

	if (fd < 0 && errno == ENOENT)
		fd = openat(dir, "dovecot-keywords", how);
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

uint32_t
keywords_differ(const struct keywords *a, const struct keywords *b)
{
	uint32_t differ = 0;

	for (unsigned i = 0; i < KEYWORDS_MAX; i++)
		if (!span_equal(keywords_name(a, i), keywords_name(b, i)))
			differ |= 1U << i;
	return differ;
}

unsigned
keywords_room(uint32_t used)
{
	return KEYWORDS_MAX - (unsigned)__builtin_popcount(used & LETTERS);
}

static int
directory_letters(int dir, uint32_t *letters)
{
	struct entries e;
	struct span file;
	struct name n;

	entries_start(&e, dir);
	while (entries_next(&e, &file))
		if (name_parse(file, &n))
			*letters |= n.keywords;
	if (e.error != 0)
		errno = e.error;
	return e.error == 0 ? 0 : -1;
}

/* The letters in file names, of messages and of anything else. */
static int
letters_in_use(const struct maildir *m, uint32_t *letters_r)
{
	*letters_r = 0;
	return directory_letters(m->new, letters_r) < 0 ||
		directory_letters(m->cur, letters_r) < 0
	    ? -1
	    : 0;
}

/* A letter for a new name: one without a name, else one that no message uses.
 * -1: all are in use. */
static int
letter_free(const struct keywords *k, uint32_t used)
{
	int unused = -1;

	for (int n = KEYWORDS_MAX; n-- > 0;) {
		if (used >> n & 1)
			continue;
		if (k->at[n] == 0)
			unused = n;
		else if (unused < 0 || k->at[unused] != 0)
			unused = n;
	}
	return unused;
}

/* Assign letters to the names without one, in memory; *letters gets the bits of
 * all. */
static int
letters_take(struct keywords *k, const struct maildir *m,
    const struct span *names, size_t n, uint32_t *letters)
{
	uint32_t used;

	if (letters_in_use(m, &used) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int letter = keywords_find(k, names[i]);

		if (letter < 0) {
			letter = letter_free(k, used | *letters);
			if (letter < 0) {
				errno = E2BIG;
				return -1;
			}
			put(k, (unsigned)letter, names[i]);
		}
		*letters |= 1U << letter;
	}
	return 0;
}

int
keywords_make(struct keywords *k, const struct maildir *m,
    const struct span *names, size_t n, uint32_t *letters)
{
	uint32_t before = *letters;
	bool missing = false;

	for (size_t i = 0; i < n; i++) {
		int letter = keywords_find(k, names[i]);

		if (!is_atom(names[i])) {
			*letters = before;
			errno = EDOM;
			return -1;
		}
		missing |= letter < 0;
		if (letter >= 0)
			*letters |= 1U << letter;
	}
	if (!missing)
		return 0;
	if (letters_take(k, m, names, n, letters) == 0 &&
	    write_file(k, m->dir, m->tmp) == 0)
		return 0;
	int saved = errno;

	*letters = before;
	keywords_read(k, m->dir); /* undo */
	errno = saved;
	return -1;
}
