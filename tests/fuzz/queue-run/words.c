/* What workers answer and what tools ask for: any bytes. */
#include <stdlib.h>

#include "../../../bin/queue-run/request.h"
#include "../../../bin/queue-run/verp.h"
#include "../../../bin/queue-run/wire.h"
#include "base/die.h"
#include "mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
place_check(const struct reply *a)
{
	const struct recipient *to = &a->place;

	if (to->address.len == 0 || to->kind > RECIPIENT_PIPE ||
	    a->result.status.len == 0 || to->through.len > 0)
		abort();
}

static void
answers(struct span packet)
{
	struct reply a;
	struct span line;

	reply_init(&a);
	while (span_line(&packet, &line)) {
		enum reply_kind kind = reply_parse(line, &a);

		if (kind == REPLY_PLACE)
			place_check(&a);
		if (kind != REPLY_DONE)
			continue;
		if ((a.result.places > 0 &&
			(a.result.action != ACTION_EXPANDED ||
			    a.result.verdict != DONE)) ||
		    a.result.verdict < 0 || a.result.verdict > 255 ||
		    a.result.status.len == 0 ||
		    a.result.action > ACTION_EXPANDED ||
		    (a.result.reported && a.result.verdict != DONE) ||
		    ((a.down || a.busy) && a.result.verdict != TEMP) ||
		    span_find(str_span(&a.via), '\n') < a.via.len)
			abort();
	}
	reply_free(&a);
}

static void
requests(struct span packet)
{
	struct request q;
	struct id id;

	if (!request_parse(packet, &q))
		return;
	while (request_next(&q, &id))
		if (!id_valid(span_text(id.text)))
			abort();
}

/* The first line sends to the second: what is made is an address. */
static void
senders(struct span packet)
{
	struct str out = STR_INIT;
	struct address a;
	struct span from, to;

	if (span_line(&packet, &from) && span_line(&packet, &to) &&
	    verp_sender(from, SPAN("-="), to, &out) &&
	    !address_parse(str_span(&out), &a))
		abort();
	str_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span packet = { (const char *)data, size };

	answers(packet);
	requests(packet);
	senders(packet);
	return 0;
}
