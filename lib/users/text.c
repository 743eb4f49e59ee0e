#include "users/text.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/record.h"
#include "mail/address.h"
#include "os/dirs.h"
#include "users/password.h"
#include "users/password_scheme.h"
#include "users/users.h"

void
entry_init(struct entry *e)
{
	*e = (struct entry){ ENTRY_DOMAIN, STR_INIT, STR_INIT, STR_INIT,
		STR_INIT };
}

void
entry_free(struct entry *e)
{
	str_free(&e->key);
	str_free(&e->fields);
	str_wipe(&e->secrets);
	str_free(&e->targets);
}

struct span
text_content(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] == '#' &&
		    (i == 0 || byte_is_blank(line.at[i - 1])))
			return span_trim(span_head(line, i));
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return span_trim(line);
}

/* Take a word up to a blank. */
static struct span
word_take(struct span *rest)
{
	size_t n = 0;

	*rest = span_trim(*rest);
	while (n < rest->len && !byte_is_blank(rest->at[n]))
		n++;
	struct span word = span_head(*rest, n);

	*rest = span_trim(span_from(*rest, n));
	return word;
}

static bool
wrong(struct str *wrong_r, struct span what, const char *remedy)
{
	str_set(wrong_r, what);
	str_add_text(wrong_r, ": ");
	str_add_text(wrong_r, remedy);
	return false;
}

bool
address_fold(struct span address, struct str *key_r)
{
	struct address a, key = { .domain = SPAN("x") };

	if (!address_parse(address, &a))
		return false;
	key.local = a.local;
	address_key(&key, key_r);
	str_cut(key_r, key_r->len - 1);
	return domain_fold(a.domain, key_r);
}

static bool
parse_domain(struct span name, struct entry *e, struct str *wrong_r)
{
	e->kind = ENTRY_DOMAIN;
	return domain_fold(name, &e->key)
	    ? true
	    : wrong(wrong_r, name, "not a domain; write it as example.org");
}

static bool
parse_quota(struct span value, struct entry *e)
{
	static const char units[] = "KMGT";
	uint64_t n;
	unsigned shift = 0;

	if (!span_number(&value, UINT32_MAX, &n))
		return false;
	for (unsigned i = 0; value.len == 1 && i < 4; i++)
		if (value.at[0] == units[i])
			shift = 10 * (i + 1);
	if (value.len > (shift > 0) || n == 0 ||
	    n > (uint64_t)INT64_MAX >> shift)
		return false;
	record_add_number(&e->fields, "quota", (int64_t)(n << shift));
	return true;
}

/* ITERATIONS,SALT,STOREDKEY,SERVERKEY. */
static bool
parse_scram(struct span value, struct entry *e)
{
	struct span rest = value, part;
	struct str bytes = STR_INIT;
	uint64_t iterations;
	bool ok = span_number(&rest, UINT32_MAX, &iterations) &&
	    iterations >= SCRAM_ITERATIONS;

	for (size_t i = 0; ok && i < 3; i++) {
		ok = span_take(&rest, ',');
		part = span_head(rest, span_find(rest, ','));
		rest = span_from(rest, part.len);
		str_clear(&bytes);
		ok = ok && base64_decode(&bytes, part) &&
		    (i == 0 ? bytes.len > 0 : bytes.len == 32);
	}
	ok = ok && rest.len == 0;
	str_wipe(&bytes);
	if (ok)
		record_add(&e->secrets, "scram", value);
	return ok;
}

static bool
has_scram(const struct entry *e)
{
	struct str value = STR_INIT;
	bool has = record_get(str_span(&e->secrets), "scram", &value);

	str_wipe(&value);
	return has;
}

/* A hash in canonical form, or SCRAM keys. */
static bool
parse_password(struct span value, struct entry *e)
{
	struct str kept = STR_INIT;
	const char *why;
	enum scheme_result r = scheme_read(value, &kept, &why);
	bool ok = r == SCHEME_HASH;

	if (ok)
		record_add(&e->secrets, "password", str_span(&kept));
	if (r == SCHEME_SCRAM)
		ok = !has_scram(e) && parse_scram(str_span(&kept), e);
	str_wipe(&kept);
	return ok;
}

static const char *
password_remedy(struct span value)
{
	struct str kept = STR_INIT;
	const char *why;

	scheme_read(value, &kept, &why);
	str_wipe(&kept);
	return why;
}

static bool
parse_cert(struct span value, struct entry *e)
{
	record_add(&e->secrets, "cert", value);
	return value.len > 0;
}

static bool
parse_checkpassword(struct span value, struct entry *e)
{
	record_add_text(&e->secrets, "checkpassword", "1");
	return span_equal(value, SPAN("1"));
}

static bool
parse_path(struct span value, struct entry *e, const char *key)
{
	record_add(&e->fields, key, value);
	return span_starts(value, SPAN("/"));
}

