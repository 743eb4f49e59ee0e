/* The users: users.cdb, compiled from the text file `users` (see
 * chainmail-users(5)) by `chainmail user compile`. Programs of the mail path
 * look up addresses.
 *
 * An address is local-part@domain as in the envelope, without <>. Case is
 * ignored in the domain and in ASCII letters of the local part. Our domains are
 * those in `users`, this host's own name (the file `me`), and address literals
 * of this machine: user@[192.0.2.1] is user@me, or else the user of that name
 * in the domain of the first mailbox. The same holds for a bare name
 * (`postmaster`, a login name) and for user@me, if `me` is not a domain in
 * `users`. */
#ifndef USERS_USERS_H
#define USERS_USERS_H

#include "users/database.h"

enum user_kind {
	USER_MAILBOX,   /* delivered to its mailbox */
	USER_TARGETS,   /* forwarded to its targets */
	USER_NOT_LOCAL, /* the domain is not ours */
	USER_UNKNOWN,   /* no such user in our domain */
	USER_ERROR,     /* the database can't be read: try again later */
};

/* A value of pipe= that is not a command: the message is dropped. */
#define USER_NULL "/dev/null"

/* One entry. Free it with user_free(); may be reused. */
struct user {
	enum user_kind kind;
	struct str wanted;    /* the requested address, folded, with our own
			       * name for a domain literal */
	bool renamed;         /* its domain is a literal of this machine, or an
			       * alias */
	struct str address;   /* the entry that answers: an account's name */
	struct str extension; /* what followed the '+', as written */
	bool mailbox;         /* has a mailbox: can log in (even if mail goes to
			       * targets) */
	uint64_t quota;       /* bytes; 0: none */
	struct str home;      /* folder that contains Maildir; empty: the
			       * default */
	struct str mbox;      /* deliver to this mbox file instead, or empty */
	bool own_uid;         /* uid and gid are the account's own */
	uint32_t uid, gid;
	struct str targets; /* a record: to=ADDRESS include=PATH pipe=COMMAND;
			     * a to= of the entry itself is its mailbox */
};

struct users {
	struct database database;
	struct str me;       /* this host's name */
	struct str literals; /* addresses of this machine, each ended by LF */
};

/* Open the database in the configuration directory etc (conf_open(), or -1).
 * Never fails: a missing database has no users but serves this host's name;
 * with a damaged one lookups return USER_ERROR. Call it before the sandbox (it
 * reads `me` and the interfaces' addresses). */
void users_open(struct users *u, int etc);
void users_close(struct users *u);
/* Reopen users.cdb if it was replaced: one stat(2). Call it per session (or
 * batch of jobs); lookups do not. */
void users_refresh(struct users *u);

void user_init(struct user *r);
void user_free(struct user *r);
/* Looks for the exact address, the one without +extension, the catch-all. The
 * role addresses of role.h exist in every domain of ours, ultimately as the
 * first mailbox or one of their own. */
enum user_kind users_lookup(
    struct users *u, struct span address, struct user *r);
/* The requested address in the domain that answered, which is valid also for
 * programs that don't see this machine's addresses or serve another connection.
 * out_r is replaced. False: no renaming needed. */
bool user_rename(const struct user *r, struct span address, struct str *out_r);
/* The account (an entry with a mailbox) of a login name, exact only; a name
 * without @ is looked up as above. USER_MAILBOX, USER_UNKNOWN or USER_ERROR. */
enum user_kind users_account(
    struct users *u, struct span login, struct user *r);
/* 1: the domain (or [literal], or nothing) is ours; 0: not; -1: try later. */
int users_domain(struct users *u, struct span domain);
/* May this account send as this address: it is its own, with or without
 * extension, or mail for it reaches the account through aliases or a catch-all.
 * 1, 0, or -1: try later. */
int users_may_send(struct users *u, struct span account, struct span sender);

/* The folders that contain homes and mboxes outside CHAINMAIL_MAIL, each ended
 * by LF (replaced): deliver's sandbox must allow writing there. */
void users_places(struct users *u, struct str *places_r);
/* Some account has a uid of its own ("uids": deliver needs to be root), or some
 * entry has a command ("pipes": it needs a runner), or the database was
 * compiled from a text that came by a pipe ("piped"). */
bool users_have(struct users *u, const char *what);

/* CHAINMAIL_MAIL/DOMAIN/LOCAL (or home=) of an entry with a mailbox, and the
 * Maildir in it. */
void user_home(const struct user *r, struct str *path_r);
void user_maildir(const struct user *r, struct str *path_r);

#endif
