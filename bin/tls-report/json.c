#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "report.h"

enum { GZIP_BITS = 15 + 16, MEMORY_LEVEL = 8 };

struct span
report_domain(const struct report *r)
{
	return r->sessions[0].domain;
}

void
report_id(const struct report *r, struct str *out)
{
	str_addf(out, "%s.", r->day.name);
	str_add(out, report_domain(r));
	str_add_byte(out, '@');
	str_add(out, r->me);
}

void
report_file_name(const struct report *r, struct str *out)
{
	str_add(out, r->me);
	str_add_byte(out, '!');
	str_add(out, report_domain(r));
	str_addf(out, "!%lld!%lld.json.gz", (long long)r->day.begin,
	    (long long)r->day.begin + DAY_S - 1);
}

/* RFC 8259 7. Other hosts' replies may contain any byte. */
static void
text_add(struct str *out, struct span text)
{
	bool utf8 = span_is_utf8(text);

	str_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if (c == '"' || c == '\\')
			str_addf(out, "\\%c", c);
		else if (c < ' ')
			str_addf(out, "\\u%04x", c);
		else
			str_add_byte(out, c > 126 && !utf8 ? '?' : (char)c);
	}
	str_add_byte(out, '"');
}

static void
member_add(struct str *out, const char *key, struct span value)
{
	str_addf(out, "\"%s\": ", key);
	text_add(out, value);
}

static bool
same_policy(const struct session *a, const struct session *b)
{
	return span_equal(a->policy, b->policy) &&
	    span_equal(a->string, b->string);
}

static bool
same_failure(const struct session *a, const struct session *b)
{
	return span_equal(a->result, b->result) && span_equal(a->mx, b->mx) &&
	    span_equal(a->ip, b->ip) && span_equal(a->local, b->local) &&
	    span_equal(a->text, b->text);
}

static bool
is_ok(const struct session *s)
{
	return span_equal(s->result, SPAN("ok"));
}

/* The lines of a text as an array: all, or the rest after a prefix. */
static void
lines_add(
    struct str *out, const char *key, struct span text, struct span prefix)
{
	struct span line;
	bool first = true;

	str_addf(out, "\"%s\": [", key);
	while (span_line(&text, &line)) {
		if (!span_take_text(&line, prefix))
			continue;
		str_add_text(out, first ? "" : ", ");
		text_add(out, line);
		first = false;
	}
	str_add_text(out, "]");
}

/* RFC 8460 4.3, 4.4: equal failures are counted together. */
static void
failures_add(struct str *out, const struct session *s, size_t count)
{
	static const char indent[] = "          ";
	bool first = true;

	for (size_t i = 0, n; i < count; i += n) {
		for (n = 1; i + n < count && same_failure(&s[i], &s[i + n]);)
			n++;
		if (is_ok(&s[i]))
			continue;
		str_addf(out, "%s\n        {\n%s", first ? "" : ",", indent);
		first = false;
		member_add(out, "result-type", s[i].result);
		if (s[i].local.len > 0) {
			str_addf(out, ",\n%s", indent);
			member_add(out, "sending-mta-ip", s[i].local);
		}
		if (s[i].mx.len > 0) {
			str_addf(out, ",\n%s", indent);
			member_add(out, "receiving-mx-hostname", s[i].mx);
		}
		if (s[i].ip.len > 0) {
			str_addf(out, ",\n%s", indent);
			member_add(out, "receiving-ip", s[i].ip);
		}
		if (s[i].text.len > 0) {
			str_addf(out, ",\n%s", indent);
			member_add(out, "failure-reason-code", s[i].text);
		}
		str_addf(out, ",\n%s\"failed-session-count\": %zu\n        }",
		    indent, n);
	}
}

static void
policy_add(struct str *out, const struct session *s, size_t count)
{
	size_t good = 0;

	for (size_t i = 0; i < count; i++)
		good += is_ok(&s[i]);
	str_add_text(out, "\n    {\n      \"policy\": {\n        ");
	member_add(out, "policy-type", s->policy);
	str_add_text(out, ",\n        ");
	if (s->string.len > 0) {
		lines_add(out, "policy-string", s->string, SPAN(""));
		str_add_text(out, ",\n        ");
	}
	member_add(out, "policy-domain", s->domain);
	if (s->string.len > 0 && span_equal(s->policy, SPAN("sts"))) {
		str_add_text(out, ",\n        ");
		lines_add(out, "mx-host", s->string, SPAN("mx: "));
	}
	str_addf(out,
	    "\n      },\n      \"summary\": {\n"
	    "        \"total-successful-session-count\": %zu,\n"
	    "        \"total-failure-session-count\": %zu\n      }",
	    good, count - good);
	if (good < count) {
		str_add_text(out, ",\n      \"failure-details\": [");
		failures_add(out, s, count);
		str_add_text(out, "\n      ]");
	}
	str_add_text(out, "\n    }");
}

void
report_json(const struct report *r, struct str *out)
{
	struct str text = STR_INIT;

	str_add_text(out, "{\n  ");
	member_add(out, "organization-name", r->me);
	str_addf(out,
	    ",\n  \"date-range\": {\n"
	    "    \"start-datetime\": \"%sT00:00:00Z\",\n"
	    "    \"end-datetime\": \"%sT23:59:59Z\"\n  },\n  ",
	    r->day.name, r->day.name);
	str_add_text(&text, "postmaster@");
	str_add(&text, r->me);
	member_add(out, "contact-info", str_span(&text));
	str_add_text(out, ",\n  ");
	str_clear(&text);
	report_id(r, &text);
	member_add(out, "report-id", str_span(&text));
	str_add_text(out, ",\n  \"policies\": [");
	for (size_t i = 0, n; i < r->count; i += n) {
		const struct session *s = &r->sessions[i];

		for (n = 1; i + n < r->count && same_policy(s, &s[n]);)
			n++;
		str_add_text(out, i > 0 ? "," : "");
		policy_add(out, s, n);
	}
	str_add_text(out, "\n  ]\n}\n");
	str_free(&text);
}

int
report_gzip(struct span json, struct str *out)
{
	z_stream z = { .next_in = (Bytef *)json.at,
		.avail_in = (uInt)json.len };
	size_t room;

	if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_BITS,
		MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	room = deflateBound(&z, json.len);
	z.next_out = (Bytef *)str_reserve(out, room);
	z.avail_out = (uInt)room;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
		deflateEnd(&z);
		return -1;
	}
	out->len += room - z.avail_out;
	out->at[out->len] = '\0';
	return deflateEnd(&z) == Z_OK ? 0 : -1;
}