static bool
parse_home(struct span value, struct entry *e)
{
	return parse_path(value, e, "home");
}

static bool
parse_mbox(struct span value, struct entry *e)
{
	return parse_path(value, e, "mbox");
}

/* A number, or the name of a user of this machine. */
static bool
parse_uid(struct span value, struct entry *e)
{
	struct str name = STR_INIT;
	const struct passwd *pw;
	uint64_t uid = 0;

	if (!span_is_number(value, UINT32_MAX - 1, &uid)) {
		str_set(&name, value);
		pw = getpwnam(name.at);
		uid = pw == NULL ? 0 : pw->pw_uid;
	}
	record_add_number(&e->fields, "uid", (int64_t)uid);
	str_free(&name);
	return uid != 0;
}

static bool
parse_gid(struct span value, struct entry *e)
{
	struct str name = STR_INIT;
	const struct group *gr;
	uint64_t gid = 0;

	if (!span_is_number(value, UINT32_MAX - 1, &gid)) {
		str_set(&name, value);
		gr = getgrnam(name.at);
		gid = gr == NULL ? 0 : gr->gr_gid;
	}
	record_add_number(&e->fields, "gid", (int64_t)gid);
	str_free(&name);
	return gid != 0;
}

static const struct field {
	const char *name;
	bool (*parse)(struct span value, struct entry *e);
	const char *remedy;
} fields[] = {
	{ "quota", parse_quota, "a number of bytes, with K, M, G or T, as 5G" },
	{ "password", parse_password, NULL },
	{ "scram", parse_scram,
	    "not ITERATIONS,SALT,STOREDKEY,SERVERKEY; make it with "
	    "chainmail user passwd" },
	{ "cert", parse_cert, "not the subject of a certificate" },
	{ "checkpassword", parse_checkpassword, "write checkpassword=1" },
	{ "uid", parse_uid, "not a user of this machine other than root" },
	{ "gid", parse_gid, "not a group of this machine other than root" },
	{ "home", parse_home, "the path must begin with /" },
	{ "mbox", parse_mbox, "the path must begin with /" },
};

/* NULL, or what is wrong with the value. */
static const char *
field_read(const struct field *f, struct span encoded, struct entry *e)
{
	struct str value = STR_INIT;
	const char *remedy = NULL;

	if (record_get(str_span(&e->fields), f->name, &value) ||
	    record_get(str_span(&e->secrets), f->name, &value))
		remedy = "occurs twice; remove one";
	else if (!percent_decode(&value, encoded) ||
	    span_find(str_span(&value), '\0') < value.len ||
	    !f->parse(str_span(&value), e))
		remedy = f->remedy != NULL ? f->remedy
					   : password_remedy(str_span(&value));
	str_wipe(&value);
	return remedy;
}

static bool
parse_field(struct span word, struct entry *e, struct str *wrong_r)
{
	size_t equals = span_find(word, '=');
	struct span name = span_head(word, equals);
	const char *remedy =
	    "unknown field of a mailbox; see chainmail-users(5)";

	for (size_t i = 0; i < COUNT(fields); i++)
		if (equals < word.len &&
		    span_equal(name, span_text(fields[i].name)))
			remedy = field_read(
			    &fields[i], span_from(word, equals + 1), e);
	return remedy == NULL ? true : wrong(wrong_r, name, remedy);
}

static bool
has_field(const struct entry *e, const char *name)
{
	struct str value = STR_INIT;
	bool has = record_get(str_span(&e->fields), name, &value);

	str_free(&value);
	return has;
}

/* An account with a uid needs a group and a home too: by default those of the
 * user. */
static bool
complete_owner(struct entry *e, struct str *wrong_r)
{
	const struct passwd *pw;
	uint64_t uid;

	if (!record_get_number(str_span(&e->fields), "uid", UINT32_MAX, &uid))
		return !has_field(e, "gid")
		    ? true
		    : wrong(wrong_r, str_span(&e->key), "gid= needs uid= too");
	pw = getpwuid((uid_t)uid);
	if (!has_field(e, "gid")) {
		if (pw == NULL || pw->pw_gid == 0)
			return wrong(
			    wrong_r, str_span(&e->key), "uid= needs gid= too");
		record_add_number(&e->fields, "gid", pw->pw_gid);
	}
	if (!has_field(e, "home")) {
		/* It may not write below CHAINMAIL_MAIL. */
		if (pw == NULL || pw->pw_dir[0] != '/')
			return wrong(
			    wrong_r, str_span(&e->key), "uid= needs home= too");
		record_add_text(&e->fields, "home", pw->pw_dir);
	}
	return true;
}

