#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

enum { WRITE_AT = 65536 };

void
message_init(struct message *m)
{
	*m = (struct message){ .text = STR_INIT,
		.header = STR_INIT,
		.file = { .fd = -1, .pending = STR_INIT },
		.scratch = -1,
		.pending = STR_INIT,
		.status = "",
		.reason = STR_INIT };
}

void
message_free(struct message *m)
{
	str_free(&m->text);
	str_free(&m->header);
	str_free(&m->pending);
	str_free(&m->reason);
}

/* Discard what is on the disk. */
static void
release(struct message *m)
{
	spool_abort(&m->file);
	m->file.fd = -1;
	if (m->scratch >= 0)
		close(m->scratch);
	m->scratch = -1;
	str_clear(&m->pending);
	str_clear(&m->header);
}

void
message_abort(struct session *s)
{
	struct message *m = &s->message;

	release(m);
	m->lines = (struct lines){ .state = LINES_START };
	m->in_body = false;
	m->scan = (struct header_scan){ 0 };
	m->size = 0;
	m->code = 0;
	m->status = "";
	str_clear(&m->reason);
	m->name = SPAN("");
}

void
message_refuse(struct session *s, const char *rule, int code,
    const char *status, const char *format, ...)
{
	struct message *m = &s->message;
	char text[400];
	va_list ap;

	if (m->code != 0)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	release(m);
	m->code = code;
	m->status = status;
	m->rule = rule;
	str_set(&m->reason, span_text(text));
}

void
message_refuse_errno(struct session *s)
{
	int error = errno;

	if (spool_reply(error) == 452)
		message_refuse(
		    s, "disk", 452, "4.3.1", "Insufficient disk space");
	else
		message_refuse(s, "disk", 451, "4.3.0",
		    "The message can't be stored now (%s)", strerror(error));
}

bool
message_flush(struct session *s)
{
	struct message *m = &s->message;
	int r = write_all(m->scratch, str_span(&m->pending));

	if (r < 0)
		message_refuse_errno(s);
	else
		str_clear(&m->pending);
	return r == 0;
}

void
message_write(struct session *s, struct span text)
{
	struct message *m = &s->message;

	if (m->code != 0 || text.len == 0)
		return;
	m->last = text.at[text.len - 1];
	if (m->scratch < 0) {
		if (spool_write(&m->file, text) < 0)
			message_refuse_errno(s);
		return;
	}
	str_add(&m->pending, text);
	if (m->pending.len >= WRITE_AT)
		message_flush(s);
}
