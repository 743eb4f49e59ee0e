/* What workers note: the input, and the same with the token that its id and
 * index have. */
#include <stdlib.h>
#include <string.h>

#include "base/die.h"
#include "base/record.h"
#include "spool/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct note_key key = { "0123456789abcde" };

/* What is read is final, and written and read again is the same. */
static void
note_check(struct span line)
{
	struct arena a = ARENA_INIT;
	struct str again = STR_INIT;
	struct result r, same;
	struct id id;

	if (note_parse(line, &key, &a, &id, &r)) {
		struct span name = { id.text, ID_LEN };
		struct note_token t = note_token(&key, name, r.index);

		if (r.verdict == TEMP || r.index >= RECIPIENTS_MAX ||
		    r.action == ACTION_EXPANDED ||
		    (r.reported && r.verdict != DONE))
			abort();
		note_write(&again, name, span_text(t.text), &r);
		str_cut(&again, again.len - 1);
		if (!note_parse(str_span(&again), &key, &a, &id, &same) ||
		    same.verdict != r.verdict || same.index != r.index ||
		    !span_equal(same.text, r.text))
			abort();
	}
	str_free(&again);
	arena_free(&a);
}

static void
note_sign(struct span line)
{
	struct str text = STR_INIT, id = STR_INIT;
	uint64_t index = 0;

	if (record_get(line, "id", &id) && id_valid(str_span(&id)) &&
	    record_get_number(line, "index", RECIPIENTS_MAX, &index)) {
		struct note_token t = note_token(&key, str_span(&id), index);

		str_add_text(&text, "note id=");
		str_add(&text, str_span(&id));
		str_addf(&text, " index=%llu token=%s ",
		    (unsigned long long)index, t.text);
		str_add(&text, line);
		note_check(str_span(&text));
	}
	str_free(&text);
	str_free(&id);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size }, line, note;

	while (span_line(&text, &line)) {
		size_t len = line.len;

		while (note_next(&line, &note)) {
			if (note.len == 0 || note.len > len)
				abort();
			len -= note.len;
			note_check(note);
			note_sign(note);
		}
		if (len != 0)
			abort();
	}
	return 0;
}
