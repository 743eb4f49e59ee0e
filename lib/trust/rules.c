#include "trust/rules.h"

#include <errno.h>

#include "mail/domain.h"
#include "mail/idna.h"
#include "os/conf.h"

/* NULL, or what is wrong. */
static const char *
rule_line(struct span line, struct rules *r)
{
	static const char *const names[RULES] = {
		[RULE_SPF] = "spf",
		[RULE_DKIM] = "dkim",
		[RULE_ARC] = "arc",
		[RULE_DMARC] = "dmarc",
		[RULE_IPREV] = "iprev",
		[RULE_REJECT] = "reject",
		[RULE_QUARANTINE] = "quarantine",
	};
	struct span name = span_word(&line);

	for (size_t i = 0; i < COUNT(names); i++)
		if (span_equal(name, span_text(names[i]))) {
			if (!span_equal(line, SPAN("off")))
				return "write \"off\" after the name, or "
				       "remove the line";
			r->off[i] = true;
			return NULL;
		}
	return "not known; write spf, dkim, arc, dmarc, iprev, reject or "
	       "quarantine, and \"off\"";
}

static const char *
forwarder_line(struct span line, struct rules *r)
{
	struct str domain = STR_INIT;
	struct span *more;
	bool ok = idna_ascii(line, &domain) &&
	    domain_is_plain(str_span(&domain));

	if (ok) {
		/* Few, so each makes the list anew. */
		more = arena_new(&r->arena, (r->count + 1) * sizeof *more);
		for (size_t i = 0; i < r->count; i++)
			more[i] = r->forwarders[i];
		str_lower(&domain, 0);
		more[r->count++] = arena_copy(&r->arena, str_span(&domain));
		r->forwarders = more;
	}
	str_free(&domain);
	return ok ? NULL
		  : "not a domain; write one a line, as in lists.example";
}

static unsigned
file_read(int etc, const char *name, struct rules *r,
    const char *(*line_read)(struct span line, struct rules *r),
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct conf_list l;
	struct span line;
	unsigned wrong = 0;
	const char *fault = NULL;

	if (!conf_list_open(&l, etc, name) && errno != ENOENT) {
		if (complain != NULL)
			complain(0, "can't be read", arg);
		wrong++;
	}
	while (conf_next(&l, &line)) {
		fault = line_read(line, r);
		if (fault == NULL)
			continue;
		if (complain != NULL)
			complain(l.line, fault, arg);
		wrong++;
	}
	conf_list_close(&l);
	return wrong;
}

unsigned
rules_read_checks(int etc, struct rules *r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	return file_read(etc, "verify", r, rule_line, complain, arg);
}

unsigned
rules_read_forwarders(int etc, struct rules *r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	return file_read(etc, "forwarders", r, forwarder_line, complain, arg);
}

void
rules_free(struct rules *r)
{
	arena_free(&r->arena);
}

bool
rules_trust(void *arg, struct span domain)
{
	const struct rules *r = arg;

	for (size_t i = 0; i < r->count; i++)
		if (span_equal_case(r->forwarders[i], domain))
			return true;
	return false;
}
