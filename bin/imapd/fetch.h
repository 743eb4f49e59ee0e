/* FETCH: what was asked for, and a message to answer it from. */
#ifndef IMAPD_FETCH_H
#define IMAPD_FETCH_H

#include "mail/mime.h"
#include "session.h"

enum item_kind {
	ITEM_FLAGS,
	ITEM_UID,
	ITEM_DATE,
	ITEM_SIZE,
	ITEM_ENVELOPE,
	ITEM_BODY,
	ITEM_BODYSTRUCTURE,
	ITEM_SECTION,
};

/* What of a section is wanted (RFC 3501 6.4.5). */
enum section_text {
	SECTION_ALL,
	SECTION_HEADER,
	SECTION_FIELDS,
	SECTION_FIELDS_NOT,
	SECTION_TEXT,
	SECTION_MIME,
};

struct section {
	uint32_t *part; /* its numbers */
	size_t depth;
	enum section_text text;
	struct span *fields;
	size_t field_count;
	bool partial;
	uint64_t from, count;
};

struct item {
	enum item_kind kind;
	struct section section;
	struct span label; /* as the response names it */
	struct item *next;
};

struct fetch {
	struct item *first, *last;
	bool sets_seen;
};

/* Take the items of a FETCH: a macro, one, or a list. */
bool fetch_take(struct parser *p, struct fetch *f_r);
/* RFC 3501 6.4.8: a UID FETCH always answers the UID. */
void fetch_uid_first(struct parser *p, struct fetch *f);
/* Take "[section]<partial>" behind BODY or BODY.PEEK. */
bool section_take(struct parser *p, struct item *item);

/* A message's bytes, read as far as they are wanted. */
enum content_need { NEED_NOTHING, NEED_HEADER, NEED_MESSAGE };
struct content {
	struct str buffer;
	struct span bytes; /* the header at least, or all */
	bool mapped;
	struct part *mime; /* parsed when first asked for */
};
enum content_need fetch_need(const struct fetch *f);
/* -1 and errno: ENOENT when the message is gone. */
int content_open(
    struct content *c, struct folder *f, uint32_t at, enum content_need need);
const struct part *content_mime(struct content *c, struct arena *a);
/* Ready for another message; the buffer is kept. */
void content_reset(struct content *c);
void content_free(struct content *c);

/* Write one section as "label {n}" and its bytes, or NIL. */
void section_put(struct session *s, const struct item *item, struct content *c,
    struct arena *a);

#endif
