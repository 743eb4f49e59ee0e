/* /etc/hosts (hosts(5)), read once: libc's own reader comes with the whole
 * name service switch and its modules. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "net/dns_inside.h"
#include "os/conf.h"
#include "os/file.h"

enum { ENTRIES_MAX = 1000000 };

struct hosts {
	struct conf_list list; /* the names are spans into its text */
	struct hosts_entry *entries;
	size_t count, size;
};

static bool
address_read(struct span word, struct hosts_entry *e)
{
	static const struct in6_addr none = IN6ADDR_ANY_INIT;
	char text[INET6_ADDRSTRLEN] = "";

	if (word.len >= sizeof text)
		return false;
	memcpy(text, word.at, word.len);
	e->family = AF_INET;
	/* 0.0.0.0 and :: are how lists of advertisers are written; as a
	 * destination they would be this machine. */
	if (inet_pton(AF_INET, text, &e->is.v4) == 1)
		return e->is.v4.s_addr != INADDR_ANY;
	e->family = AF_INET6;
	return inet_pton(AF_INET6, text, &e->is.v6) == 1 &&
	    memcmp(&e->is.v6, &none, sizeof none) != 0;
}

static void
entry_add(struct hosts *h, struct hosts_entry e)
{
	if (h->count == ENTRIES_MAX)
		return;
	if (h->count == h->size) {
		h->size = h->size == 0 ? 64 : h->size * 2;
		h->entries = mem_resize(
		    h->entries, h->size, sizeof *h->entries);
	}
	e.order = (uint32_t)h->count;
	h->entries[h->count++] = e;
}

static void
line_read(struct hosts *h, struct span line)
{
	struct hosts_entry e = { .family = 0 };
	struct span rest = span_head(line, span_find(line, '#'));

	if (!address_read(span_word(&rest), &e))
		return;
	while ((e.name = span_word(&rest)).len > 0)
		entry_add(h, e);
}

static int
entry_compare(const void *left, const void *right)
{
	const struct hosts_entry *a = left, *b = right;
	int order = span_compare(a->name, b->name);

	if (order != 0)
		return order;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void
complain(const char *file)
{
	struct logline l;

	log_start(&l, "config");
	log_text(&l, "file", file);
	log_errno(&l);
	log_write(&l);
}

static void
file_open(struct hosts *h, int etc)
{
	int dir;

	if (conf_list_open(&h->list, etc, "hosts"))
		return;
	if (errno != ENOENT) {
		complain("hosts");
		return;
	}
	conf_list_close(&h->list);
	dir = dir_open(AT_FDCWD, "/etc");
	if (!conf_list_open(&h->list, dir, "hosts") && errno != ENOENT)
		complain("/etc/hosts");
	if (dir >= 0)
		close(dir);
}

struct hosts *
hosts_open(int etc)
{
	struct hosts *h = mem_new(sizeof *h);
	struct span line;

	file_open(h, etc);
	str_lower(&h->list.text, 0);
	while (conf_next(&h->list, &line))
		line_read(h, line);
	if (h->count > 0)
		qsort(h->entries, h->count, sizeof *h->entries, entry_compare);
	return h;
}

void
hosts_close(struct hosts *h)
{
	conf_list_close(&h->list);
	free(h->entries);
	free(h);
}

const struct hosts_entry *
hosts_find(const struct hosts *h, struct span name, size_t *count_r)
{
	size_t low = 0, high = h->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (span_compare(h->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	end = low;
	while (end < h->count && span_equal(h->entries[end].name, name))
		end++;
	*count_r = end - low;
	return end == low ? NULL : &h->entries[low];
}
