#include "notes.h"

#include "spool/note.h"

const uint64_t notes_size_max = NOTES_MAX;

void
notes_append(struct str *lines, const struct note *n)
{
	/* RFC 3461 6.2: a relay to a host with DSN needs no further report. */
	const struct result r = { .index = n->index,
		.verdict = n->verdict,
		.status = n->status,
		.text = n->text,
		.host = n->host,
		.reply = n->reply,
		.reported = n->dsn,
		.action = n->action ? ACTION_RELAYED : ACTION_DELIVERED };

	note_write(lines, n->id, n->token, &r);
}

void
notes_write(int fd, struct span lines)
{
	if (lines.len > 0 && fd >= 0)
		note_add(fd, lines);
}
