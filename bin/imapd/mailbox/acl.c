#include "mailbox/acl.h"

#include <errno.h>

#include "answer.h"
#include "argument.h"
#include "base/log.h"
#include "command.h"
#include "mail/nstring.h"
#include "store/acl.h"
#include "store/append.h"
#include "store/mailbox.h"

/* RFC 4314 4: any of them lets a client ask for its rights. */
enum {
	ASKING = RIGHT_LOOKUP | RIGHT_READ | RIGHT_INSERT | RIGHT_CREATE |
	    RIGHT_DELETE | RIGHT_ADMINISTER
};

/* Take " " and an astring. False: the answer is set. */
static bool
take_word(struct session *s, struct span *word_r)
{
	if (parse_space(&s->parser) && parse_astring(&s->parser, word_r))
		return true;
	answer_syntax(s);
	return false;
}

/* RFC 4314 6: who may not look up a mailbox is not told that it is there.
 * False: the answer is set. */
static bool
may_administer(struct session *s, struct span mailbox)
{
	if (mailbox_may(&s->store, mailbox, RIGHT_ADMINISTER) == 0 &&
	    mailbox_exists(&s->store, mailbox) == 0)
		return true;
	answer_mailbox(s, "read the rights", mailbox);
	return false;
}

static bool
is_owner(const struct session *s, struct span id)
{
	return s->user[0] != '\0' && span_equal_case(id, span_text(s->user));
}

/* An identifier to which something can be given. False: the answer is set. */
static bool
id_check(struct session *s, struct span given, struct str *id_r)
{
	if (is_owner(s, given))
		answer(s, RESULT_NO,
		    "[CANNOT] The owner of a mailbox has every right");
	else if (!acl_id(given, id_r))
		answer(s, RESULT_NO,
		    "[CANNOT] Rights are given to the address of an account, "
		    "or to anyone");
	else
		return true;
	return false;
}

static void
rights_log(const struct session *s, struct span mailbox, struct span id)
{
	struct str rights = STR_INIT;
	struct logline l;
	struct acl a;

	if (acl_of(&s->store, mailbox, &a) == 0)
		for (size_t i = 0; i < a.count; i++)
			if (span_equal(a.at[i].id, id))
				rights_add(&rights, a.at[i].rights);
	acl_free(&a);
	log_start(&l, "folder-share");
	log_text(&l, "user", s->user);
	log_span(&l, "folder", mailbox);
	log_span(&l, "to", id);
	log_span(&l, "rights", str_span(&rights));
	log_write(&l);
	str_free(&rights);
}

/* The list of readers first: what a crash leaves there is too much, never too
 * little. */
static void
give(struct session *s, struct span mailbox, struct span id, enum acl_how how,
    unsigned rights)
{
	struct mailbox_status m;
	bool gives = how != ACL_REMOVE && rights != 0;

	/* A reader can't make the UIDVALIDITY. */
	if (gives && mailbox_status(&s->store, mailbox, 0, &m) < 0) {
		answer_mailbox(s, "open the mailbox", mailbox);
	} else if (gives && shared_list_add(s->shared_list, id) < 0) {
		answer(s, RESULT_NO,
		    "[UNAVAILABLE] The list of readers can't be written");
	} else if (acl_change(&s->store, mailbox, id, how, rights) == 0) {
		rights_log(s, mailbox, id);
		answer(s, RESULT_OK, "Done");
	} else if (errno == EPERM) {
		answer(s, RESULT_NO, "[CANNOT] The INBOX can't be shared");
	} else if (errno == E2BIG) {
		answer(s, RESULT_NO,
		    "[LIMIT] A mailbox has at most %d identifiers",
		    ACL_COUNT_MAX);
	} else {
		answer_errno(s, "change the rights");
	}
}

static enum acl_how
take_sign(struct span *rights)
{
	if (span_take(rights, '+'))
		return ACL_ADD;
	return span_take(rights, '-') ? ACL_REMOVE : ACL_SET;
}

void
cmd_setacl(struct session *s)
{
	struct span mailbox, given, letters;
	struct str id = STR_INIT;
	enum acl_how how;
	unsigned rights;

	if (!argument_next_mailbox(s, &mailbox) || !take_word(s, &given) ||
	    !take_word(s, &letters) || !argument_end(s))
		return;
	how = take_sign(&letters);
	if (!rights_parse(letters, &rights))
		answer(s, RESULT_BAD,
		    "A right is one of the letters lrswipkxteacd");
	else if (!may_administer(s, mailbox) || !id_check(s, given, &id))
		;
	else if (how != ACL_REMOVE && (rights & ~(unsigned)RIGHTS_GRANTABLE))
		answer(s, RESULT_NO,
		    "[CANNOT] Others can have the rights l, r and s; see "
		    "LISTRIGHTS");
	else
		give(s, mailbox, str_span(&id), how, rights);
	str_free(&id);
}

