/* enqueue: put one message into the spool.
 *
 *	enqueue [-f sender] [-i id] recipient ... < message
 *
 * Lines may end in LF or CRLF. Missing fields are added; prints the id when
 * the message is safe.
 * Descriptors: 0 the message, 1 the id, 2 the log. Uid: chainmail-queue, or
 * anybody of the spool's group.
 * Exit codes: 0 done; 64 usage; 65 the message can't be taken; 75 try again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/help.h"
#include "base/io.h"
#include "header.h"
#include "mail/address.h"
#include "mail/header.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "spool/rights.h"
#include "spool/spool.h"

static const char help[] =
    "usage: enqueue [-f sender] [-i id] recipient ... < message\n"
    "Puts one message into the spool and prints its id.\n"
    "  -f sender  receives failure reports; '' is nobody\n"
    "  -i id      the message's id, 26 characters; accepted only once\n"
    "See chainmail-enqueue(8).\n";

enum {
	MEMORY_MAX = 256 << 20,
	FILES_MAX = 32,
	CHUNK = 32768,
};

struct enqueue {
	struct spool spool;
	struct limits limits;
	struct envelope envelope;
	struct spool_file file;
	struct origin origin;
	struct str me, sender;
	struct str text;         /* read, not written yet */
	struct header_scan scan; /* of its beginning */
	uint64_t size;           /* bytes read */
	char last;               /* byte of the text so far */
	size_t returns;          /* CRs that were read last; one is kept back */
	bool ended;
};

/* An address in canonical form; a bare name is a user of this host. */
static void
address_take_word(struct enqueue *q, const char *word, struct str *out)
{
	struct str full = STR_INIT;
	struct address a;

	str_add_text(&full, word);
	if (strchr(word, '@') == NULL) {
		str_add_byte(&full, '@');
		str_add(&full, str_span(&q->me));
	}
	if (!address_parse(str_span(&full), &a)) {
		errno = 0;
		die(USAGE, "%s is no mail address", word);
	}
	if (!address_is_ascii(&a))
		q->envelope.smtputf8 = true;
	address_text(&a, out);
	str_free(&full);
}

static void
sender_take(struct enqueue *q, const char *word)
{
	const char *user = getenv("LOGNAME");

	if (word == NULL)
		word = user != NULL && user[0] != '\0' ? user : "postmaster";
	if (word[0] != '\0' && strcmp(word, "<>") != 0)
		address_take_word(q, word, &q->sender);
	q->envelope.from = str_span(&q->sender);
	q->envelope.client = SPAN("local");
	q->envelope.service = SPAN("enqueue");
}

static void
recipients_take(struct enqueue *q, char **words)
{
	for (; *words != NULL; words++) {
		struct str address = STR_INIT;

		address_take_word(q, *words, &address);
		envelope_to(&q->envelope,
		    &(struct recipient){ .address = str_span(&address) });
		str_free(&address);
	}
	if (q->envelope.count > q->limits.recipients) {
		errno = 0;
		die(USAGE, "more than %llu recipients",
		    (unsigned long long)q->limits.recipients);
	}
}

/* Convert CRLF to LF; a bare CR stays. Of several CRs before an LF all stay:
 * stored text that ends a line in CR LF means CRLF. */
static void
lines_add(struct enqueue *q, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.at[i];

		if (q->returns > 1 || (q->returns == 1 && c != '\n'))
			str_add_byte(&q->text, '\r');
		if (c == '\0') {
			spool_abort(&q->file);
			errno = 0;
			die(DATA, "the message holds a NUL byte");
		}
		q->returns = c == '\r' ? q->returns + 1 : 0;
		if (c != '\r')
			str_add_byte(&q->text, c);
	}
}

static void
chunk_read(struct enqueue *q)
{
	char chunk[CHUNK];
	ssize_t n;

	do
		n = read(STDIN_FILENO, chunk, sizeof chunk);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		spool_abort(&q->file);
		die(TEMP, "read the message");
	}
	q->ended = n == 0;
	q->size += (uint64_t)n;
	lines_add(q, (struct span){ chunk, (size_t)n });
	if (q->ended && q->returns > 0)
		str_add_byte(&q->text, '\r');
	if (q->text.len > 0)
		q->last = q->text.at[q->text.len - 1];
	/* The last line may lack its end. */
	if (q->ended && q->size > 0 && q->last != '\n')
		str_add_byte(&q->text, '\n');
}

/* The whole header is in q->text, or more than is allowed. */
static bool
header_ended(struct enqueue *q)
{
	return header_scan(
	    &q->scan, span_from(str_span(&q->text), (size_t)q->scan.seen));
}

