/* FETCH: the requested items, and the message they are read from. */
#ifndef IMAPD_FETCH_H
#define IMAPD_FETCH_H

#include "argument.h"
#include "mail/header.h"
#include "mail/mime.h"
#include "mail/sortkey.h"
#include "search/search_return.h"

enum item_kind {
	ITEM_FLAGS,
	ITEM_UID,
	ITEM_DATE,
	ITEM_SIZE,
	ITEM_EMAILID,
	ITEM_THREADID,
	ITEM_SAVEDATE,
	ITEM_MODSEQ,
	ITEM_ENVELOPE,
	ITEM_BODY,
	ITEM_BODYSTRUCTURE,
	ITEM_SECTION,
	ITEM_BINARY,
	ITEM_BINARY_SIZE,
	ITEM_PREVIEW,
};

/* The part of a section (RFC 3501 6.4.5). */
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
	uint64_t kept; /* a bit for each of those that excerpts have */
	bool partial;
	uint64_t from, count;
};

struct item {
	enum item_kind kind;
	struct section section;
	const char *capability; /* NULL: part of IMAP4rev1 */
	struct span label;      /* its name in the response */
	struct item *next;
};

struct fetch {
	struct item *first, *last;
	bool sets_seen;
};

/* Take the items of a FETCH: a macro, one, or a list. */
bool fetch_take(struct parser *p, struct fetch *f_r);
/* No item belongs to a capability that is left out. */
bool fetch_is_offered(const struct session *s, const struct fetch *f);
/* Answer it, untagged, for messages from one to before another (numbers less
 * one). */
void fetch_tell(
    struct session *s, const struct fetch *what, uint32_t from, uint32_t to);
/* What may stand behind the items (RFC 4466 2.4.1). */
struct fetch_modifiers {
	bool has_partial;
	struct partial partial;
	bool has_since; /* RFC 7162 */
	uint64_t since;
	bool vanished;
};
/* Take " (modifier ...)", if it is there. */
bool fetch_modifiers_take(struct session *s, struct fetch_modifiers *m_r);
/* Leave those of the chosen that the modifiers are about. */
void fetch_modifiers_apply(
    struct session *s, const struct fetch_modifiers *m, struct chosen *c);
/* RFC 3501 6.4.8: a UID FETCH always answers the UID. */
void fetch_uid_first(struct parser *p, struct fetch *f);
/* An item of this kind, if there is none. */
void fetch_add(struct parser *p, struct fetch *f, enum item_kind kind);
bool fetch_has(const struct fetch *f, enum item_kind kind);
/* Take "[section]<partial>" after BODY or BODY.PEEK. */
bool section_take(struct parser *p, struct item *item);
/* The same behind BINARY and its like: numbers only, and a partial if the item
 * may have one. */
bool section_binary_take(struct parser *p, struct item *item, const char *name);

/* What stands between these brackets, of a whole string too: "1.2.MIME". */
bool section_text_take(struct parser *p, struct section *s);

/* A message's bytes, read as far as needed. */
enum content_need { NEED_NOTHING, NEED_HEADER, NEED_MESSAGE };
struct content {
	struct str buffer;
	struct span bytes; /* at least the header */
	bool mapped;
	uint64_t wire;     /* the message's size on the wire, once counted */
	struct part *mime; /* parsed on first use */
};
enum content_need fetch_need(const struct fetch *f);
/* -1 and errno: ENOENT when the message is gone. */
int content_open(
    struct content *c, struct folder *f, uint32_t at, enum content_need need);
const struct part *content_mime(struct content *c, struct arena *a);
/* Reset for another message; the buffer is kept. */
void content_reset(struct content *c);
void content_free(struct content *c);

/* What the index can tell instead of the message (fetch_kept.c). */
/* All items that want a message can be told of its excerpt alone. */
bool fetch_is_excerpt(const struct fetch *f, unsigned *parts_r);
struct kept {
	struct span part[EXCERPT_PARTS]; /* in the index, or in made */
	struct str made[EXCERPT_PARTS];
	struct str header; /* of those fields that are kept */
};
void kept_init(struct kept *k);
void kept_free(struct kept *k);
/* These parts are in the index. */
bool kept_find(struct kept *k, struct folder *f, uint32_t at, unsigned parts);
/* Make the parts of what was read of a message; some only if they are among these. */
void kept_make(struct kept *k, struct content *c, enum content_need read,
    unsigned parts, struct arena *a);
/* Have the index keep them. */
void kept_keep(struct kept *k, struct folder *f, uint32_t at);
/* The chosen fields and the empty line, as section_find() has them, of what is kept.
 * Only for sections of fetch_is_excerpt(). */
void kept_fields(
    const struct kept *k, const struct section *x, struct str *out);

/* One field after the other of a name, of the part EXCERPT_FIELDS; rest_r is what
 * kept_fields_begin() set. False: no more. */
struct kept_rest {
	struct span table, bytes;
	unsigned place;
};
/* False: fields of this name are not kept. */
bool kept_fields_begin(
    struct span fields, struct span name, struct kept_rest *rest_r);
bool kept_fields_next(struct kept_rest *rest, struct header_field *field_r);

/* The parts for searching and sorting (kept_search.c), of a message's header. */
void kept_texts_make(struct str *out, struct span header);
void kept_keys_make(struct str *out, struct span header);
/* Is the folded text in a field of this name (or in one of its addresses)? False: what
 * is kept can't tell. */
bool kept_texts_search(struct span texts, struct span name, bool address,
    struct span text, bool *found_r);
/* As sortkeys_take(). False: what is kept can't tell. */
bool kept_keys_take(struct span keys, unsigned wanted, struct sortkeys *k);

/* The bytes of a section, in the message or the arena; false: there is none. */
bool section_find(const struct section *x, struct content *c, struct arena *a,
    struct span *text_r);
/* Write one section as "label {n}" and its bytes, or NIL. */
void section_put(struct session *s, const struct item *item, struct content *c,
    struct arena *a);
/* The same, of what is kept. */
void section_put_kept(struct session *s, const struct item *item,
    const struct kept *k, struct str *scratch);

/* The same of a part without its Content-Transfer-Encoding, or its size. The
 * encoding must be one that is known. */
void binary_put(struct session *s, const struct item *item, struct content *c,
    struct arena *a);
bool binary_is_known(
    const struct item *item, struct content *c, struct arena *a);

#endif
