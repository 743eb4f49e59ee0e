/* Listing queue-run's destinations. */
#include <stdio.h>

#include "base/die.h"
#include "base/record.h"
#include "print.h"
#include "request.h"

enum { STATE_AT = 32, NEXT_AT = 42, WAITING_AT = 50 };

static void
destination_json(struct str *out, struct span line)
{
	struct str value = STR_INIT;
	struct span key;
	uint64_t n;

	json_open(out, NULL, '{');
	while (record_next(&line, &key, &value)) {
		struct str name = STR_INIT;

		str_add(&name, key);
		if (span_is_number(str_span(&value), INT64_MAX, &n) &&
		    !span_equal(key, SPAN("name")))
			json_number(out, name.at, (int64_t)n);
		else if (!span_equal(key, SPAN("destination")))
			json_text(out, name.at, str_span(&value));
		str_free(&name);
	}
	str_add_text(out, "}\n");
	str_free(&value);
}

static void
destination_print(struct str *out, struct span line, int64_t now)
{
	struct str value = STR_INIT;
	size_t start = out->len;
	uint64_t next = 0, waiting = 0;

	record_get(line, "name", &value);
	print_clean(out, str_span(&value));
	str_add_byte(out, ' ');
	print_pad(out, start, STATE_AT);
	record_get(line, "state", &value);
	print_clean(out, str_span(&value));
	str_add_byte(out, ' ');
	print_pad(out, start, NEXT_AT);
	if (record_get_number(line, "next", INT64_MAX, &next) &&
	    (int64_t)next > now) {
		str_add_text(out, "in ");
		print_age(out, (int64_t)next - now);
	}
	str_add_byte(out, ' ');
	print_pad(out, start, WAITING_AT);
	record_get_number(line, "waiting", UINT32_MAX, &waiting);
	str_addf(out, "%llu waiting\n", (unsigned long long)waiting);
	if (record_get(line, "text", &value) && value.len > 0) {
		str_add_text(out, "    ");
		print_clean(out, str_span(&value));
		str_add_byte(out, '\n');
	}
	str_free(&value);
}

int
command_destinations(struct request *r)
{
	struct str answer = STR_INIT;
	struct span rest, line;
	size_t count = 0;
	uint64_t more;

	channel_ask(r, SPAN("destinations"), &answer);
	rest = str_span(&answer);
	while (span_line(&rest, &line)) {
		if (record_get_number(line, "more", UINT32_MAX, &more))
			fprintf(stderr, "and %llu more\n",
			    (unsigned long long)more);
		if (!record_is(line, "destination"))
			continue;
		count++;
		if (r->json)
			destination_json(&r->out, line);
		else
			destination_print(&r->out, line, r->now);
	}
	str_free(&answer);
	return count > 0 ? DONE : 1;
}