void
cmd_deleteacl(struct session *s)
{
	struct span mailbox, given;
	struct str id = STR_INIT;

	if (argument_next_mailbox(s, &mailbox) && take_word(s, &given) &&
	    argument_end(s) && may_administer(s, mailbox) &&
	    id_check(s, given, &id))
		give(s, mailbox, str_span(&id), ACL_SET, 0);
	str_free(&id);
}

static void
entry_add(struct session *s, struct span id, unsigned rights)
{
	str_add_byte(&s->text, ' ');
	string_add(&s->text, id);
	str_add_byte(&s->text, ' ');
	rights_add(&s->text, rights);
}

void
cmd_getacl(struct session *s)
{
	struct span mailbox;
	struct acl a;

	if (!argument_next_mailbox(s, &mailbox) || !argument_end(s) ||
	    !may_administer(s, mailbox))
		return;
	if (acl_of(&s->store, mailbox, &a) < 0) {
		answer_errno(s, "read the rights");
		return;
	}
	str_set(&s->text, SPAN("* ACL "));
	mailbox_name_add(s, &s->text, mailbox);
	if (s->user[0] != '\0')
		entry_add(s, span_text(s->user), RIGHTS_ALL);
	for (size_t i = 0; i < a.count; i++)
		entry_add(s, a.at[i].id, a.at[i].rights);
	str_add_text(&s->text, "\r\n");
	io_put(&s->io, str_span(&s->text));
	acl_free(&a);
	answer(s, RESULT_OK, "Done");
}

/* RFC 4314 3.7: what the identifier has in any case, then what it can be given. */
static void
grantable_add(struct session *s, struct span mailbox, struct span id)
{
	struct str checked = STR_INIT;

	if (is_owner(s, id)) {
		str_add_byte(&s->text, ' ');
		rights_add(&s->text, RIGHTS_ALL);
	} else {
		str_add_text(&s->text, " \"\"");
		for (unsigned right = 1; right <= RIGHTS_GRANTABLE; right <<= 1)
			if ((right & RIGHTS_GRANTABLE) &&
			    acl_id(id, &checked) &&
			    !span_equal(mailbox, SPAN("INBOX"))) {
				str_add_byte(&s->text, ' ');
				rights_add(&s->text, right);
			}
	}
	str_free(&checked);
}

void
cmd_listrights(struct session *s)
{
	struct span mailbox, id;

	if (!argument_next_mailbox(s, &mailbox) || !take_word(s, &id) ||
	    !argument_end(s) || !may_administer(s, mailbox))
		return;
	str_set(&s->text, SPAN("* LISTRIGHTS "));
	mailbox_name_add(s, &s->text, mailbox);
	str_add_byte(&s->text, ' ');
	string_add(&s->text, id);
	grantable_add(s, mailbox, id);
	str_add_text(&s->text, "\r\n");
	io_put(&s->io, str_span(&s->text));
	answer(s, RESULT_OK, "Done");
}

bool
myrights_put(struct session *s, struct span mailbox)
{
	unsigned rights = mailbox_rights(&s->store, mailbox);

	if (!(rights & ASKING))
		return false;
	str_set(&s->text, SPAN("* MYRIGHTS "));
	mailbox_name_add(s, &s->text, mailbox);
	str_add_byte(&s->text, ' ');
	rights_add(&s->text, rights);
	str_add_text(&s->text, "\r\n");
	io_put(&s->io, str_span(&s->text));
	return true;
}

void
cmd_myrights(struct session *s)
{
	struct span mailbox;

	if (!argument_next_mailbox(s, &mailbox) || !argument_end(s))
		return;
	errno = ENOENT;
	if (mailbox_may(&s->store, mailbox, ASKING) == 0 &&
	    (mailbox_shared(&s->store, mailbox) != NULL ||
		mailbox_exists(&s->store, mailbox) == 0) &&
	    myrights_put(s, mailbox))
		answer(s, RESULT_OK, "Done");
	else
		answer_mailbox(s, "read the rights", mailbox);
}
