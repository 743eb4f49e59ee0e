#include "net/route_parse.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/encode.h"
#include "mail/address.h"
#include "mail/domain.h"

enum {
	SMTP_PORT = 25,
	LMTP_PORT = 24, /* customary; LMTP has no port of its own (RFC 2033
			 * 5) */
	SMTPS_PORT = 465,
	ERROR_MAX = 200,
	UNIX_MAX = 107, /* bytes of a socket's path */
};

static const struct {
	const char *name;
	enum target_tls tls;
} tls_words[] = { { "none", TARGET_TLS_NONE }, { "may", TARGET_TLS_MAY },
	{ "require", TARGET_TLS_REQUIRE }, { "verify", TARGET_TLS_VERIFY },
	{ "wrapped", TARGET_TLS_WRAPPED } };

/* A line being parsed. */
struct reading {
	struct arena *a;
	struct route *route;
	struct target targets[ROUTE_TARGETS_MAX];
	struct str *wrong;
};

static bool
wrong(struct str *wrong_r, struct span what, const char *remedy)
{
	str_set(wrong_r, span_head(what, 100));
	str_add_text(wrong_r, ": ");
	str_add_text(wrong_r, remedy);
	return false;
}

static bool
address_fold_ip(struct span text, int family, struct str *name_r)
{
	char in[INET6_ADDRSTRLEN] = "", out[INET6_ADDRSTRLEN];
	unsigned char ip[16];

	if (text.len >= sizeof in)
		return false;
	memcpy(in, text.at, text.len);
	if (inet_pton(family, in, ip) != 1)
		return false;
	str_add_text(name_r, inet_ntop(family, ip, out, sizeof out));
	return true;
}

/* A name that ends in a number is a mistyped address. */
static bool
ends_in_number(struct span name)
{
	size_t digits = 0;

	while (
	    digits < name.len && byte_is_digit(name.at[name.len - 1 - digits]))
		digits++;
	return digits > 0 &&
	    (digits == name.len || name.at[name.len - 1 - digits] == '.');
}

bool
route_host_fold(struct span host, struct str *name_r)
{
	struct span inside = host;
	size_t start = name_r->len;

	if (host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']') {
		inside = (struct span){ host.at + 1, host.len - 2 };
		span_take_case(&inside, SPAN("IPv6:"));
		if (address_fold_ip(inside, AF_INET6, name_r))
			return true;
	}
	return address_fold_ip(inside, AF_INET, name_r) ||
	    (domain_fold(inside, name_r) &&
		!ends_in_number(span_from(str_span(name_r), start)));
}

static struct target *
target_add(struct reading *r, enum target_kind kind)
{
	struct target *t = &r->targets[r->route->count++];

	*t = (struct target){ .kind = kind };
	return t;
}

/* HOST, HOST:PORT, [ADDRESS], [ADDRESS]:PORT; port 0: none given. */
static bool
host_read(struct reading *r, struct span word, struct target *t)
{
	struct span host, port;
	struct str name = STR_INIT;
	uint64_t number = 0;
	bool ok;

	if (word.len > 0 && word.at[0] == '[')
		host = span_head(word, span_find(word, ']') + 1);
	else
		host = span_head(word, span_find(word, ':'));
	port = span_from(word, host.len);
	if (span_find(span_from(port, 1), ':') < port.len - (port.len > 0))
		return wrong(r->wrong, word,
		    "an IPv6 address needs brackets: [2001:db8::1]");
	if (port.len > 0 &&
	    (!span_take(&port, ':') || !span_is_number(port, 65535, &number) ||
		number == 0))
		return wrong(r->wrong, word, "the port is a number to 65535");
	ok = route_host_fold(host, &name);
	if (ok) {
		t->name = arena_copy(r->a, str_span(&name));
		t->port = (uint16_t)number;
	} else {
		wrong(r->wrong, word,
		    "not a host; write a name, 192.0.2.1 or [2001:db8::1], "
		    "and :port after it unless it is the default");
	}
	str_free(&name);
	return ok;
}

static bool
mx_read(struct reading *r, struct span name)
{
	struct target *t = target_add(r, TARGET_MX);

	if (!host_read(r, name, t))
		return false;
	if (span_find(t->name, ':') < t->name.len || ends_in_number(t->name))
		return wrong(r->wrong, name,
		    "a domain must follow mx:; an address needs no mx:");
	return true;
}

