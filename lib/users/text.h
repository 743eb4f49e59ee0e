/* Parsing one line of the text file of chainmail-users(5). */
#ifndef USERS_TEXT_H
#define USERS_TEXT_H

#include "base/str.h"
#include "mail/domain.h"

enum entry_kind {
	ENTRY_DOMAIN,
	ENTRY_MAILBOX,
	ENTRY_TARGETS,
	ENTRY_ALIAS, /* a domain that is an alias of another */
};
struct entry {
	enum entry_kind kind;
	struct str key;     /* folded, domain in its ASCII form; of an ALIAS
			     * as of a catch-all */
	struct str fields;  /* MAILBOX: a record for users.cdb */
	struct str secrets; /* MAILBOX: a record for secrets.cdb */
	struct str targets; /* TARGETS: a record of to= include= pipe=; ALIAS:
			     * the domain it stands for */
};
void entry_init(struct entry *e);
void entry_free(struct entry *e);

/* Read one line without its comment, not empty. False: wrong_r has the fault
 * and the remedy (the entry is then unusable). */
bool entry_parse(struct span line, struct entry *e_r, struct str *wrong_r);

/* Fold an address as a key: lower case, the domain by domain_fold(). False when
 * it is not an address. */
bool address_fold(struct span address, struct str *key_r);

/* The line without its comment, as in every configuration file. */
struct span text_content(struct span line);

#endif
