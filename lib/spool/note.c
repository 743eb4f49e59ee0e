#include "spool/note.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "base/record.h"

enum { INDEX_MAX = RECIPIENTS_MAX - 1 };
_Static_assert((int)NOTE_KEY == crypto_shorthash_KEYBYTES, "a SipHash key");
_Static_assert((int)NOTE_TOKEN == 2 * crypto_shorthash_BYTES, "in hex");

struct note_token
note_token(const struct note_key *key, struct span id, uint64_t index)
{
	unsigned char text[ID_LEN + sizeof index] = { 0 };
	unsigned char hash[crypto_shorthash_BYTES];
	struct note_token token;

	memcpy(text, id.at, id.len < ID_LEN ? id.len : ID_LEN);
	for (size_t i = 0; i < sizeof index; i++)
		text[ID_LEN + i] = (unsigned char)(index >> 8 * i);
	crypto_shorthash(hash, text, sizeof text, key->bytes);
	sodium_bin2hex(token.text, sizeof token.text, hash, sizeof hash);
	return token;
}

static void
add_if(struct str *out, const char *key, struct span value)
{
	if (value.len > 0)
		record_add(out, key, value);
}

static void
flag_if(struct str *out, const char *key, bool value)
{
	if (value)
		record_add_number(out, key, 1);
}

void
note_write(
    struct str *out, struct span id, struct span token, const struct result *r)
{
	if (token.len == 0 || r->verdict == TEMP ||
	    r->action == ACTION_EXPANDED)
		return;
	record_verb(out, "note");
	record_add(out, "id", id);
	record_add_number(out, "index", (int64_t)r->index);
	record_add(out, "token", token);
	record_add_number(out, "verdict", r->verdict);
	record_add(out, "status", r->status);
	add_if(out, "host", r->host);
	flag_if(out, "reply", r->reply);
	flag_if(out, "action", r->action == ACTION_RELAYED);
	flag_if(out, "dsn", r->reported);
	add_if(out, "text", r->text);
	record_add_number(out, "end", 1);
	record_end(out);
}

int
note_add(int fd, struct span lines)
{
	ssize_t n;

	if (fd < 0 || lines.len == 0)
		return 0;
	while ((n = write(fd, lines.at, lines.len)) < 0 && errno == EINTR)
		continue;
	return n == (ssize_t)lines.len ? 0 : -1;
}

/* A blank in a word is encoded: the beginning of a note is in none. */
bool
note_next(struct span *line, struct span *note_r)
{
	static const struct span begin = { "note id=", 8 };

	if (line->len == 0)
		return false;
	*note_r = span_head(
	    *line, 1 + span_find_case(span_from(*line, 1), begin));
	*line = span_from(*line, note_r->len);
	return true;
}

static struct span
word(struct span line, const char *key, struct str *value, struct arena *a)
{
	record_get(line, key, value);
	return arena_copy(a, str_span(value));
}

static bool
flag(struct span line, const char *key)
{
	uint64_t n;

	return record_get_number(line, key, 1, &n) && n == 1;
}

/* A status that does not match the verdict is ignored. */
static bool
result_take(
    struct span line, struct str *value, struct arena *a, struct result *r)
{
	uint64_t verdict;

	if (!record_get_number(line, "verdict", 255, &verdict) ||
	    verdict == TEMP)
		return false;
	r->verdict = (int)verdict;
	r->status = word(line, "status", value, a);
	if (r->status.len < 5 ||
	    r->status.at[0] != (r->verdict == DONE ? '2' : '5'))
		return false;
	r->host = word(line, "host", value, a);
	r->reply = flag(line, "reply");
	if (flag(line, "action"))
		r->action = ACTION_RELAYED;
	r->reported = r->verdict == DONE && flag(line, "dsn");
	r->text = word(line, "text", value, a);
	return true;
}

bool
note_parse(struct span line, const struct note_key *key, struct arena *a,
    struct id *id_r, struct result *r)
{
	struct str value = STR_INIT;
	struct note_token token;
	bool ok;

	*r = (struct result){ 0 };
	ok = record_is(line, "note") && flag(line, "end") &&
	    record_get(line, "id", &value) && id_valid(str_span(&value)) &&
	    record_get_number(line, "index", INDEX_MAX, &r->index);
	if (ok) {
		memcpy(id_r->text, value.at, sizeof id_r->text);
		token = note_token(key, str_span(&value), r->index);
		ok = record_get(line, "token", &value) &&
		    value.len == NOTE_TOKEN &&
		    sodium_memcmp(value.at, token.text, NOTE_TOKEN) == 0 &&
		    result_take(line, &value, a, r);
	}
	str_free(&value);
	return ok;
}