static bool
lmtp_read(struct reading *r, struct span where)
{
	bool path = where.len > 0 && where.at[0] == '/';
	struct target *t = target_add(r, path ? TARGET_UNIX : TARGET_HOST);

	t->lmtp = true;
	if (!path)
		return host_read(r, where, t);
	if (where.len > UNIX_MAX)
		return wrong(r->wrong, where,
		    "the path of a socket has at most 107 bytes");
	t->name = arena_copy(r->a, where);
	return true;
}

static bool
target_read(struct reading *r, struct span word)
{
	struct span rest = word;
	uint64_t port;

	if (r->route->count == ROUTE_TARGETS_MAX)
		return wrong(r->wrong, word, "at most ten targets");
	/* "mx:25" is a host of this name. */
	if (span_take_case(&rest, SPAN("mx:")) &&
	    !span_is_number(rest, UINT64_MAX, &port))
		return mx_read(r, rest);
	rest = word;
	if (span_take_case(&rest, SPAN("lmtp:")) &&
	    !span_is_number(rest, UINT64_MAX, &port))
		return lmtp_read(r, rest);
	return host_read(r, word, target_add(r, TARGET_HOST));
}

static bool
tls_read(struct reading *r, struct span value)
{
	for (size_t i = 0; i < COUNT(tls_words); i++)
		if (span_equal_case(value, span_text(tls_words[i].name))) {
			r->route->tls = tls_words[i].tls;
			return true;
		}
	return wrong(r->wrong, value,
	    "tls= must be none, may, require, verify or wrapped");
}

static bool
user_read(struct reading *r, struct span value)
{
	struct str name = STR_INIT;
	bool ok = percent_decode(&name, value) && name.len > 0 &&
	    span_find(str_span(&name), '\0') == name.len;

	if (ok)
		r->route->user = arena_copy(r->a, str_span(&name));
	str_free(&name);
	return ok ? true
		  : wrong(r->wrong, value,
			"a name must follow user=; write %20 for a blank, "
			"%25 for %");
}

static bool
option_read(struct reading *r, struct span word)
{
	struct span value = word;

	if (span_take_text(&value, SPAN("tls=")))
		return r->route->tls == TARGET_TLS_UNSAID
		    ? tls_read(r, value)
		    : wrong(r->wrong, word, "tls= occurs twice");
	if (span_take_text(&value, SPAN("user=")))
		return r->route->user.len == 0
		    ? user_read(r, value)
		    : wrong(r->wrong, word, "user= occurs twice");
	return wrong(
	    r->wrong, word, "unknown option; there are tls= and user=");
}

static uint16_t
port_usual(const struct target *t, enum target_tls tls)
{
	if (t->lmtp)
		return t->kind == TARGET_UNIX ? 0 : LMTP_PORT;
	return tls == TARGET_TLS_WRAPPED ? SMTPS_PORT : SMTP_PORT;
}

/* Check the options against each other and the targets. */
static bool
options_settle(struct reading *r)
{
	struct route *route = r->route;

	/* A password is sent only to an authenticated host, unless configured
	 * otherwise. */
	if (route->user.len > 0 && route->tls == TARGET_TLS_UNSAID)
		route->tls = TARGET_TLS_VERIFY;
	if (route->user.len > 0 && route->tls == TARGET_TLS_MAY)
		return wrong(r->wrong, SPAN("tls=may"),
		    "with user= anybody on the way could read the password; "
		    "write tls=verify");
	for (size_t i = 0; i < route->count; i++) {
		struct target *t = &r->targets[i];

		if (t->kind == TARGET_UNIX && route->tls >= TARGET_TLS_REQUIRE)
			return wrong(r->wrong, t->name,
			    "a Unix socket has no TLS; write tls=none");
		if (t->port == 0)
			t->port = port_usual(t, route->tls);
	}
	return true;
}

