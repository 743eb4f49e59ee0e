/* Who is here: users.cdb, made from the text file `users` (users(5)) by
 * `chainmail user compile`. Programs of the mail path look up addresses.
 *
 * An address is local-part@domain as in the envelope, without <>. Case of the
 * domain and of ASCII letters in the local part means nothing. Our domains
 * are those in `users`, this host's own name (the file `me`), and address
 * literals of this machine: user@[192.0.2.1] is user@me, or else the user of
 * that name in the domain of the first mailbox. A bare name (`postmaster`, a
 * login name) and user@me, if `me` is no domain in `users`, likewise. */
#ifndef USERS_USERS_H
#define USERS_USERS_H

#include "users/database.h"

enum user_kind {
	USER_MAILBOX,   /* goes into its mailbox */
	USER_TARGETS,   /* goes to its targets */
	USER_NOT_LOCAL, /* the domain is not ours */
	USER_UNKNOWN,   /* the domain is ours; nobody there has this name */
	USER_ERROR,     /* the database can't be read: try again later */
};

/* One entry. Give it back with user_free(); may be filled again and again. */
struct user {
	enum user_kind kind;
	struct str wanted;    /* the address asked for, folded, with our own
			       * name for a domain literal */
	struct str address;   /* the entry that answers: an account's name */
	struct str extension; /* what stood behind the '+', as written */
	bool mailbox;         /* has a mailbox: can log in (also when mail goes
			       * to targets) */
	uint64_t quota;       /* bytes; 0: none */
	struct str home;      /* folder that holds Maildir; empty: the usual */
	struct str mbox; /* deliver into this mbox file instead, or empty */
	bool own_uid;    /* uid and gid are the account's own */
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
 * Never fails: a database that is not there has no users but serves this
 * host's name; one that is broken makes lookups say USER_ERROR. To be called
 * before the sandbox (it reads `me` and the interfaces' addresses). */
void users_open(struct users *u, int etc);
void users_close(struct users *u);
/* Look whether users.cdb was replaced and open the new one: one stat(2). Call
 * it per session (or batch of jobs); lookups do not. */
void users_refresh(struct users *u);

void user_init(struct user *r);
void user_free(struct user *r);
/* Exact, without the +extension, catch-all; postmaster@ any domain of ours
 * always exists (RFC 5321 4.5.1): at last the first mailbox, or one of its
 * own. */
enum user_kind users_lookup(
    struct users *u, struct span address, struct user *r);
/* The account (an entry with a mailbox) of a login name, exact only; a name
 * without @ is looked for as above. USER_MAILBOX, USER_UNKNOWN or
 * USER_ERROR. */
enum user_kind users_account(
    struct users *u, struct span login, struct user *r);
/* 1: the domain (or [literal], or nothing) is ours; 0: not; -1: ask later. */
int users_domain(struct users *u, struct span domain);
/* May this account send in the name of this address: it is its own, with or
 * without extension, or mail for it comes to the account by way of aliases or
 * a catch-all. 1, 0, or -1: ask later. */
int users_may_send(struct users *u, struct span account, struct span sender);

/* The folders that hold homes and mboxes outside of CHAINMAIL_MAIL, each ended
 * by LF (replaced): what deliver's sandbox must let it write to. */
void users_places(struct users *u, struct str *places_r);
/* Some account has a uid of its own ("uids": deliver needs to be root), or some
 * entry a command ("pipes": it needs a runner). */
bool users_have(struct users *u, const char *what);

/* CHAINMAIL_MAIL/DOMAIN/LOCAL (or home=) of an entry with a mailbox, and the
 * Maildir in it. */
void user_home(const struct user *r, struct str *path_r);
void user_maildir(const struct user *r, struct str *path_r);

#endif
