#include "net/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/record.h"
#include "os/dirs.h"
#include "os/sock.h"

enum { RECORD_MAX = 16384, CONNECT_MS = 10000 };

static const char *const codes[] = {
	[AUTH_CREDENTIALS] = "credentials",
	[AUTH_UNAVAILABLE] = "unavailable",
	[AUTH_MALFORMED] = "malformed",
	[AUTH_MECHANISM] = "mechanism",
	[AUTH_PLAINTEXT] = "plaintext",
	[AUTH_BUSY] = "busy",
	[AUTH_DISABLED] = "disabled",
	[AUTH_CANCELLED] = "cancelled",
};

/* Some clients use the first mechanism they know, and old ones find LOGIN and
 * PLAIN only early in the list. */
static const struct {
	const char *name;
	bool binding; /* needs a TLS channel to be bound to */
	bool cert;    /* needs a verified client certificate */
} mechanisms[] = {
	{ .name = "PLAIN" },
	{ .name = "LOGIN" },
	{ "SCRAM-SHA-256-PLUS", .binding = true },
	{ .name = "SCRAM-SHA-256" },
	{ "EXTERNAL", .cert = true },
};

const char *
auth_code_text(enum auth_code code)
{
	return codes[code];
}

const char *
auth_mechanism(size_t i, bool tls, bool local, bool cert)
{
	/* RFC 8314 3: logins need TLS. Even a mechanism that hides the password
	 * would leave the session after it readable and open to changes. */
	if (!tls && !local)
		return NULL;
	for (size_t k = 0; k < COUNT(mechanisms); k++) {
		if ((mechanisms[k].binding && !tls) ||
		    (mechanisms[k].cert && !cert))
			continue;
		if (i-- == 0)
			return mechanisms[k].name;
	}
	return NULL;
}

static enum auth_result
fail(struct auth *a, enum auth_code code, const char *text)
{
	a->code = code;
	str_set(&a->text, span_text(text));
	return AUTH_FAIL;
}

void
auth_init(struct auth *a, enum auth_code code)
{
	*a = (struct auth){ .sock = -1,
		.code = code,
		.user = STR_INIT,
		.mailbox = STR_INIT,
		.login = STR_INIT,
		.quota = STR_INIT,
		.data = STR_INIT,
		.text = STR_INIT };
	io_init(&a->io, -1, -1);
}

int
auth_open(struct auth *a)
{
	struct str path = STR_INIT;

	auth_init(a, AUTH_UNAVAILABLE);
	str_setf(&path, "%s/auth", dir_run());
	a->sock = sock_connect_unix(path.at, SOCK_STREAM, CONNECT_MS);
	str_free(&path);
	io_init(&a->io, a->sock, a->sock);
	if (a->sock >= 0)
		return 0;
	fail(a, AUTH_UNAVAILABLE, "no authentication service");
	return -1;
}

void
auth_close(struct auth *a)
{
	if (a->sock >= 0)
		close(a->sock);
	a->sock = -1;
	io_free(&a->io);
	str_free(&a->user);
	str_free(&a->mailbox);
	str_free(&a->login);
	str_free(&a->quota);
	str_wipe(&a->data);
	str_free(&a->text);
}

/* A number of at most 32 bits; false if absent. */
static bool
id_get(struct span line, const char *key, uint32_t *id_r)
{
	uint64_t n;

	if (!record_get_number(line, key, UINT32_MAX - 1, &n))
		return false;
	*id_r = (uint32_t)n;
	return true;
}

static enum auth_result
ok_take(struct auth *a, struct span line)
{
	if (!record_get(line, "user", &a->user) || a->user.len == 0 ||
	    !record_get(line, "mailbox", &a->mailbox))
		return fail(a, AUTH_UNAVAILABLE, "malformed answer from authd");
	a->own_ids = id_get(line, "uid", &a->uid) &&
	    id_get(line, "gid", &a->gid);
	record_get(line, "login", &a->login);
	record_get(line, "quota", &a->quota);
	record_get(line, "data", &a->data); /* drop the last challenge */
	return AUTH_OK;
}

static enum auth_result
fail_take(struct auth *a, struct span line)
{
	struct str word = STR_INIT;

	a->code = AUTH_UNAVAILABLE;
	if (record_get(line, "code", &word))
		for (size_t i = 0; i < COUNT(codes); i++)
			if (span_equal(str_span(&word), span_text(codes[i])))
				a->code = (enum auth_code)i;
	record_get(line, "text", &a->text);
	str_free(&word);
	return AUTH_FAIL;
}

/* Flush the request and take authd's answer. */
static enum auth_result
answer_take(struct auth *a)
{
	struct span line;
	enum io_result r;

	if (a->sock < 0)
		return AUTH_FAIL; /* auth_open() has said why */
	str_clear(&a->text);
	a->io.deadline = clock_mono_ms() + AUTH_TIME_MS;
	r = io_flush(&a->io);
	if (r == IO_OK)
		r = io_record(&a->io, RECORD_MAX, &line);
	if (r == IO_OK && record_is(line, "ok"))
		return ok_take(a, line);
	if (r == IO_OK && record_is(line, "fail"))
		return fail_take(a, line);
	if (r == IO_OK && record_is(line, "more")) {
		record_get(line, "data", &a->data);
		return AUTH_MORE;
	}
	return fail(a, AUTH_UNAVAILABLE,
	    r == IO_TIMEOUT ? "the authentication service timed out"
			    : "the authentication service gave no answer");
}

static void
add_if(struct str *record, const char *key, struct span value)
{
	if (value.len > 0)
		record_add(record, key, value);
}

enum auth_result
auth_start(struct auth *a, const struct auth_request *r)
{
	const char *connection = getenv("CONNECTION");
	struct str record = STR_INIT;

	if (r->initial.len > AUTH_DATA_MAX)
		return fail(a, AUTH_MALFORMED, "the response is too long");
	record_verb(&record, "auth");
	record_add(&record, "mech", r->mechanism);
	record_add_text(&record, "service", r->service);
	record_add_text(&record, "ip", r->ip);
	if (connection != NULL)
		record_add_text(&record, "conn", connection);
	if (r->local)
		record_add_text(&record, "local", "1");
	add_if(&record, "tls", r->tls);
	add_if(&record, "binding", r->binding);
	add_if(&record, "cert", r->cert);
	if (r->has_initial)
		record_add(&record, "initial", r->initial);
	record_end(&record);
	io_put(&a->io, str_span(&record));
	str_wipe(&record);
	return answer_take(a);
}

enum auth_result
auth_continue(struct auth *a, struct span response)
{
	struct str record = STR_INIT;

	if (response.len > AUTH_DATA_MAX)
		return auth_cancel(a);
	record_add(&record, "data", response);
	record_end(&record);
	io_put(&a->io, str_span(&record));
	str_wipe(&record);
	return answer_take(a);
}

enum auth_result
auth_cancel(struct auth *a)
{
	io_put_text(&a->io, "cancel\n");
	return answer_take(a);
}
