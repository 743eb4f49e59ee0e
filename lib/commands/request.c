#include "commands/request.h"

#include "base/id.h"
#include "base/record.h"

const char *const filter_facts[] = { "MESSAGE_ID", "SENDER", "RECIPIENT",
	"RECIPIENTS", "HELO", "SERVICE", "AUTH_USER", "TLS_PROTOCOL",
	"TCPREMOTEIP", "TCPREMOTEPORT", "TCPLOCALIP", "TCPLOCALPORT",
	"CONNECTION", "ME", NULL };

void
delivery_request_init(struct delivery_request *r)
{
	*r = (struct delivery_request){
		.to = STR_INIT,
		.command = STR_INIT,
		.sender = STR_INIT,
		.recipient = STR_INIT,
		.id = STR_INIT,
	};
}

void
delivery_request_free(struct delivery_request *r)
{
	str_free(&r->to);
	str_free(&r->command);
	str_free(&r->sender);
	str_free(&r->recipient);
	str_free(&r->id);
}

/* NUL would truncate a variable, LF would look like two lines to a script. */
bool
delivery_request_parse(struct span packet, struct delivery_request *r_r)
{
	r_r->n = 0;
	return record_get_number(packet, "n", INT64_MAX, &r_r->n) &&
	    record_is(packet, "run") && record_get(packet, "to", &r_r->to) &&
	    record_get(packet, "command", &r_r->command) &&
	    record_get(packet, "sender", &r_r->sender) &&
	    record_get(packet, "recipient", &r_r->recipient) &&
	    record_get(packet, "id", &r_r->id) &&
	    span_is_clean(str_span(&r_r->to)) && r_r->to.len > 0 &&
	    r_r->command.len > 0 && span_is_clean(str_span(&r_r->sender)) &&
	    span_is_clean(str_span(&r_r->recipient)) &&
	    id_valid(str_span(&r_r->id));
}

static bool
is_fact(struct span key, struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] == '\0')
			return false;
	for (size_t i = 0; filter_facts[i] != NULL; i++)
		if (span_equal(key, span_text(filter_facts[i])))
			return true;
	return false;
}

static bool
are_facts(struct span facts)
{
	struct str value = STR_INIT;
	struct span key;
	bool ok = true;

	while (ok && record_next(&facts, &key, &value))
		ok = is_fact(key, str_span(&value));
	str_free(&value);
	return ok && facts.len == 0;
}

bool
filter_request_parse(struct span packet, struct filter_request *r_r)
{
	static const char *const files[] = { "filter.mx", "filter.submission" };
	struct str file = STR_INIT;
	struct span line;

	*r_r = (struct filter_request){ .file = NULL };
	if (!span_line(&packet, &line) || !record_is(line, "run"))
		return false;
	record_get(line, "file", &file);
	for (size_t i = 0; i < COUNT(files); i++)
		if (span_equal(str_span(&file), span_text(files[i])))
			r_r->file = files[i];
	str_free(&file);
	r_r->facts = packet;
	return r_r->file != NULL && are_facts(packet);
}
