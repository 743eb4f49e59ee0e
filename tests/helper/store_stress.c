/* Many processes on one Maildir for a while: deliveries, sessions that change,
 * move and expunge, a program that takes no lock; and kill -9 among them.
 * store_stress MAILDIR SECONDS BOOK [harm] leaves a book of what was seen; exit 1
 * when a process has ended by itself. With harm another one deletes, cuts and
 * damages the indexes all the time; then a session may end with 75, when it can't
 * know any more which message has which number. store.bats compares the book. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/id.h"
#include "base/io.h"
#include "store/delivery.h"
#include "store/entries.h"
#include "store/folder.h"

enum {
	DELIVERERS = 2,
	SESSIONS = 4,
	ID_MAX = 26,
	LINE = 64,
	BOOK_MAX = 1 << 28
};

struct stress {
	struct store store;
	int book; /* one line per fact, appended */
};

static const char *const folders[] = { "INBOX", "Archive" };

static void
note(
    const struct stress *s, char kind, const char *a, unsigned b, const char *c)
{
	struct str line = STR_INIT;

	/* One write(2), so that lines of several processes stay whole; and none
	 * crosses a page, where kill -9 can end a write. */
	str_addf(&line, "%c %s %u %s", kind, a, b, c);
	while (line.len < LINE - 1)
		str_add_byte(&line, ' ');
	str_add_byte(&line, '\n');
	if (write_all(s->book, str_span(&line)) < 0)
		abort();
	str_free(&line);
}

static void
deliver_one(struct stress *s)
{
	struct id id = id_new();
	struct str base = STR_INIT;
	struct delivery d, *all[] = { &d };

	name_make(&base, clock_wall_s(), span_text(id.text), SPAN(""),
	    SPAN("stress"));
	if (delivery_start(&d, &s->store.root, str_span(&base)) == 0 &&
	    delivery_write(&d, span_text(id.text)) == 0 &&
	    delivery_commit(all, 1) == 0)
		note(s, 'D', id.text, 0, "-");
	delivery_end(&d);
	str_free(&base);
}

static bool
read_id(struct folder *f, uint32_t at, char id[ID_MAX + 1])
{
	int fd = folder_message_open(f, at);
	ssize_t n = fd < 0 ? 0 : read(fd, id, ID_MAX);

	if (fd >= 0)
		close(fd);
	id[n == ID_MAX ? ID_MAX : 0] = '\0';
	return n == ID_MAX;
}

/* Write down who has which UID, from index from on; UIDs must ascend. */
static void
book(struct stress *s, struct folder *f, const char *name, uint32_t from)
{
	char id[ID_MAX + 1];

	for (uint32_t i = from; i < f->count; i++) {
		if (i > 0 &&
		    folder_message(f, i).uid <= folder_message(f, i - 1).uid) {
			fprintf(stderr, "UIDs don't ascend\n");
			exit(1);
		}
		if (read_id(f, i, id))
			note(s, 'S', name, folder_message(f, i).uid, id);
	}
}

static void
change(struct stress *s, struct folder *f, const char *other)
{
	struct flag_change flip = { .how = random() % 2 ? FLAGS_ADD
							: FLAGS_REMOVE,
		.flags = FLAG_SEEN << (random() % 2) };
	uint32_t at[3];
	size_t n = 0;
	struct folder_placed placed;
	char id[ID_MAX + 1];

	for (uint32_t i = 0; i < f->count && n < 3; i++)
		if (!folder_message(f, i).gone && random() % 8 == 0)
			at[n++] = i;
	switch (random() % 6) {
	case 0:
		if (n > 0 && read_id(f, at[0], id)) {
			note(s, 'X', id, 0, "-");
			folder_expunge(f, at, 1, false);
		}
		break;
	case 1:
		folder_place(f, at, n, span_text(other),
		    &(struct place_how){ .move = true }, &placed);
		folder_placed_free(&placed);
		break;
	default:
		folder_flags(f, at, n, &flip);
	}
}

