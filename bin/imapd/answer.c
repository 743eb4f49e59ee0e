#include "answer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "store/mailbox.h"

static const char *const result_words[] = { "OK", "NO", "BAD" };

void
answer(struct session *s, enum result r, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	str_setf(&s->reply, "%s %s", result_words[r], text);
	s->errors = r == RESULT_BAD ? s->errors + 1 : 0;
}

void
answer_syntax(struct session *s)
{
	const struct parser *p = &s->parser;

	if (p->too_big)
		answer(
		    s, RESULT_BAD, "[TOOBIG] Exceeds a limit of this server");
	else if (p->end == IO_BARE)
		answer(s, RESULT_BAD, "A bare CR or LF in the command");
	else
		answer(s, RESULT_BAD, "Syntax error at byte %zu of the line",
		    p->line.len - p->rest.len + 1);
}

/* RFC 5530. */
static const struct {
	int error;
	const char *code;
	const char *text;
} error_codes[] = {
	{ ENOENT, "[NONEXISTENT]", "No such mailbox" },
	{ EEXIST, "[ALREADYEXISTS]", "The mailbox already exists" },
	{ EINVAL, "[CANNOT]", "Not a valid mailbox name" },
	{ EPERM, "[CANNOT]", "Not possible with this mailbox" },
	{ EROFS, "[READ-ONLY]", "The mailbox is open read-only" },
	{ EAGAIN, "[INUSE]", "The mailbox is in use; try again" },
	{ EDQUOT, "[OVERQUOTA]", "The mailbox is full" },
	{ ENOSPC, "[OVERQUOTA]", "The disk is full" },
	{ EFBIG, "[TOOBIG]", "The message is too big" },
	{ EACCES, "[NOPERM]", "Not allowed" },
	{ ESTALE, "[EXPUNGEISSUED]", "Some messages are gone" },
	{ E2BIG, "[LIMIT]", "A mailbox can have at most 26 keywords" },
	{ EDOM, "[CANNOT]", "Not a valid keyword" },
	{ ENAMETOOLONG, "[CANNOT]", "The name is too long" },
};

void
answer_errno(struct session *s, const char *what)
{
	int error = errno;
	struct logline l;

	for (size_t i = 0; i < COUNT(error_codes); i++)
		if (error_codes[i].error == error) {
			answer(s, RESULT_NO, "%s %s", error_codes[i].code,
			    error_codes[i].text);
			return;
		}
	log_start(&l, "error");
	log_text(&l, "user", s->user);
	log_text(&l, "what", what);
	errno = error;
	log_errno(&l);
	log_write(&l);
	answer(s, RESULT_NO, "[SERVERBUG] Could not %s; see the server's log",
	    what);
}

void
answer_mailbox(struct session *s, const char *what, struct span mailbox)
{
	struct str text = STR_INIT;

	if ((errno != EPERM && errno != EACCES) ||
	    mailbox_is_others(&s->store, mailbox)) {
		answer_errno(s, what);
		return;
	}
	mailbox_fault(&s->store, mailbox, &text);
	answer(s, RESULT_NO, "[CONTACTADMIN] %s", text.at);
	str_free(&text);
}
