#include "attempt.h"

#include <unistd.h>

#include "base/die.h"
#include "base/encode.h"
#include "base/record.h"

enum { MECHANISM_MAX = 20 }; /* RFC 4422 3.1 */

void
attempt_mechanisms(const struct front *f, struct str *out, const char *prefix)
{
	const char *name;

	for (size_t i = 0;
	     (name = auth_mechanism(i, f->tls, f->local, f->cert)) != NULL; i++)
		str_addf(out, "%s%s", prefix, name);
}

/* Send the client the challenge and read its response; the packet for the
 * parent is built from it. An overlong one counts as cancelled. */
static enum io_result
client_ask(struct front *f)
{
	enum io_result r;
	struct span line;

	/* RFC 3501 7.5, RFC 5034 4: "+ " also before an empty challenge. */
	io_putf(&f->io, "+ %s\r\n", f->challenge.at);
	r = io_line(&f->io, AUTH_DATA_MAX, &line);
	str_clear(&f->packet);
	if (r == IO_OK && !span_equal(line, SPAN("*"))) {
		record_verb(&f->packet, "response");
		record_add(&f->packet, "data", line);
	} else if (r == IO_OK || r == IO_LONG) {
		record_verb(&f->packet, "cancel");
	} else {
		front_no_line(f, r);
	}
	return r;
}

/* The user is known. Final data of the mechanism is sent as a challenge, since
 * neither protocol's success reply can carry it (RFC 4422 3.5). */
static _Noreturn void
succeed(struct front *f, struct span answer)
{
	if (record_get(answer, "data", &f->challenge) &&
	    (client_ask(f) != IO_OK ||
		record_is(str_span(&f->packet), "cancel"))) {
		io_flush(&f->io);
		_exit(NOPERM);
	}
	io_flush(&f->io);
	_exit(DONE);
}

/* The first packet. */
static void
attempt_write(struct front *f, const struct attempt *a)
{
	str_clear(&f->packet);
	record_verb(&f->packet, "auth");
	record_add(&f->packet, "mech", a->mechanism);
	record_add(&f->packet, "tag", a->tag);
	record_add(&f->packet, "name", a->name);
	if (f->utf8)
		record_add_text(&f->packet, "utf8", "1");
	if (a->initial.at != NULL)
		record_add(&f->packet, "initial", a->initial);
}

enum auth_code
attempt_run(struct front *f, const struct attempt *a)
{
	enum io_result heard = IO_OK;
	struct span answer;
	uint64_t code;

	if (a->mechanism.len > MECHANISM_MAX)
		return AUTH_MECHANISM;
	if (a->initial.len > AUTH_DATA_MAX)
		return AUTH_MALFORMED;
	attempt_write(f, a);
	io_flush(&f->io);
	for (;;) {
		answer = front_ask(f, NULL);
		if (record_is(answer, "ok"))
			succeed(f, answer);
		if (!record_is(answer, "more"))
			break;
		record_get(answer, "data", &f->challenge);
		heard = client_ask(f);
		if (heard != IO_OK && heard != IO_LONG)
			return AUTH_CANCELLED;
	}
	f->failures++;
	if (heard == IO_LONG)
		return AUTH_MALFORMED;
	if (!record_get_number(answer, "code", AUTH_CANCELLED, &code))
		return AUTH_UNAVAILABLE;
	return (enum auth_code)code;
}

enum auth_code
attempt_in_clear(struct front *f, const char *mechanism, struct span name)
{
	return attempt_run(f,
	    &(struct attempt){ .mechanism = span_text(mechanism),
		.tag = SPAN(""),
		.name = name });
}

void
attempt_name(const struct attempt *a, struct str *name_r)
{
	struct str text = STR_INIT;
	struct span rest, skipped, name;

	if (a->initial.len == 0 || !base64_decode(&text, a->initial))
		str_clear(&text);
	rest = str_span(&text);
	if (span_equal_case(a->mechanism, SPAN("PLAIN")) &&
	    span_until(&rest, '\0', &skipped) && span_take(&rest, '\0') &&
	    span_until(&rest, '\0', &name))
		str_set(name_r, name);
	else if (span_starts_case(a->mechanism, SPAN("SCRAM-")) &&
	    span_until(&rest, '=', &skipped) && span_take(&rest, '=') &&
	    span_until(&rest, ',', &name))
		str_set(name_r, name);
	str_wipe(&text);
}

enum auth_code
attempt_password(
    struct front *f, struct span tag, struct span name, struct span password)
{
	struct str plain = STR_INIT, text = STR_INIT;
	struct attempt a = {
		.mechanism = SPAN("PLAIN"), .tag = tag, .name = name
	};
	enum auth_code code;

	/* RFC 4616 2: no authorization identity. */
	str_add_byte(&plain, '\0');
	str_add(&plain, name);
	str_add_byte(&plain, '\0');
	str_add(&plain, password);
	base64_encode(&text, str_span(&plain));
	str_wipe(&plain);
	a.initial = str_span(&text);
	code = attempt_run(f, &a);
	str_wipe(&text);
	return code;
}
