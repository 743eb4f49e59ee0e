/* The structure of a message (RFC 2045, 2046), parsed in one pass: each header
 * is read once, time is linear, depth and parts are limited, and every message
 * has a structure. */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "base/arena.h"
#include "base/str.h"

enum {
	MIME_DEPTH = 100,   /* deeper structure is one leaf */
	MIME_PARTS = 10000, /* the last one holds the rest of the message */
	MIME_PARAMS = 64,   /* parameters read of one field */
	/* Bytes of a part's header in which Content-Type and
	 * Content-Transfer-Encoding are looked for, and so of their values. */
	MIME_HEADER = 256 * 1024,
	/* RFC 2046 5.1.1 allows 70, but some programs write more: accepted
	 * within a line. */
	MIME_BOUNDARY = 990,
};

enum part_kind { PART_LEAF, PART_MULTIPART, PART_MESSAGE };

/* Type and subtype as written; params is for param_next() and its like. */
struct media {
	struct span type;
	struct span subtype;
	struct span params;
};

/* Spans point into the message, or live as long as it. */
struct part {
	enum part_kind kind;
	struct span header;   /* with its empty line */
	struct span body;     /* follows it */
	struct span type;     /* the value of Content-Type; at == NULL: none */
	struct media media;   /* its effective type, see below */
	struct span encoding; /* see encoding_word(); empty: none */
	uint64_t octets;      /* of the body with CRLF */
	uint64_t lines;       /* of the body */
	unsigned depth;
	unsigned note; /* for callers' use; 0 */
	struct part *parent;
	struct part *first; /* of a multipart its parts, at least one; of a
			     * message/rfc822 the message, header and all */
	struct part *last;
	struct part *next;
};

/* The effective type of a part: a usable Content-Type; message/rfc822 without
 * one in a digest. Otherwise text/plain (RFC 2045 5.2): without one, when it is
 * malformed, and for a multipart without a boundary or parts. A multipart or
 * message beyond the limits is application/octet-stream.
 */
/* The whole message as a part; lives in the arena. */
struct part *mime_parse(struct arena *a, struct span message);

/* The part at "1.2.3" (RFC 3501 6.4.5); NULL if there is none. */
const struct part *mime_find(
    const struct part *message, const uint32_t *numbers, size_t count);
/* The message of a part: the root itself, or the embedded one; NULL when the
 * part is not a message. */
const struct part *mime_message(const struct part *p);

/* Read a value of Content-Type; false when it is malformed. */
bool media_read(struct span value, struct media *m_r);
bool media_is(const struct media *m, const char *type);

/* Parameters after a value: "; name=value; ...". Take the next as it is
 * written; value_r gets it without quotes and escapes. Common mistakes are
 * tolerated: blanks in an unquoted value, a missing semicolon. False at the
 * end. */
bool param_next(struct span *rest, struct span *name_r, struct str *value_r);
/* The value of a name: the first one, joined and decoded per RFC 2231, as UTF-8
 * if its character set is known. */
bool param_get(struct span params, const char *name, struct str *value_r);
/* Append them as IMAP's list or NIL; pieces (RFC 2231 3) are joined, encoded
 * values stay encoded. */
void params_add(struct str *out, struct span params);

/* Take a token (RFC 2045 5.1) after blanks, line ends and comments. */
bool mime_take_token(struct span *rest, struct span *token_r);

#endif
