#include "net/sts.h"

#include <string.h>

#include "mail/domain.h"

enum { DIGITS_MAX = 10 };

static bool
is_id_byte(char c)
{
	return byte_is_alpha(c) || byte_is_digit(c);
}

static void
blanks_skip(struct span *rest)
{
	while (span_take(rest, ' ') || span_take(rest, '\t'))
		;
}

/* Take an extension: NAME=VALUE with visible characters but '=' and ';'. */
static bool
extension_take(struct span *rest)
{
	struct span name, value = *rest;

	if (!span_until(&value, '=', &name) || name.len == 0 || name.len > 32 ||
	    !is_id_byte(name.at[0]))
		return false;
	for (size_t i = 1; i < name.len; i++)
		if (!is_id_byte(name.at[i]) &&
		    memchr("_-.", name.at[i], 3) == NULL)
			return false;
	value = span_from(value, 1);
	*rest = value;
	while (rest->len > 0 && rest->at[0] > ' ' && rest->at[0] < 127 &&
	    rest->at[0] != ';' && rest->at[0] != '=')
		*rest = span_from(*rest, 1);
	return rest->len < value.len;
}

static bool
id_take(struct span *rest, struct span *id_r)
{
	struct span from = *rest;
	size_t n = 0;

	if (!span_take_text(&from, SPAN("id=")))
		return false;
	while (n < from.len && is_id_byte(from.at[n]))
		n++;
	if (n == 0 || n > STS_ID_MAX)
		return false;
	*id_r = span_head(from, n);
	*rest = span_from(from, n);
	return true;
}

bool
sts_text_is(struct span text)
{
	return span_starts(text, SPAN("v=STSv1;"));
}

/* RFC 8461 3.1: sts-text-record. */
bool
sts_text_parse(struct span text, struct span *id_r)
{
	struct span id, rest = text;
	bool found = false;

	if (!span_take_text(&rest, SPAN("v=STSv1")))
		return false;
	for (;;) {
		blanks_skip(&rest);
		if (rest.len == 0)
			return found;
		if (!span_take(&rest, ';'))
			return false;
		blanks_skip(&rest);
		if (rest.len == 0)
			return found;
		/* 3.1: if a field occurs twice the first counts. */
		if (id_take(&rest, &id)) {
			*id_r = found ? *id_r : id;
			found = true;
		} else if (span_starts(rest, SPAN("id=")) ||
		    !extension_take(&rest)) {
			return false;
		}
	}
}

static bool
mx_add(struct span value, struct arena *a, struct sts_policy *p)
{
	struct str name = STR_INIT;
	struct span host;
	bool ok;

	str_add(&name, value);
	str_lower(&name, 0);
	host = str_span(&name);
	span_take_text(&host, SPAN("*."));
	if (host.len > 0 && host.at[host.len - 1] == '.')
		str_cut(&name, name.len - 1), host.len--;
	ok = domain_is_plain(host) && p->count < STS_HOSTS_MAX;
	if (ok)
		p->mx[p->count++] = arena_copy(a, str_span(&name));
	str_free(&name);
	return ok;
}

/* The single-valued fields seen so far. */
struct seen {
	bool version, mode, max_age;
};

static const char *
mode_take(struct span value, struct sts_policy *p)
{
	for (int m = STS_NONE; m <= STS_ENFORCE; m++)
		if (span_equal(
			value, span_text(sts_mode_text((enum sts_mode)m)))) {
			p->mode = (enum sts_mode)m;
			return NULL;
		}
	return "mode is none of enforce, testing, none";
}

static const char *
age_take(struct span value, struct sts_policy *p)
{
	uint64_t age;

	if (value.len > DIGITS_MAX || !span_is_number(value, UINT64_MAX, &age))
		return "max_age is not a number";
	p->max_age = age > STS_AGE_MAX ? STS_AGE_MAX : (uint32_t)age;
	return NULL;
}

static const char *
field_take(struct span key, struct span value, struct seen *seen,
    struct arena *a, struct sts_policy *p)
{
	if (span_equal(key, SPAN("mx")))
		return mx_add(value, a, p)
		    ? NULL
		    : "mx is not a host name, or one too many";
	/* RFC 8461 3.2: if a field occurs twice the first counts. */
	if (span_equal(key, SPAN("version")) && !seen->version) {
		seen->version = true;
		return span_equal(value, SPAN("STSv1"))
		    ? NULL
		    : "version is not STSv1";
	}
	if (span_equal(key, SPAN("mode")) && !seen->mode) {
		seen->mode = true;
		return mode_take(value, p);
	}
	if (span_equal(key, SPAN("max_age")) && !seen->max_age) {
		seen->max_age = true;
		return age_take(value, p);
	}
	return NULL; /* an extension */
}

/* RFC 8461 3.2: sts-policy-record. */
const char *
sts_policy_parse(struct span text, struct arena *a, struct sts_policy *p_r)
{
	struct seen seen = { .version = false };
	struct span line, key;

	*p_r = (struct sts_policy){ .mode = STS_NONE };
	if (text.len > STS_SIZE_MAX)
		return "it is over 64 KiB";
	p_r->mx = arena_new(a, STS_HOSTS_MAX * sizeof *p_r->mx);
	while (span_line(&text, &line)) {
		const char *wrong;

		if (line.len > 0 && line.at[line.len - 1] == '\r')
			line.len--;
		line = span_trim(line);
		if (line.len == 0)
			continue;
		if (!span_until(&line, ':', &key))
			return "a line has no colon";
		wrong = field_take(
		    key, span_trim(span_from(line, 1)), &seen, a, p_r);
		if (wrong != NULL)
			return wrong;
	}
	if (!seen.version || !seen.mode || !seen.max_age)
		return "version, mode or max_age is missing";
	if (p_r->mode != STS_NONE && p_r->count == 0)
		return "it names no mx";
	return NULL;
}

const char *
sts_mode_text(enum sts_mode mode)
{
	switch (mode) {
	case STS_NONE:
		return "none";
	case STS_TESTING:
		return "testing";
	case STS_ENFORCE:
		return "enforce";
	}
	return "";
}

bool
sts_matches(const struct sts_policy *p, struct span host)
{
	for (size_t i = 0; i < p->count; i++) {
		struct span pattern = p->mx[i], below;
		size_t dot;

		if (span_equal(pattern, host))
			return true;
		/* RFC 8461 4.1: "*" is one label, the first. */
		if (!span_take(&pattern, '*'))
			continue;
		dot = span_find(host, '.');
		below = span_from(host, dot);
		if (dot > 0 && span_equal(below, pattern))
			return true;
	}
	return false;
}