static void
target_text(const struct target *t, enum target_tls tls, struct str *key)
{
	bool v6 = t->kind == TARGET_HOST &&
	    span_find(t->name, ':') < t->name.len;

	if (t->lmtp)
		str_add_text(key, "lmtp:");
	if (t->kind == TARGET_MX)
		str_add_text(key, "mx:");
	str_add_text(key, v6 ? "[" : "");
	str_add(key, t->name);
	str_add_text(key, v6 ? "]" : "");
	if (t->port != port_usual(t, tls))
		str_addf(key, ":%u", (unsigned)t->port);
}

/* The key has everything that determines the connection: routes that differ in
 * it are different destinations. */
static void
key_make(struct reading *r)
{
	struct str key = STR_INIT;

	for (size_t i = 0; i < r->route->count; i++) {
		if (i > 0)
			str_add_byte(&key, ' ');
		target_text(&r->targets[i], r->route->tls, &key);
	}
	for (size_t i = 0; i < COUNT(tls_words); i++)
		if (r->route->tls == tls_words[i].tls)
			str_addf(&key, " tls=%s", tls_words[i].name);
	if (r->route->user.len > 0) {
		str_add_text(&key, " user=");
		percent_encode(&key, r->route->user, "@._-+");
	}
	r->route->key = arena_copy(r->a, str_span(&key));
	str_free(&key);
}

/* RFC 5321 4.2: the text is shown to the sender, on one line. */
static bool
error_read(struct reading *r, struct span text)
{
	struct target *t = target_add(r, TARGET_NONE);

	if (!span_is_clean(text))
		return wrong(r->wrong, SPAN("error"),
		    "the text contains a control character; remove it");
	if (text.len > ERROR_MAX)
		return wrong(
		    r->wrong, SPAN("error"), "the text has at most 200 bytes");
	t->name = text.len > 0 ? arena_copy(r->a, text)
			       : SPAN("no mail goes to this domain");
	r->route->key = SPAN("error:"); /* no host is named so */
	return true;
}

static bool
targets_read(struct reading *r, struct span rest)
{
	struct span after = rest, word;

	if (rest.len > ROUTE_LINE_MAX || !span_is_utf8(rest) ||
	    span_find(rest, '\0') < rest.len)
		return wrong(r->wrong, SPAN("the line"),
		    "is not UTF-8 text of at most 4096 bytes");
	word = span_word(&after);
	if (span_equal_case(word, SPAN("error")))
		return error_read(r, after);
	for (; rest.len > 0; rest = after) {
		after = rest;
		word = span_word(&after);
		if (!(span_find(word, '=') < span_find(word, '/')
			    ? option_read(r, word)
			    : target_read(r, word)))
			return false;
	}
	if (r->route->count == 0)
		return wrong(r->wrong, SPAN("the line"),
		    "has no target; write a host, mx:domain, lmtp:/path, or "
		    "error and a text");
	if (!options_settle(r))
		return false;
	key_make(r);
	return true;
}

static bool
domain_read(struct span word, struct str *key)
{
	struct span name = word;

	if (span_equal(word, SPAN("*"))) {
		str_add(key, word);
		return true;
	}
	if (span_take(&name, '.')) {
		str_add_byte(key, '.');
		return domain_fold(name, key);
	}
	if (!domain_fold_any(word, key))
		return false;
	str_lower(key, 0);
	return true;
}

bool
route_parse(struct span line, struct arena *a, struct route_line *line_r,
    struct str *wrong_r)
{
	struct reading r = {
		.a = a, .route = &line_r->route, .wrong = wrong_r
	};
	struct span rest = line, word = span_word(&rest);
	struct str key = STR_INIT;
	bool ok;

	*line_r = (struct route_line){ .domain = SPAN("") };
	ok = domain_read(word, &key) ||
	    wrong(wrong_r, word,
		"not a domain; write example.org, .example.org for all below "
		"it, or *");
	if (ok)
		line_r->domain = arena_copy(a, str_span(&key));
	str_free(&key);
	if (!ok)
		return false;
	line_r->route.listed = true;
	line_r->route.key = line_r->domain;
	ok = targets_read(&r, rest);
	if (!ok) {
		line_r->route = (struct route){ .listed = true,
			.key = line_r->domain };
		return false;
	}
	line_r->route.targets = arena_new(
	    a, line_r->route.count * sizeof *r.targets);
	memcpy(line_r->route.targets, r.targets,
	    line_r->route.count * sizeof *r.targets);
	return true;
}
