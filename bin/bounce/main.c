/* bounce: a report on a message of the spool, for its sender.
 *
 *	bounce [-f | -d | -w] [-r reason] [state-file] < spool-file > report
 *
 * About the recipients that failed (-f), were delivered to (-d) or wait (-w),
 * and that the sender has not been told of; without a state file, about all.
 * Descriptors: 0 the spool file, 1 the report (header and body, LF), 2 the
 * log. Uid: chainmail-queue.
 * Exit codes: 0 done; 64 usage; 65 no spool file, or nothing to report; 75. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/help.h"
#include "base/io.h"
#include "choose.h"
#include "mail/header.h"
#include "os/conf.h"
#include "os/proc.h"
#include "os/sandbox.h"

static const char help[] =
    "usage: bounce [-d | -f | -w] [-r reason] [state-file] < spool-file\n"
    "Prints a report on a message, for its sender (RFC 3464).\n"
    "  -d         about recipients that have the message\n"
    "  -f         about those that failed (this is the default)\n"
    "  -w         about those that wait\n"
    "  -r reason  why, where there is no state file\n"
    "See chainmail-bounce(8).\n";

enum {
	MEMORY_MAX = 256 << 20,
	FILES_MAX = 16,
	HEADER_MAX = 1 << 20,
};

struct bounce {
	struct report report;
	struct spool_message message;
	struct envelope envelope;
	struct limits limits;
	struct str me, text;
	struct state state;
	int state_file; /* -1: none */
	const char *reason;
};

static void
read_from(uint64_t offset, uint64_t len, struct str *out)
{
	if (read_part(STDIN_FILENO, offset, len, out) < 0)
		die(TEMP, "read the spool file");
}

static void
message_read(struct bounce *b)
{
	struct str head = STR_INIT;
	const char *why = NULL;
	uint64_t size;
	enum spool_found found = spool_check(STDIN_FILENO, &b->message, &why);

	if (found == SPOOL_LATER)
		die(TEMP, "read the spool file");
	if (found == SPOOL_BROKEN)
		die(DATA, "standard input is no spool file: %s", why);
	read_from(0, b->message.header, &head);
	if (!spool_envelope(&b->envelope, str_span(&head)))
		die(DATA, "the envelope is malformed");
	str_free(&head);
	size = b->message.size < HEADER_MAX ? b->message.size : HEADER_MAX;
	read_from(b->message.header, size, &b->text);
}

/* The id is in the spool file's name, which is not known here; the state file's
 * name has it. */
static void
identify(struct bounce *b, const char *state)
{
	const char *slash = state == NULL ? NULL : strrchr(state, '/');
	const char *name = slash == NULL ? state : slash + 1;

	b->report.now = clock_wall_s();
	b->report.birth = b->report.now;
	b->report.until = b->report.now + (int64_t)b->limits.queue_life;
	b->report.own = id_new();
	if (name == NULL || !id_valid(span_text(name)))
		return;
	memcpy(b->report.message.text, name, ID_LEN);
	b->report.birth = id_birth_ms(span_text(name)) / 1000;
	b->report.until += b->report.birth - b->report.now;
}

/* Open what is needed and enter the sandbox. */
static void
prepare(struct bounce *b, const char *state)
{
	int etc = conf_open();

	conf_me(etc, &b->me);
	conf_limits(etc, &b->limits, NULL, NULL);
	if (etc >= 0)
		close(etc);
	if (state != NULL) {
		b->state_file = open(state, O_RDONLY | O_CLOEXEC);
		if (b->state_file < 0)
			die(TEMP, "open %s", state);
	}
	proc_limit(&(struct proc_limits){
	    .memory = MEMORY_MAX, .files = FILES_MAX, .no_fork = true });
	sandbox_paths(NULL, 0);
	sandbox_calls(CALLS_FILES);
}

/* Some file systems report a full disk only at close. */
static void
report_print(struct span report)
{
	if (write_all(STDOUT_FILENO, report) < 0 || close(STDOUT_FILENO) < 0)
		die(TEMP, "write the report");
}

int
main(int argc, char **argv)
{
	struct bounce b = { .me = STR_INIT,
		.text = STR_INIT,
		.state_file = -1,
		.reason = "",
		.report.kind = REPORT_FAILED };
	struct str out = STR_INIT;
	bool closed = fcntl(STDOUT_FILENO, F_GETFD) < 0;
	int c;

	proc_start(argv[0], 3);
	help_answer(argc, argv, help);
	while ((c = getopt(argc, argv, "dfr:w")) != -1)
		switch (c) {
		case 'd':
			b.report.kind = REPORT_DELIVERED;
			break;
		case 'f':
			b.report.kind = REPORT_FAILED;
			break;
		case 'w':
			b.report.kind = REPORT_DELAYED;
			break;
		case 'r':
			b.reason = optarg;
			break;
		default:
			help_usage(help);
		}
	if (argc - optind > 1)
		help_usage(help);
	if (closed)
		die(TEMP, "standard output is closed");
	prepare(&b, argv[optind]);
	envelope_init(&b.envelope);
	identify(&b, argv[optind]);
	message_read(&b);
	b.report.me = str_span(&b.me);
	b.report.envelope = &b.envelope;
	if (b.state_file < 0)
		choose_all(&b.report, &b.envelope.text, span_text(b.reason));
	else if (state_parse_file(b.state_file, &b.envelope, &b.state) < 0)
		die(TEMP, "read %s", argv[optind]);
	else if (!choose_known(&b.report, &b.envelope.text, &b.state))
		die(DATA, "there is nothing to report");
	choose_original(&b.report, str_span(&b.text), b.message.size);
	report_write(&b.report, &out);
	report_print(str_span(&out));
	return DONE;
}
