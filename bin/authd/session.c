#include "session.h"

#include "base/clock.h"
#include "base/die.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/record.h"
#include "users/sasl.h"

enum { DIALOGUE_MS = 120000 };

static const struct {
	const char *name;
	int (*run)(struct dialogue *d);
} mechanisms[] = {
	{ "PLAIN", mechanism_plain },
	{ "LOGIN", mechanism_login },
	{ "SCRAM-SHA-256", mechanism_scram },
	{ "SCRAM-SHA-256-PLUS", mechanism_scram_plus },
	{ "EXTERNAL", mechanism_external },
};

static const char *const texts[] = {
	[AUTH_CREDENTIALS] = "user name or password is wrong",
	[AUTH_UNAVAILABLE] = "accounts can't be looked up now; try later",
	[AUTH_MALFORMED] = "the response is malformed",
	[AUTH_MECHANISM] = "this mechanism is not available",
	[AUTH_PLAINTEXT] = "a login needs TLS",
	[AUTH_BUSY] = "too many logins at once; try later",
	[AUTH_DISABLED] = "this account is disabled",
	[AUTH_CANCELLED] = "cancelled",
};

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
		record_get(line, "conn", &d->conn);
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

/* Note the name in an initial response that is otherwise ignored: the log
 * should name users who send it in clear. */
static void
name_note(struct dialogue *d)
{
	struct str text = STR_INIT;
	struct sasl_plain plain;
	struct sasl_first first;
	struct span mechanism = str_span(&d->mechanism);

	sasl_first_init(&first);
	if (!d->has_initial || !base64_decode(&text, str_span(&d->initial)))
		str_clear(&text);
	if (span_equal_case(mechanism, SPAN("PLAIN")) &&
	    sasl_plain_parse(str_span(&text), &plain))
		str_set(&d->login, plain.authcid);
	else if (span_equal_case(mechanism, SPAN("LOGIN")))
		str_set(&d->login, str_span(&text));
	else if (span_starts_case(mechanism, SPAN("SCRAM-")) &&
	    sasl_first_parse(str_span(&text), &first))
		str_set(&d->login, str_span(&first.user));
	sasl_first_free(&first);
	str_wipe(&text);
}

static int
mechanism_run(struct dialogue *d)
{
	/* RFC 8314 3: no logins in clear, except on this machine. */
	if (d->tls.len == 0 && !d->local) {
		name_note(d);
		return dialogue_fail(d, AUTH_PLAINTEXT);
	}
	for (size_t i = 0; i < COUNT(mechanisms); i++)
		if (span_equal_case(
			str_span(&d->mechanism), span_text(mechanisms[i].name)))
			return mechanisms[i].run(d);
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
	if (d->secret.login.len > 0)
		record_add(&record, "login", str_span(&d->secret.login));
	record_add_number(&record, "quota", d->user.quota);
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
	if (!ok)
		log_level(&l,
		    d->code == AUTH_UNAVAILABLE ? LEVEL_ERROR : LEVEL_NOTICE);
	if (d->conn.len > 0)
		log_span(&l, "conn", str_span(&d->conn));
	log_text(&l, "result", ok ? "ok" : auth_code_text(d->code));
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
	str_free(&d->conn);
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
session_run(struct authd *a, int sock)
{
	struct dialogue d = { .authd = a,
		.mechanism = STR_INIT,
		.service = STR_INIT,
		.ip = STR_INIT,
		.conn = STR_INIT,
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
