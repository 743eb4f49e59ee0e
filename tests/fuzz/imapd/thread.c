/* Any messages make trees in which each is once, and each parenthesis has its
 * other. The input: a byte for the algorithm, then headers, each up to an empty
 * line. */
#include <stdlib.h>

#include "../../../bin/imapd/search/thread.h"
#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t
add_all(struct threads *t, struct span in)
{
	struct sortkeys keys;
	uint32_t n = 0;

	sortkeys_init(&keys);
	while (in.len > 0) {
		struct span header = in;
		size_t end = header_size(in);

		in = span_from(in, end > 0 ? end : 1);
		sortkeys_take(
		    &keys, threads_wanted(t->kind), span_head(header, end));
		if (threads_add(t, n + 1, keys.sent, &keys) < 0)
			break;
		n++;
	}
	sortkeys_free(&keys);
	return n;
}

static void
check(struct span out, uint32_t count)
{
	bool *seen = mem_new(count + 1);
	uint32_t found = 0;
	size_t depth = 0;
	uint64_t n;

	while (out.len > 0) {
		if (span_take(&out, '(')) {
			depth++;
		} else if (span_take(&out, ')')) {
			if (depth-- == 0)
				abort();
		} else if (!span_take(&out, ' ')) {
			if (!span_number(&out, count, &n) || n == 0 || seen[n])
				abort();
			seen[n] = true;
			found++;
		}
	}
	if (depth != 0 || found != count)
		abort();
	free(seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str out = STR_INIT;
	struct threads t;
	uint32_t count;

	if (size == 0)
		return 0;
	threads_init(&t, (enum thread_kind)(data[0] % 3));
	count = add_all(&t, (struct span){ (const char *)data + 1, size - 1 });
	threads_make(&t);
	threads_put(&out, &t);
	check(str_span(&out), count);
	threads_free(&t);
	str_free(&out);
	return 0;
}
