#include "item.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "os/file.h"

static void
name_add(struct names *n, const char *id, bool held)
{
	if (n->count == n->size) {
		n->size = n->size == 0 ? 64 : 2 * n->size;
		n->all = mem_resize(n->all, n->size, sizeof *n->all);
	}
	memcpy(n->all[n->count].id, id, ID_LEN + 1);
	n->all[n->count++].held = held;
}

static void
stray_add(struct names *n, const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (n->stray_count == n->stray_size) {
		n->stray_size = n->stray_size == 0 ? 4 : 2 * n->stray_size;
		n->strays = mem_resize(
		    n->strays, n->stray_size, sizeof *n->strays);
	}
	n->strays[n->stray_count++] = mem_text(span_text(name));
}

static int
folder_read(struct names *n, int folder, bool held, const struct filter *f)
{
	int copy = folder < 0 ? -1 : dir_open(folder, ".");
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	int saved;

	if (d == NULL) {
		if (copy >= 0)
			close(copy);
		return folder < 0 && held ? 0 : -1; /* hold/ may be missing */
	}
	while (errno = 0, (e = readdir(d)) != NULL) {
		struct span id = span_text(e->d_name);

		if (!id_valid(id) && filter_is_empty(f))
			stray_add(n, e->d_name);
		else if (id_valid(id) && filter_id(f, id))
			name_add(n, e->d_name, held);
	}
	saved = errno;
	closedir(d);
	errno = saved;
	return saved == 0 ? 0 : -1;
}

static int
name_compare(const void *a, const void *b)
{
	return strcmp(
	    ((const struct name *)a)->id, ((const struct name *)b)->id);
}

int
names_read(struct names *n, const struct spool *s, const struct filter *f)
{
	*n = (struct names){ .all = NULL };
	if ((!f->held && folder_read(n, s->new, false, f) < 0) ||
	    folder_read(n, s->hold, true, f) < 0)
		return -1;
	if (n->count > 0)
		qsort(n->all, n->count, sizeof *n->all, name_compare);
	return 0;
}

void
names_free(struct names *n)
{
	free(n->all);
	while (n->stray_count > 0)
		free(n->strays[--n->stray_count]);
	free(n->strays);
}

void
item_init(struct item *it)
{
	*it = (struct item){ .message.fd = -1 };
	envelope_init(&it->envelope);
	state_init(&it->state);
}

static void
item_close(struct item *it)
{
	if (it->message.fd >= 0)
		close(it->message.fd);
	it->message.fd = -1;
}

void
item_free(struct item *it)
{
	item_close(it);
	envelope_free(&it->envelope);
	state_free(&it->state);
}

bool
item_waits(const struct item *it, size_t index)
{
	const struct result *r = &it->results[index];

	return r->attempts == 0 || r->verdict == TEMP;
}

void
item_recipient(const struct item *it, size_t index, struct str *out)
{
	const struct recipient *to = &it->envelope.recipients[index];

	if (to->kind == RECIPIENT_PIPE)
		str_add_text(out, "the command of ");
	str_add(out, to->address);
	if (to->through.len == 0 || span_equal_case(to->through, to->address))
		return;
	str_add_text(out, " (through ");
	str_add(out, to->through);
	str_add_byte(out, ')');
}

/* The envelope has the places too, when this is done. */
static void
results_read(struct item *it, const struct spool *s)
{
	struct envelope *e = &it->envelope;

	if (state_read(s, it->name->id, e, &it->state) < 0) {
		it->why = "the state file can't be read";
		it->unsure = true;
	}
	it->results = it->state.results;
	it->matches = arena_new(&e->text, e->count * sizeof *it->matches);
	it->next = INT64_MAX;
	for (size_t i = 0; i < e->count; i++)
		if (item_waits(it, i) && it->results[i].next < it->next)
			it->next = it->results[i].next;
	if (it->next == INT64_MAX)
		it->next = 0;
}

/* One recipient at least is meant; those that are done are not. */
static bool
recipients_match(struct item *it, const struct filter *f)
{
	bool any = false;

	for (size_t i = 0; i < it->envelope.count; i++) {
		const struct recipient *to = &it->envelope.recipients[i];

		it->matches[i] = item_waits(it, i) &&
		    filter_place(
			f, to->address, to->through, it->results[i].text);
		any = any || it->matches[i];
	}
	return any || !f->recipients;
}

/* A broken file is shown where nothing but its name and age was asked for. */
static bool
broken_matches(const struct item *it, const struct filter *f, int64_t now)
{
	return f->from.len == 0 && !f->recipients &&
	    filter_message(f, span_text(it->name->id), SPAN(""),
		now - it->birth, it->name->held);
}

bool
item_read(struct item *it, const struct spool *s, const struct name *name,
    const struct filter *f, int64_t now)
{
	struct spool from = *s;
	enum spool_found found;

	item_close(it);
	envelope_clear(&it->envelope);
	it->name = name;
	it->birth = id_birth_ms(span_text(name->id)) / 1000;
	it->next = 0;
	it->why = NULL;
	it->unsure = false;
	if (name->held)
		from.new = s->hold;
	found = spool_read(
	    &from, name->id, &it->message, &it->envelope, &it->why);
	if (found == SPOOL_GONE)
		return false;
	if (found != SPOOL_WHOLE) {
		it->unsure = found == SPOOL_LATER;
		if (it->why == NULL)
			it->why = strerror(errno);
		envelope_clear(&it->envelope);
		return broken_matches(it, f, now);
	}
	results_read(it, s);
	return filter_message(f, span_text(name->id), it->envelope.from,
		   now - it->birth, name->held) &&
	    recipients_match(it, f);
}
