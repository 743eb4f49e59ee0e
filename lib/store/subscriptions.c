#include "store/subscriptions.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "os/file.h"
#include "os/lock.h"
#include "store/mailbox.h"

enum { FILE_MAX_LEN = 4 << 20, WAIT_MS = 10000 };

/* Convert one line to a directory name. Courier writes INBOX before each name;
 * Dovecot's second format has a TAB between levels. */
static void
line_add(struct span line, struct str *dirs_r)
{
	if (line.len == 0 || span_starts(line, SPAN("V\t")))
		return;
	if (span_equal_case(line, SPAN("INBOX"))) {
		str_add_text(dirs_r, ".\n");
		return;
	}
	str_add_byte(dirs_r, '.');
	for (size_t i = 0; i < line.len; i++)
		str_add_byte(dirs_r, line.at[i] == '\t' ? '.' : line.at[i]);
	str_add_byte(dirs_r, '\n');
}

void
subscriptions_parse(struct span text, struct str *dirs_r)
{
	struct span line;

	while (span_line(&text, &line))
		line_add(line, dirs_r);
}

static void
courier_parse(struct span text, struct str *dirs_r)
{
	struct span line;

	while (span_line(&text, &line)) {
		span_take_text(&line, SPAN("INBOX."));
		line_add(line, dirs_r);
	}
}

int
subscriptions_read(const struct store *s, struct str *dirs_r)
{
	static const struct {
		const char *file;
		void (*parse)(struct span text, struct str *dirs_r);
	} kinds[] = { { "subscriptions", subscriptions_parse },
		{ "courierimapsubscribed", courier_parse } };
	struct str text = STR_INIT;
	int fd = -1, r;
	size_t i = 0;

	for (; i < COUNT(kinds) && fd < 0; i++) {
		fd = openat(s->root.dir, kinds[i].file,
		    O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 && errno != ENOENT)
			return -1;
	}
	if (fd < 0)
		return 0;
	r = read_all(fd, FILE_MAX_LEN, &text);
	if (r == 0)
		kinds[i - 1].parse(str_span(&text), dirs_r);
	close(fd);
	str_free(&text);
	return r;
}

static int
write_file(const struct store *s, struct span dirs)
{
	struct commit c = { .from_dir = s->root.tmp,
		.from = "subscriptions.new",
		.to_dir = s->root.dir,
		.to = "subscriptions",
		.replace = true };
	struct str text = STR_INIT;
	struct span line;
	int r;

	while (span_line(&dirs, &line)) {
		str_add(
		    &text, line.len == 1 ? SPAN("INBOX") : span_from(line, 1));
		str_add_byte(&text, '\n');
	}
	r = file_write(&c, 0, str_span(&text)); /* the lock is ours */
	str_free(&text);
	return r;
}

/* The line names this mailbox, in whatever form. */
static bool
means(struct span line, struct span dir)
{
	struct str mailbox = STR_INIT, again = STR_INIT;
	bool same = mailbox_of_directory(line, &mailbox) &&
	    mailbox_directory(str_span(&mailbox), &again) &&
	    span_equal(str_span(&again), dir);

	str_free(&mailbox);
	str_free(&again);
	return same;
}

/* Remove dir from the lines and, if on, append it. */
static bool
change(struct str *dirs, struct span dir, bool on)
{
	struct str old = STR_INIT;
	struct span rest, line;
	bool was = false;

	str_add(&old, str_span(dirs));
	str_clear(dirs);
	rest = str_span(&old);
	while (span_line(&rest, &line)) {
		if (span_equal(line, dir) || means(line, dir)) {
			was = true;
			continue;
		}
		str_add(dirs, line);
		str_add_byte(dirs, '\n');
	}
	if (on) {
		str_add(dirs, dir);
		str_add_byte(dirs, '\n');
	}
	str_free(&old);
	return was != on;
}

int
mailbox_subscribe(struct store *s, struct span mailbox, bool on)
{
	struct str dir = STR_INIT, dirs = STR_INIT;
	int lock = -1, r = -1;

	if (!mailbox_directory(mailbox, &dir))
		errno = EINVAL;
	else
		lock = lock_take(s->root.dir, "subscriptions.lock", WAIT_MS);
	if (lock >= 0 && subscriptions_read(s, &dirs) == 0)
		r = change(&dirs, str_span(&dir), on)
		    ? write_file(s, str_span(&dirs))
		    : 0;
	if (lock >= 0)
		close(lock);
	str_free(&dirs);
	str_free(&dir);
	return r;
}