static bool
parse_mailbox(struct span rest, struct entry *e, struct str *wrong_r)
{
	e->kind = ENTRY_MAILBOX;
	while (rest.len > 0)
		if (!parse_field(word_take(&rest), e, wrong_r))
			return false;
	return complete_owner(e, wrong_r);
}

/* deliver's sandbox lets it read only the configuration. */
static bool
parse_include(struct span path, struct entry *e, struct str *wrong_r)
{
	struct span rest = path;

	record_add(&e->targets, "include", path);
	if (span_take_text(&rest, span_text(dir_etc())) &&
	    span_take(&rest, '/'))
		return true;
	wrong(wrong_r, path, "a list must be below ");
	str_add_text(wrong_r, dir_etc());
	return false;
}

static bool
parse_target(struct span target, struct entry *e, struct str *wrong_r)
{
	struct str key = STR_INIT;
	bool ok = true;

	if (span_equal(target, SPAN(USER_NULL))) {
		record_add(&e->targets, "pipe", target);
	} else if (span_take_text(&target, SPAN(":include:"))) {
		ok = parse_include(span_trim(target), e, wrong_r);
	} else if (address_fold(target, &key)) {
		record_add(&e->targets, "to", str_span(&key));
	} else {
		ok = wrong(wrong_r, target,
		    "not an address; write user@domain, with commas between");
	}
	str_free(&key);
	return ok;
}

static bool
parse_pipe(struct span command, struct entry *e, struct str *wrong_r)
{
	command = span_trim(command);
	record_add(&e->targets, "pipe", command);
	if (command.len == 0)
		return wrong(
		    wrong_r, str_span(&e->key), "a command must follow the |");
	return true;
}

static bool
parse_targets(struct span rest, struct entry *e, struct str *wrong_r)
{
	e->kind = ENTRY_TARGETS;
	for (;;) {
		struct span target;

		rest = span_trim(rest);
		/* A command may hold commas: it is the last target. */
		if (span_take(&rest, '|'))
			return parse_pipe(rest, e, wrong_r);
		target = span_head(rest, span_find(rest, ','));
		rest = span_from(rest, target.len);
		if (!parse_target(span_trim(target), e, wrong_r))
			return false;
		if (!span_take(&rest, ','))
			return true;
	}
}

/* "@old.example -> @new.example" */
static bool
parse_alias(struct span domain, struct entry *e, struct str *wrong_r)
{
	e->kind = ENTRY_ALIAS;
	return domain_fold(domain, &e->targets)
	    ? true
	    : wrong(wrong_r, domain,
		  "not a domain; write @old.example -> @new.example");
}

/* Parse what follows the arrow. */
static bool
parse_arrow(
    struct span name, struct span rest, struct entry *e, struct str *wrong_r)
{
	rest = span_trim(rest);
	return span_starts(name, SPAN("@")) && span_take(&rest, '@')
	    ? parse_alias(rest, e, wrong_r)
	    : parse_targets(rest, e, wrong_r);
}

static bool
parse_name(struct span name, struct entry *e, struct str *wrong_r)
{
	struct span domain = name;

	if (span_take(&domain, '@')) {
		str_add_byte(&e->key, '@');
		if (domain_fold(domain, &e->key))
			return true;
	} else if (span_starts(name, SPAN("*@"))) {
		return wrong(wrong_r, name,
		    "this would be an address with an asterisk; write @domain "
		    "for a catch-all");
	} else if (address_fold(name, &e->key)) {
		return true;
	}
	return wrong(wrong_r, name,
	    "not an address; write user@domain, or @domain for a catch-all");
}

static void
entry_clear(struct entry *e)
{
	str_clear(&e->key);
	str_clear(&e->fields);
	str_clear(&e->secrets);
	str_clear(&e->targets);
}

bool
entry_parse(struct span line, struct entry *e_r, struct str *wrong_r)
{
	struct span rest = line, name = word_take(&rest), what = rest;
	struct span verb = word_take(&what);

	entry_clear(e_r);
	if (!span_is_utf8(line) || span_find(line, '\0') < line.len)
		return wrong(wrong_r, SPAN("the line"), "is not UTF-8 text");
	if (span_equal(verb, SPAN("domain")) && what.len == 0)
		return parse_domain(name, e_r, wrong_r);
	if (!parse_name(name, e_r, wrong_r))
		return false;
	if (span_equal(verb, SPAN("mailbox")) && name.at[0] != '@')
		return parse_mailbox(what, e_r, wrong_r);
	if (span_take_text(&rest, SPAN("->")))
		return parse_arrow(name, rest, e_r, wrong_r);
	if (span_take(&rest, '|')) {
		e_r->kind = ENTRY_TARGETS;
		return parse_pipe(rest, e_r, wrong_r);
	}
	return wrong(wrong_r, name,
	    "expected after it: domain, mailbox, -> targets, or | command");
}
