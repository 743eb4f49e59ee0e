/* What is asked of those who run commands may be anything; what is taken from it
 * is of the right form. */
#include <stdlib.h>
#include <string.h>

#include "base/id.h"
#include "base/record.h"
#include "commands/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_clean(const struct str *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (byte_is_control(s->at[i]))
			abort();
}

static void
check_delivery(struct span packet)
{
	struct delivery_request r;

	delivery_request_init(&r);
	if (delivery_request_parse(packet, &r)) {
		check_clean(&r.to);
		check_clean(&r.sender);
		check_clean(&r.recipient);
		if (r.to.len == 0 || r.command.len == 0 ||
		    !id_valid(str_span(&r.id)))
			abort();
	}
	delivery_request_free(&r);
}

static void
check_filter(struct span packet)
{
	struct filter_request r;
	struct str value = STR_INIT;
	struct span key;

	if (!filter_request_parse(packet, &r))
		return;
	if (strcmp(r.file, "filter.mx") != 0 &&
	    strcmp(r.file, "filter.submission") != 0)
		abort();
	while (record_next(&r.facts, &key, &value)) {
		size_t i = 0;

		while (filter_facts[i] != NULL &&
		    !span_equal(key, span_text(filter_facts[i])))
			i++;
		if (filter_facts[i] == NULL || strlen(value.at) != value.len)
			abort();
	}
	if (r.facts.len != 0)
		abort();
	str_free(&value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span packet = { (const char *)data, size };

	check_delivery(packet);
	check_filter(packet);
	return 0;
}
