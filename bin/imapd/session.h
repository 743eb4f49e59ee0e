/* One authenticated IMAP session. */
#ifndef IMAPD_SESSION_H
#define IMAPD_SESSION_H

#include "imap/offer.h"
#include "imap/parse.h"
#include "os/conf.h"
#include "os/proc.h"
#include "sequence.h"
#include "store/folder.h"
#include "store/shared.h"
#include "users/grant.h"

enum state {
	AUTHENTICATED = 1, /* no mailbox is selected */
	SELECTED = 2,
	LOGGED_OUT = 4,
};

/* What the client has turned on with ENABLE (RFC 5161); bits. */
enum {
	ENABLED_REV2 = 1,    /* IMAP4rev2: no \Recent, ESEARCH for SEARCH */
	ENABLED_UTF8 = 2,    /* UTF8=ACCEPT */
	ENABLED_UIDONLY = 4, /* no message numbers either way */
	/* RFC 7162; the first also by other commands than ENABLE. */
	ENABLED_CONDSTORE = 8, /* modseqs with flags */
	ENABLED_QRESYNC = 16,  /* VANISHED for EXPUNGE */
};

struct command;
struct compress;
struct notify;
struct contexts;

struct session {
	struct io io;
	struct compress *compress; /* NULL: it was not asked for */
	struct arena arena;        /* of the running command */
	struct parser parser;
	struct parse_limits parse_limits;
	struct store store;
	struct shared shared;      /* folders of others; store has it, if ACL is
			       * offered */
	int shared_list;           /* of this account's readers; -1: none */
	struct folder folder;      /* open in state SELECTED */
	struct str mailbox;        /* its name */
	struct sequence saved;     /* "$": UIDs (search_saved.h) */
	struct contexts *contexts; /* NULL: none (search_context.h) */
	struct limits limits;
	struct offer offer; /* which capabilities there are */
	unsigned enabled;   /* ENABLED_… */
	struct proc_cpu cpu;
	enum state state;
	bool uid;             /* the running command is a UID command */
	struct span tag;      /* of the running command */
	struct str reply;     /* text after the tag: "OK text" */
	struct str text;      /* scratch buffer for an untagged response */
	uint32_t flags_told;  /* folder.keyword_changes when FLAGS was sent */
	bool flags_room;      /* whether it offered new keywords */
	bool unwatched;       /* the log was told that inotify failed */
	uint64_t modseq_told; /* the highest since the last answer */
	bool modseq_due;      /* the answer is to have HIGHESTMODSEQ */
	const char *user;
	bool learning; /* a search has left texts to learn (search_learn.h) */
	int mark;      /* of the user's full mailbox; -1: none */
	struct grant grant;             /* what the login of user is based on */
	const struct command *commands; /* ends with one without a name */
	unsigned errors;                /* commands refused in a row */
	struct notify *notify;          /* NULL: NOTIFY was never given */
	/* Messages that EXISTS has told of and NOTIFY has not fetched: numbers
	 * less one, the second behind the last. */
	uint32_t new_from, new_to;
};

/* The capability is there: it was not left out by the file `imap`. */
bool session_offers(const struct session *s, const char *capability);
/* RFC 9051, RFC 9755: names and texts are UTF-8, in quoted strings too. */
bool session_is_utf8(const struct session *s);
/* Run the session to its end. tag: that of the login, NULL for PREAUTH. */
void session_run(struct session *s, const char *tag);

#endif
