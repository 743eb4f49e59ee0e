/* One line of the text file `users` (users(5)) as the entry it means. */
#ifndef USERS_TEXT_H
#define USERS_TEXT_H

#include "base/str.h"
#include "mail/domain.h"

enum entry_kind {
	ENTRY_DOMAIN,
	ENTRY_MAILBOX,
	ENTRY_TARGETS,
};
struct entry {
	enum entry_kind kind;
	struct str key;     /* folded, domain in its ASCII form */
	struct str unicode; /* a domain's Unicode form if it has another */
	struct str fields;  /* MAILBOX: a record for users.cdb */
	struct str secrets; /* MAILBOX: a record for secrets.cdb */
	struct str targets; /* TARGETS: a record of to= include= pipe= */
};
void entry_init(struct entry *e);
void entry_free(struct entry *e);

/* Read one line without its comment, not empty. False: wrong_r is what is
 * wrong and what to do about it (the entry is then worth nothing). */
bool entry_parse(struct span line, struct entry *e_r, struct str *wrong_r);

/* Fold an address as a key: lower case, the domain by domain_fold(). False when
 * it is none. */
bool address_fold(struct span address, struct str *key_r);

/* The text without the comment, as in every file of the configuration. */
struct span text_content(struct span line);

#endif