static void
fail(struct enqueue *q, const char *what)
{
	int saved = q->file.error;
	bool big = saved == EFBIG;

	spool_abort(&q->file);
	errno = saved;
	die(big ? DATA : TEMP, "%s", what);
}

static void
chunk_write(struct enqueue *q)
{
	if (q->size > q->limits.message_size) {
		spool_abort(&q->file);
		errno = 0;
		die(DATA, "the message is over %llu bytes",
		    (unsigned long long)q->limits.message_size);
	}
	if (spool_write(&q->file, str_span(&q->text)) < 0)
		fail(q, "write the spool file");
	str_clear(&q->text);
}

/* Write the header of q->text, with a missing empty line (RFC 5322 2.1) if text
 * follows. */
static void
header_write(struct enqueue *q, size_t size)
{
	struct span header = span_head(str_span(&q->text), size);
	bool lacks = size > 0 && size < q->text.len &&
	    header.at[size - 1] == '\n' &&
	    (size > 1 && header.at[size - 2] != '\n');

	if (spool_write(&q->file, header) < 0 ||
	    (lacks && spool_write(&q->file, SPAN("\n")) < 0))
		fail(q, "write the spool file");
	str_shift(&q->text, size);
}

static void
header_take(struct enqueue *q)
{
	struct str added = STR_INIT;
	size_t size;

	while (!q->ended && !header_ended(q) &&
	    q->text.len <= q->limits.header_size)
		chunk_read(q);
	size = header_size(str_span(&q->text));
	if (size > q->limits.header_size ||
	    header_hops(str_span(&q->text)) > q->limits.hops) {
		errno = 0;
		die(DATA, "the header is too long, or the message loops");
	}
	header_complete(&q->origin, str_span(&q->text), &added);
	if (spool_create(&q->file, &q->spool, &q->origin.id, &q->envelope) < 0)
		die(TEMP, "create a spool file");
	if (spool_write(&q->file, str_span(&added)) < 0)
		fail(q, "write the spool file");
	header_write(q, size);
	str_free(&added);
}

/* Open what is needed and enter the sandbox. */
static void
prepare(struct enqueue *q, const char *id)
{
	int etc = conf_open();
	struct writer_rights rights;

	if (id != NULL && !id_valid(span_text(id)))
		help_usage(help);
	if (id == NULL)
		q->origin.id = id_new();
	else
		memcpy(q->origin.id.text, id, ID_LEN);
	conf_me(etc, &q->me);
	conf_limits(etc, &q->limits, NULL, NULL);
	if (etc >= 0)
		close(etc);
	if (spool_open(&q->spool) < 0)
		die(TEMP, "open the spool %s", dir_spool());
	proc_limit(&(struct proc_limits){
	    .memory = MEMORY_MAX, .files = FILES_MAX, .no_fork = true });
	writer_rights_init(&rights);
	sandbox_paths(rights.paths, WRITER_PATHS);
	writer_rights_free(&rights);
	sandbox_calls(CALLS_NAMES);
}

static void
id_print(const struct enqueue *q)
{
	struct str line = STR_INIT;

	str_addf(&line, "%s\n", q->origin.id.text);
	/* It is safe, whether or not anybody reads this. */
	(void)write_all(STDOUT_FILENO, str_span(&line));
	str_free(&line);
}

int
main(int argc, char **argv)
{
	struct enqueue q = { .me = STR_INIT,
		.sender = STR_INIT,
		.text = STR_INIT,
		.file = { .fd = -1 } };
	const char *sender = NULL, *id = NULL;
	int c;

	proc_start(argv[0], 3);
	help_answer(argc, argv, help);
	while ((c = getopt(argc, argv, "+f:i:")) != -1) {
		if (c == '?')
			help_usage(help);
		*(c == 'f' ? &sender : &id) = optarg;
	}
	if (optind == argc)
		help_usage(help);
	prepare(&q, id);
	sender_take(&q, sender);
	recipients_take(&q, argv + optind);
	if (spool_room(&q.spool, 0, q.limits.disk_reserve) < 0)
		die(TEMP, "the spool %s is full", dir_spool());
	q.origin.me = str_span(&q.me);
	q.origin.sender = q.envelope.from;
	q.origin.now = clock_wall_s();
	header_take(&q);
	for (chunk_write(&q); !q.ended; chunk_write(&q))
		chunk_read(&q);
	/* EEXIST: the same message was put there before (-i). */
	if (spool_commit(&q.file) < 0 && (errno != EEXIST || id == NULL))
		die(TEMP, "commit the spool file");
	id_print(&q);
	return DONE;
}
