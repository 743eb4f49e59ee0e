/* APPEND (RFC 3501 6.3.11, RFC 3502) and REPLACE (RFC 8508): messages go
 * straight into the store. */
#include "append/append.h"

#include <errno.h>

#include "answer.h"
#include "argument.h"
#include "command.h"
#include "progress.h"
#include "selected/select.h"
#include "selected/sync.h"
#include "store/acl.h"

void
cmd_append(struct session *s)
{
	struct parser *p = &s->parser;
	struct incoming in;
	struct progress progress;
	uint32_t uidvalidity;
	bool ok;

	/* How many there will be only their client knows. */
	progress_start(&progress, s, 0);
	ok = incoming_start(s, &in) && incoming_message(s, &in);
	while (ok && session_offers(s, "MULTIAPPEND") && parse_space(p) &&
	    p->rest.len > 0) {
		progress_step(&progress, (uint32_t)in.to.count);
		ok = incoming_message(s, &in);
	}
	if (ok && incoming_commit(s, &in, &uidvalidity)) {
		str_set(&s->text, SPAN(""));
		incoming_uids_add(s, &in, uidvalidity, &s->text);
		answer(s, RESULT_OK, "%sAppended", s->text.at);
	}
	incoming_end(&in);
}

/* "4 ", or for UID REPLACE the UID: the message to be replaced. */
static bool
take_replaced(struct session *s, struct chosen *c_r)
{
	struct folder *f = &s->folder;
	struct parser *p = &s->parser;
	uint32_t n, *at = arena_new(&s->arena, sizeof *at);

	*c_r = (struct chosen){ .at = at, .count = 1 };
	if (!parse_space(p) || !parse_number(p, &n) || n == 0) {
		answer_syntax(s);
		return false;
	}
	if (s->folder.read_only) {
		errno = EROFS;
		answer_errno(s, "replace");
		return false;
	}
	/* RFC 8508 4.3: it is expunged. */
	if (!(f->rights & RIGHT_EXPUNGE) || !(f->rights & RIGHT_DELETED)) {
		answer(s, RESULT_NO,
		    "[NOPERM] This needs the rights \"t\" and \"e\"");
		return false;
	}
	*at = s->uid ? folder_find(f, n) : n - 1;
	if (*at >= f->count || (s->uid && folder_message(f, *at).uid != n)) {
		if (s->uid)
			answer(s, RESULT_NO, "[NONEXISTENT] No such message");
		else
			answer(s, RESULT_BAD, "There are only %u messages",
			    f->count);
		return false;
	}
	if (!folder_message(f, *at).gone)
		return true;
	errno = ESTALE;
	answer_errno(s, "replace");
	return false;
}

/* RFC 8508 3.4: the new message is stored before the old one is removed, so that
 * neither a kill nor a power cut loses both. */
static void
replace(struct session *s, struct incoming *in, const struct chosen *old)
{
	uint32_t uidvalidity;

	if (!incoming_commit(s, in, &uidvalidity))
		return;
	if (session_expunge(s, old, false) < 0) {
		append_undo(&in->to);
		answer_errno(s, "replace");
		return;
	}
	str_set(&s->text, SPAN("* OK "));
	incoming_uids_add(s, in, uidvalidity, &s->text);
	str_add_text(&s->text, "New message stored\r\n");
	io_put(&s->io, str_span(&s->text));
	answer(s, RESULT_OK, "Replaced");
}

void
cmd_replace(struct session *s)
{
	struct incoming in = { .to = { .waiting = STR_INIT },
		.other_name = STR_INIT };
	struct chosen old;

	if (!take_replaced(s, &old))
		return;
	if (incoming_start(s, &in)) {
		/* Only the difference from the old one counts. */
		if (folder_size(&s->folder, old.at[0], &in.to.credit) < 0)
			in.to.credit = 0;
		if (incoming_message(s, &in))
			replace(s, &in, &old);
	}
	incoming_end(&in);
}
