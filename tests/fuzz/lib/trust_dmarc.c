/* Records of DMARC, and From fields, may be anything: the first line is what all
 * domains publish. */
#include <stdlib.h>

#include "mail/domain.h"
#include "trust/author.h"
#include "trust/dmarc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
lookup(void *arg, const struct dns_question *questions, size_t count,
    struct arena *a, struct dns_answer *answers_r)
{
	for (size_t i = 0; i < count; i++) {
		answers_r[i] = (struct dns_answer){ .result = DNS_FOUND,
			.name = questions[i].name,
			.records = arena_new(a, sizeof(struct dns_record)),
			.count = 1 };
		answers_r[i].records->is.text = *(struct span *)arg;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message = { (const char *)data, size }, record = SPAN("");
	struct dmarc_identity id = { SPAN("a.example"), true, RESULT_PASS };
	struct arena a = ARENA_INIT;
	struct authors authors;
	struct dmarc_record parsed;
	struct resolver r;
	struct fields f;
	struct dmarc d;

	if (span_until(&message, '\n', &record))
		message = span_from(message, 1);
	dmarc_record_parse(record, &parsed);
	resolver_init(&r, lookup, &record);
	fields_read(&f, message);
	authors_read(&authors, &f, &a);
	if (authors.count > AUTHORS_MAX ||
	    (authors.count == 0 && authors.fault == NULL))
		abort();
	for (size_t i = 0; i < authors.count; i++) {
		if (!domain_is_plain(authors.domains[i]))
			abort();
		dmarc_check(&r, authors.domains[i], &id, 1, &d);
		if (d.wanted != DMARC_NONE && d.result != RESULT_FAIL)
			abort();
	}
	fields_free(&f);
	resolver_free(&r);
	arena_free(&a);
	return 0;
}
