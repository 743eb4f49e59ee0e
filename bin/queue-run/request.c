#include "request.h"

#include <string.h>

#include "base/record.h"

static const struct {
	const char *verb;
	enum request_verb means;
} verbs[] = {
	{ "retry", REQUEST_RETRY },
	{ "hold", REQUEST_HOLD },
	{ "release", REQUEST_RELEASE },
	{ "remove", REQUEST_REMOVE },
	{ "destinations", REQUEST_DESTINATIONS },
};

static bool
flag(struct span line, const char *key)
{
	uint64_t n;

	return record_get_number(line, key, 1, &n) && n == 1;
}

bool
request_parse(struct span packet, struct request *q_r)
{
	struct span line;

	if (!span_line(&packet, &line))
		return false;
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (!record_is(line, verbs[i].verb))
			continue;
		*q_r = (struct request){ .verb = verbs[i].means,
			.report = flag(line, "report"),
			.all = flag(line, "all"),
			.lines = packet };
		return true;
	}
	return false;
}

bool
request_next(struct request *q, struct id *id_r)
{
	struct str id = STR_INIT;
	struct span line;
	bool found = false;

	while (!found && span_line(&q->lines, &line))
		found = record_get(line, "id", &id) && id_valid(str_span(&id));
	if (found)
		memcpy(id_r->text, id.at, sizeof id_r->text);
	str_free(&id);
	return found;
}
