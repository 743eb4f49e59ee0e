#include "dialogue.h"

#include "base/encode.h"
#include "base/record.h"

int
dialogue_fail(struct dialogue *d, enum auth_code code)
{
	d->code = code;
	return -1;
}

/* Decode one base64 text. */
static int
decode(struct dialogue *d, struct span text, struct str *raw_r)
{
	str_clear(raw_r);
	if (text.len <= AUTH_DATA_MAX && base64_decode(raw_r, text))
		return 0;
	return dialogue_fail(d, AUTH_MALFORMED);
}

static int
answer_read(struct dialogue *d, struct str *answer_r)
{
	struct str value = STR_INIT;
	struct span line;
	int r;

	if (io_record(&d->io, RECORD_MAX, &line) != IO_OK)
		return dialogue_fail(d, AUTH_CANCELLED); /* the client is
							  * gone */
	if (record_is(line, "cancel"))
		return dialogue_fail(d, AUTH_CANCELLED);
	if (!record_get(line, "data", &value))
		r = dialogue_fail(d, AUTH_MALFORMED);
	else
		r = decode(d, str_span(&value), answer_r);
	str_wipe(&value);
	return r;
}

int
dialogue_ask(struct dialogue *d, struct span challenge, struct str *answer_r)
{
	struct str record = STR_INIT, text = STR_INIT;
	bool failed;

	if (d->has_initial) {
		d->has_initial = false;
		return decode(d, str_span(&d->initial), answer_r);
	}
	base64_encode(&text, challenge);
	record_verb(&record, "more");
	record_add(&record, "data", str_span(&text));
	record_end(&record);
	io_put(&d->io, str_span(&record));
	str_free(&record);
	str_free(&text);
	failed = io_flush(&d->io) != IO_OK;
	return failed ? dialogue_fail(d, AUTH_CANCELLED)
		      : answer_read(d, answer_r);
}
