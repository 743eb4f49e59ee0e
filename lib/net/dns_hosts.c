/* /etc/hosts (hosts(5)), read as a whole: libc's own reader needs the whole
 * name service switch and its modules. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "net/dns_inside.h"
#include "os/conf.h"

enum { ENTRIES_MAX = 1000000 };

struct hosts {
	struct conf_list list; /* the names are spans into its text */
	struct hosts_entry *entries;
	size_t count, size;
};

static bool
address_read(struct span word, struct hosts_entry *e)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (word.len >= sizeof text || span_find(word, '\0') < word.len)
		return false;
	memcpy(text, word.at, word.len);
	e->family = AF_INET;
	if (inet_pton(AF_INET, text, &e->is.v4) == 1)
		return true;
	e->family = AF_INET6;
	return inet_pton(AF_INET6, text, &e->is.v6) == 1;
}

/* 0.0.0.0 and :: are used to block advertisers; as a destination they would be
 * this machine. */
static bool
is_nowhere(const struct hosts_entry *e)
{
	static const struct in6_addr none = IN6ADDR_ANY_INIT;

	return e->family == AF_INET
	    ? e->is.v4.s_addr == INADDR_ANY
	    : memcmp(&e->is.v6, &none, sizeof none) == 0;
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

/* NULL, or what is wrong with the line. h may be NULL. */
static const char *
line_read(struct hosts *h, struct span line)
{
	struct hosts_entry e = { .family = 0 };
	struct span rest = span_head(line, span_find(line, '#'));

	if (!address_read(span_word(&rest), &e))
		return "the first word is not an address; write 192.0.2.1 or "
		       "2001:db8::1, and the host's names after it";
	if (rest.len == 0)
		return "the host's names must follow the address";
	while (
	    h != NULL && !is_nowhere(&e) && (e.name = span_word(&rest)).len > 0)
		entry_add(h, e);
	return NULL;
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

/* True when it is CHAINMAIL_ETC/hosts. */
static bool
file_open(struct hosts *h, int etc)
{
	if (conf_list_open(&h->list, etc, "hosts"))
		return true;
	if (errno != ENOENT) {
		complain("hosts");
		return false;
	}
	conf_list_close(&h->list);
	if (!conf_list_open(&h->list, DNS_ETC, "/etc/hosts") && errno != ENOENT)
		complain("/etc/hosts");
	return false;
}

struct hosts *
hosts_open(int etc, bool tell)
{
	struct hosts *h = mem_new(sizeof *h);
	char name[] = "hosts";
	bool own = file_open(h, etc);
	struct span line;

	str_lower(&h->list.text, 0);
	while (conf_next(&h->list, &line)) {
		const char *wrong = line_read(h, line);

		if (tell && own && wrong != NULL)
			conf_complain(h->list.line, wrong, name);
	}
	if (h->count > 0)
		qsort(h->entries, h->count, sizeof *h->entries, entry_compare);
	return h;
}

void
dns_hosts_check(int etc,
    void (*complain_line)(unsigned line, const char *text, void *arg),
    void *arg)
{
	struct conf_list l;
	struct span line;
	const char *wrong;

	conf_list_open(&l, etc, "hosts");
	while (conf_next(&l, &line)) {
		wrong = line_read(NULL, line);
		if (wrong != NULL)
			complain_line(l.line, wrong, arg);
	}
	conf_list_close(&l);
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
