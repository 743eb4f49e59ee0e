#include "dialogue.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/record.h"

enum { RECORD_MAX = 16384, DIALOGUE_MS = 120000 };

static const struct {
	const char *name;
	int (*run)(struct dialogue *d);
	bool open; /* shows the password: TLS or a local peer only */
} mechanisms[] = {
	{ "PLAIN", mechanism_plain, true },
	{ "LOGIN", mechanism_login, true },
	{ "SCRAM-SHA-256", mechanism_scram, false },
	{ "SCRAM-SHA-256-PLUS", mechanism_scram_plus, false },
	{ "EXTERNAL", mechanism_external, false },
};

static const char *const texts[] = {
	[AUTH_CREDENTIALS] = "user name or password is wrong",
	[AUTH_UNAVAILABLE] = "accounts can't be looked up now; try later",
	[AUTH_MALFORMED] = "the response is malformed",
	[AUTH_MECHANISM] = "this mechanism is not available",
	[AUTH_PLAINTEXT] = "this mechanism needs TLS",
	[AUTH_BUSY] = "too many logins at once; try later",
	[AUTH_DISABLED] = "this account is disabled",
	[AUTH_CANCELLED] = "cancelled",
};

int
dialogue_fail(struct dialogue *d, enum auth_code code)
{
	d->code = code;
	return -1;
}

/* Take one base64 text apart. */
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
		return dialogue_fail(d, AUTH_CANCELLED); /* it is gone */
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

static int
request_read(struct dialogue *d)
{
	struct str word = STR_INIT;
	struct span line;
	int r = -1;

	if (io_record(&d->io, RECORD_MAX, &line) == IO_OK &&
	    record_is(line, "auth") &&
	    record_get(line, "mech", &d->mechanism)) {
		record_get(line, "service", &d->service);
		record_get(line, "ip", &d->ip);
		record_get(line, "tls", &d->tls);
		record_get(line, "cert", &d->cert);
		if (record_get(line, "binding", &word))
			hex_decode(&d->binding, str_span(&word));
		d->local = record_get(line, "local", &word) &&
		    span_equal(str_span(&word), SPAN("1"));
		d->has_initial = record_get(line, "initial", &d->initial);
		r = 0;
	}
	str_free(&word);
	return r < 0 ? dialogue_fail(d, AUTH_MALFORMED) : 0;
}

static int
mechanism_run(struct dialogue *d)
{
	for (size_t i = 0; i < COUNT(mechanisms); i++) {
		if (!span_equal_case(
			str_span(&d->mechanism), span_text(mechanisms[i].name)))
			continue;
		if (mechanisms[i].open && d->tls.len == 0 && !d->local)
			return dialogue_fail(d, AUTH_PLAINTEXT);
		return mechanisms[i].run(d);
	}
	return dialogue_fail(d, AUTH_MECHANISM);
}

static void
answer_ok(struct dialogue *d)
{
	struct str record = STR_INIT, path = STR_INIT;

	user_maildir(&d->user, &path);
	record_verb(&record, "ok");
	record_add(&record, "user", str_span(&d->user.address));
	record_add(&record, "mailbox", str_span(&path));
	if (d->user.own_uid) {
		record_add_number(&record, "uid", d->user.uid);
		record_add_number(&record, "gid", d->user.gid);
	}
	record_end(&record);
	io_put(&d->io, str_span(&record));
	io_flush(&d->io);
	str_free(&record);
	str_free(&path);
}

static void
answer_fail(struct dialogue *d)
{
	struct str record = STR_INIT;

	record_verb(&record, "fail");
	record_add_text(&record, "code", auth_code_text(d->code));
	record_add_text(&record, "text", texts[d->code]);
	record_end(&record);
	io_put(&d->io, str_span(&record));
	io_flush(&d->io);
	str_free(&record);
}

static void
attempt_log(struct dialogue *d, bool ok)
{
	struct logline l;

	log_start(&l, "auth");
	log_text(&l, "result", ok ? "ok" : "fail");
	if (!ok)
		log_text(&l, "code", auth_code_text(d->code));
	log_span(&l, "user", str_span(&d->login));
	if (d->known)
		log_span(&l, "account", str_span(&d->user.address));
	log_span(&l, "mech", span_head(str_span(&d->mechanism), 32));
	log_span(&l, "service", str_span(&d->service));
	log_span(&l, "client", str_span(&d->ip));
	log_span(&l, "tls", d->tls.len > 0 ? str_span(&d->tls) : SPAN("none"));
	if (d->how != NULL)
		log_text(&l, "how", d->how);
	if (d->waited_ms > 0)
		log_number(&l, "waited_ms", d->waited_ms);
	log_write(&l);
}

static void
dialogue_free(struct dialogue *d)
{
	str_free(&d->mechanism);
	str_free(&d->service);
	str_free(&d->ip);
	str_free(&d->tls);
	str_free(&d->cert);
	str_free(&d->binding);
	str_wipe(&d->initial);
	str_free(&d->login);
	user_free(&d->user);
	secret_free(&d->secret);
	io_free(&d->io);
}

int
dialogue_run(struct authd *a, int sock)
{
	struct dialogue d = { .authd = a,
		.mechanism = STR_INIT,
		.service = STR_INIT,
		.ip = STR_INIT,
		.tls = STR_INIT,
		.cert = STR_INIT,
		.binding = STR_INIT,
		.initial = STR_INIT,
		.login = STR_INIT };
	bool ok;

	io_init(&d.io, sock, sock);
	d.io.deadline = clock_mono_ms() + DIALOGUE_MS;
	user_init(&d.user);
	secret_init(&d.secret);
	ok = request_read(&d) == 0 && mechanism_run(&d) == 0;
	if (ok)
		answer_ok(&d);
	else
		answer_fail(&d);
	attempt_log(&d, ok);
	dialogue_free(&d);
	return ok ? DONE : NOPERM;
}
