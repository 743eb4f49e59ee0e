/* NOTIFY (RFC 5465): events that a client wants reported without asking.
 *
 * Changes are found by comparison: each mailbox's last reported state (numbers,
 * attributes, annotations) is kept, inotify tells when and where to look, and
 * differences are reported. So a lost notice does no harm, and without inotify
 * everything is compared periodically. */
#ifndef IMAPD_NOTIFY_H
#define IMAPD_NOTIFY_H

#include "fetch/fetch.h"
#include "store/mailbox.h"
#include "store/metadata.h"

enum {
	EVENT_NEW = 1,     /* MessageNew */
	EVENT_EXPUNGE = 2, /* MessageExpunge */
	EVENT_FLAGS = 4,   /* FlagChange */
	EVENTS_OF_MESSAGES = 7,
	EVENT_NAME = 8,             /* MailboxName */
	EVENT_SUBSCRIPTION = 16,    /* SubscriptionChange */
	EVENT_METADATA = 32,        /* MailboxMetadataChange */
	EVENT_SERVER_METADATA = 64, /* ServerMetadataChange */
};

enum filter {
	FILTER_SELECTED,
	FILTER_SELECTED_DELAYED,
	FILTER_PERSONAL, /* INBOXES too: any mailbox can receive mail */
	FILTER_SUBSCRIBED,
	FILTER_SUBTREE,
	FILTER_MAILBOXES,
};

struct group {
	enum filter filter;
	struct span *names; /* of SUBTREE, MAILBOXES; see rules_decode() */
	size_t name_count;
	unsigned events;
	struct group *next;
};

/* A NOTIFY SET. */
struct rules {
	struct group *groups; /* except for the selected mailbox */
	unsigned selected;    /* events of the selected mailbox */
	bool delayed;         /* its expunges wait for a command */
	bool has_fetch;
	struct fetch fetch; /* for its new messages */
	size_t name_count;
	bool status;
};

enum rules_fault {
	RULES_GOOD,
	RULES_SYNTAX,
	RULES_EVENT, /* an unsupported event: BADEVENT */
};

/* Take the arguments after "SET". */
enum rules_fault rules_take(struct parser *p, struct rules *r_r);
/* Append the names of the supported events, for BADEVENT. */
void rules_events_add(struct str *out);
/* Decode the mailboxes' names as the client sent them; call it once. */
void rules_decode(const struct session *s, struct arena *a, struct rules *r);
/* All requested events, of any mailbox. */
unsigned rules_all(const struct rules *r);
/* The events to report for a mailbox. state: MAILBOX_… */
unsigned rules_events(const struct rules *r, struct span name, unsigned state);

/* One mailbox, as last reported to the client. */
struct watched {
	struct span name;
	unsigned state;    /* MAILBOX_… */
	unsigned uses;     /* USE_… */
	unsigned events;   /* to be reported */
	int new, cur, dir; /* watches, -1: none */
	bool look;         /* something has changed */
	bool look_metadata;
	bool known; /* the following numbers are valid */
	uint32_t messages, unseen, uidnext, uidvalidity;
	uint64_t modseq;
	struct metadata metadata; /* a hash for each value */
};

struct notify {
	struct rules rules;
	struct arena arena; /* of the rules */
	struct watched *at; /* in the order of LIST */
	size_t count;
	struct arena names;
	int fd;   /* inotify; -1: compare periodically */
	int root; /* the watch of the root */
	bool look_names;
	bool look_server;
	struct metadata server;
	struct str moves; /* directories, from and to, each ended by NUL */
	struct str from;  /* of a move whose second half is pending, */
	uint32_t cookie;  /* and its number */
	size_t hint;      /* index of the last name found */
	struct str own;   /* names that the client changed itself */
	int64_t next;     /* clock_mono_ms() of the next look; 0: none */
	int64_t last;     /* time of the last look */
};

/* The session's, or NULL before the first NOTIFY; free it at the end. */
void notify_free(struct session *s);

/* For the selected mailbox: the events to report (all without NOTIFY), and
 * whether expunges are reported between commands. */
unsigned notify_selected(const struct session *s);
bool notify_expunges(const struct session *s);
/* Does the client get reports between commands? */
bool notify_is_on(const struct session *s);
/* Send the FETCH items of NOTIFY for the messages announced by EXISTS. */
void notify_fetch(struct session *s);

/* The client itself made this change: it is not reported. */
void notify_own(struct session *s, struct span mailbox);
void notify_own_metadata(struct session *s, struct span mailbox,
    const struct annotation *at, size_t count);

/* The descriptor to wait for, or -1; the ms until the next look, or -1. */
int notify_fd(const struct session *s);
int64_t notify_left(const struct session *s);
/* Read pending notices, and mark what must be compared. */
void notify_read(struct session *s);
/* True if a look is due; it then counts as begun. */
bool notify_is_due(struct notify *n);
/* If a look is due, compare and report. */
void notify_look(struct session *s);
/* Look again later, since something could not be read now. */
void notify_again(struct notify *n);

/* Record the present state as reported, and watch it. -1 and errno: E2BIG for
 * more mailboxes than can be watched. */
int notify_begin(struct session *s, struct notify *n);
void notify_end(struct notify *n);
/* Determine the mailboxes with events, and set their watches; as above. */
int watches_set(const struct session *s, struct notify *n);
void watches_drop(struct notify *n, struct watched *w);
/* Copy annotations, with a hash in place of each value. */
void known_metadata(const struct metadata *m, struct metadata *known_r);
/* Record a mailbox's present numbers as reported. -1 and errno. */
int watched_status(struct session *s, struct watched *w);

#endif
