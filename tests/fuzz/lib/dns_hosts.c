/* Any text as the file `hosts`: what a line says is found, in the lines' order,
 * and nothing else; no name leads nowhere. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "net/dns_inside.h"
#include "os/conf.h"
#include "os/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The folder of the configuration, made once. */
static int
configuration(void)
{
	static int etc = -1;
	char path[] = "/tmp/hosts.XXXXXX";

	if (etc >= 0)
		return etc;
	if (mkdtemp(path) == NULL || setenv("CHAINMAIL_ETC", path, 1) < 0)
		abort();
	return etc = dir_open(AT_FDCWD, path);
}

/* An address that mail may go to. */
static bool
address_parse_strictly(struct span word, struct hosts_entry *e)
{
	struct str text = STR_INIT;
	bool ok;

	str_set(&text, word);
	e->family = strchr(text.at, ':') == NULL ? AF_INET : AF_INET6;
	ok = strlen(text.at) == text.len &&
	    inet_pton(e->family, text.at, &e->is) == 1;
	str_free(&text);
	if (!ok)
		return false;
	if (e->family == AF_INET)
		return e->is.v4.s_addr != INADDR_ANY;
	return !IN6_IS_ADDR_UNSPECIFIED(&e->is.v6);
}

static bool
same_address(const struct hosts_entry *a, const struct hosts_entry *b)
{
	if (a->family != b->family)
		return false;
	return a->family == AF_INET
	    ? a->is.v4.s_addr == b->is.v4.s_addr
	    : memcmp(&a->is.v6, &b->is.v6, sizeof a->is.v6) == 0;
}

/* Whether the name has this address; and all it has is in order. */
static bool
has(const struct hosts *h, struct span name, const struct hosts_entry *address)
{
	size_t count;
	const struct hosts_entry *e = hosts_find(h, name, &count);
	static const struct in6_addr none = IN6ADDR_ANY_INIT;
	bool found = false;

	if ((e == NULL) != (count == 0))
		abort();
	for (size_t i = 0; i < count; i++) {
		if (!span_equal(e[i].name, name) ||
		    (i > 0 && e[i].order <= e[i - 1].order) ||
		    (e[i].family == AF_INET
			    ? e[i].is.v4.s_addr == INADDR_ANY
			    : memcmp(&e[i].is.v6, &none, sizeof none) == 0))
			abort();
		found |= same_address(&e[i], address);
	}
	return found;
}

static void
complaint(unsigned line, const char *text, void *last)
{
	unsigned *before = last;

	if (line <= *before || text[0] == '\0')
		abort();
	*before = line;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int etc = configuration(), fd;
	unsigned last = 0;
	struct conf_list l;
	struct hosts *h;
	struct span line, name;

	fd = openat(etc, "hosts", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 ||
	    write_all(fd, (struct span){ (const char *)data, size }) < 0)
		abort();
	close(fd);
	h = hosts_open(etc, false);
	dns_hosts_check(etc, complaint, &last);
	if (!conf_list_open(&l, etc, "hosts"))
		abort();
	str_lower(&l.text, 0);
	while (conf_next(&l, &line)) {
		struct hosts_entry address;
		bool good;

		line = span_head(line, span_find(line, '#'));
		good = address_parse_strictly(span_word(&line), &address);
		while ((name = span_word(&line)).len > 0)
			if (good && !has(h, name, &address))
				abort();
	}
	conf_list_close(&l);
	hosts_close(h);
	return 0;
}