static void
session_run(struct stress *s, bool is_short)
{
	for (;;) {
		int which = (int)(random() % 2);
		struct folder f;
		int rounds = is_short ? 1 : 50;

		if (folder_open(&f, &s->store, span_text(folders[which]),
			random() % 5 == 0) < 0) {
			perror("open");
			exit(1);
		}
		book(s, &f, folders[which], 0);
		for (int i = 0; i < rounds; i++) {
			uint32_t highest = f.count == 0
			    ? 0
			    : folder_message(&f, f.count - 1).uid;

			change(s, &f, folders[!which]);
			if (folder_refresh(&f) < 0)
				perror("refresh");
			folder_report(&f, random() % 2, NULL);
			book(s, &f, folders[which],
			    folder_find(&f, highest + 1));
		}
		folder_close(&f);
	}
}

/* A program that changes flags and knows no lock. */
static void
stranger_run(struct stress *s)
{
	for (;;) {
		struct entries e;
		struct span file;

		entries_start(&e, s->store.root.cur);
		while (entries_next(&e, &file)) {
			struct str name = STR_INIT;
			struct name n;

			if (random() % 20 == 0 && name_parse(file, &n)) {
				n.flags ^= FLAG_ANSWERED;
				name_format(&name, &n, true);
				renameat2(s->store.root.cur, file.at,
				    s->store.root.cur, name.at,
				    RENAME_NOREPLACE);
			}
			str_free(&name);
		}
		poll(NULL, 0, 5);
	}
}

static void
harm_one(int dir)
{
	static const char *const names[] = { "index", "index.names",
		"index.content" };
	const char *name = names[(size_t)random() % COUNT(names)];
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	char byte = (char)random();

	if (end > 0 && random() % 8 == 0)
		unlinkat(dir, name, 0);
	else if (end > 0 && random() % 8 == 0 && ftruncate(fd, random() % end))
		perror("cut");
	else if (end > 0 && pwrite(fd, &byte, 1, random() % end) < 0)
		perror("damage");
	if (fd >= 0)
		close(fd);
}

static void
harm_run(struct stress *s)
{
	struct maildir archive;

	for (;;) {
		harm_one(s->store.root.dir);
		if (maildir_open(&archive, s->store.root.dir, ".Archive") ==
		    0) {
			harm_one(archive.dir);
			maildir_close(&archive);
		}
		poll(NULL, 0, 3);
	}
}

static pid_t
start(struct stress *s, int role)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	srandom((unsigned)getpid());
	if (role < DELIVERERS)
		for (;;)
			deliver_one(s);
	if (role < DELIVERERS + SESSIONS)
		session_run(s, role % 2);
	if (role == DELIVERERS + SESSIONS)
		stranger_run(s);
	harm_run(s);
	return 0;
}

/* By itself, and not since its index was damaged. */
static bool
is_failed(int status, bool harm)
{
	return WIFEXITED(status) && !(harm && WEXITSTATUS(status) == TEMP);
}

int
main(int argc, char **argv)
{
	enum { ROLES_MAX = DELIVERERS + SESSIONS + 2 };
	struct stress s;
	pid_t pids[ROLES_MAX];
	bool harm = argc == 5 && strcmp(argv[4], "harm") == 0;
	int roles = ROLES_MAX - !harm;
	int status, failed = 0, role;
	int64_t end;

	if (argc != 4 + harm || store_open(&s.store, argv[1], true) < 0)
		return 64;
	s.book = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	end = clock_mono_ms() + 1000 * strtol(argv[2], NULL, 10);
	for (role = 0; role < roles; role++)
		pids[role] = start(&s, role);
	while (clock_mono_ms() < end) {
		poll(NULL, 0, 20);
		role = (int)(random() % roles);
		kill(pids[role], SIGKILL);
		waitpid(pids[role], &status, 0);
		failed |= is_failed(status, harm);
		pids[role] = start(&s, role);
	}
	for (role = 0; role < roles; role++) {
		kill(pids[role], SIGKILL);
		waitpid(pids[role], &status, 0);
		failed |= is_failed(status, harm);
	}
	store_close(&s.store);
	return failed;
}
