/* The structure of a message (RFC 2045, 2046), found in one pass over its
 * bytes: time is linear, depth and parts are limited, and every message has a
 * structure. */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "base/arena.h"
#include "base/str.h"

enum {
	MIME_DEPTH = 100,   /* what lies deeper is one leaf */
	MIME_PARTS = 10000, /* the last one holds the rest of the message */
	MIME_PARAMS = 64,   /* parameters read of one field */
};

enum part_kind { PART_LEAF, PART_MULTIPART, PART_MESSAGE };

/* Spans point into the message. */
struct part {
	enum part_kind kind;
	struct span header; /* with its empty line */
	struct span body;
	struct span type; /* the value of Content-Type; at == NULL: none */
	bool in_digest;   /* type == NULL means message/rfc822 then */
	uint64_t octets;  /* of the body with CRLF */
	uint64_t lines;   /* of the body */
	unsigned depth;
	struct part *parent;
	struct part *first; /* of a multipart its parts; of a message/rfc822
			     * the message, header and all */
	struct part *last;
	struct part *next;
};

/* The whole message as a part; lives in the arena. */
struct part *mime_parse(struct arena *a, struct span message);

/* The part at "1.2.3" (RFC 3501 6.4.5); NULL if there is none. */
const struct part *mime_find(
    const struct part *message, const uint32_t *numbers, size_t count);
/* The message that a part is: itself for the root, else the embedded one; NULL
 * when the part is no message. */
const struct part *mime_message(const struct part *p);

/* Type and subtype as written; the default when the field is missing or
 * malformed (RFC 2045 5.2). rest_r gets the parameters. */
struct media {
	struct span type;
	struct span subtype;
	struct span params;
};
struct media mime_media(const struct part *p);

/* Parameters behind a value: "; name=value; ...". Take the next; value_r gets
 * it without quotes and escapes. False at the end. */
bool param_next(struct span *rest, struct span *name_r, struct str *value_r);
/* The first of the name. */
bool param_get(struct span params, const char *name, struct str *value_r);
/* Append them as IMAP's list or NIL; what RFC 2231 3 split is joined. */
void params_add(struct str *out, struct span params);

/* Take a token (RFC 2045 5.1) after blanks, line ends and comments. */
bool mime_take_token(struct span *rest, struct span *token_r);

#endif
