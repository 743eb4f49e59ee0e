#include "net/dns.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/dns_inside.h"
#include "os/conf.h"

enum { PATIENCE = 10000 };

static const char *
file_name(int file)
{
	static const char *const names[DNS_FILES] = {
		[DNS_FILE_DNS] = "dns",
		[DNS_FILE_HOSTS] = "hosts",
		[DNS_FILE_RESOLV] = "/etc/resolv.conf",
		[DNS_FILE_ETC_HOSTS] = "/etc/hosts",
	};

	return names[file];
}

static struct stamp
file_stamp(const struct dns *d, int file)
{
	return stamp_of(d->etc, file_name(file));
}

static bool
file_changed(const struct dns *d, int file)
{
	struct stamp now = file_stamp(d, file);

	return !stamp_same(&now, &d->seen[file]);
}

struct dns *
dns_open(int etc, void (*complain)(unsigned line, const char *text, void *arg),
    void *arg)
{
	struct dns *d = mem_new(sizeof *d);

	d->etc = etc;
	d->complain = complain;
	d->arg = arg;
	d->patience = PATIENCE;
	/* Before reading, so that a later change is detected. */
	for (int i = 0; i < DNS_FILES; i++)
		d->seen[i] = file_stamp(d, i);
	dns_servers_read(d);
	d->hosts = hosts_open(etc, complain == conf_complain);
	return d;
}

void
dns_close(struct dns *d)
{
	hosts_close(d->hosts);
	free(d);
}

bool
dns_is_stale(const struct dns *d)
{
	for (int i = 0; i < DNS_FILES; i++)
		if (file_changed(d, i))
			return true;
	return false;
}

/* Changed, and still accessible: a Landlock rule for a file does not cover its
 * replacement. */
static bool
file_renewed(struct dns *d, int file)
{
	int fd;

	if (!file_changed(d, file))
		return false;
	if (file == DNS_FILE_RESOLV || file == DNS_FILE_ETC_HOSTS) {
		fd = openat(d->etc, file_name(file), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return false;
		close(fd);
	}
	d->seen[file] = file_stamp(d, file);
	return true;
}

bool
dns_refresh(struct dns *d)
{
	bool servers = file_renewed(d, DNS_FILE_DNS);
	bool hosts = file_renewed(d, DNS_FILE_HOSTS);

	servers = file_renewed(d, DNS_FILE_RESOLV) || servers;
	hosts = file_renewed(d, DNS_FILE_ETC_HOSTS) || hosts;
	if (servers) {
		dns_servers_read(d);
		d->local.count = 0;
		d->validator_asked = 0;
	}
	if (hosts) {
		hosts_close(d->hosts);
		d->hosts = hosts_open(d->etc, d->complain == conf_complain);
	}
	return servers || hosts;
}

void
dns_patience(struct dns *d, int ms)
{
	d->patience = ms;
}

static void
group_ask(struct dns *d, struct dns_group *g, const struct dns_question *q,
    int64_t deadline, struct arena *a, struct dns_answer *answer_r)
{
	struct dns_answer *r = answer_r;
	struct dns_question now = { arena_copy(a, q->name), q->type };
	bool secure = g->trusted, chased = false;
	struct span packet;

	/* A recursive server includes the records of a CNAME's target; others
	 * must be asked for them. */
	for (int hops = 0; hops <= DNS_CNAMES_MAX; hops++) {
		if (dns_exchange(d, g, &now, deadline, &packet) != DNS_REPLY)
			break;
		dns_parse(packet, now.name, now.type, a, r);
		secure = secure && r->secure;
		if (r->result != DNS_EMPTY || !r->chased) {
			r->secure = secure;
			r->chased = r->chased || chased;
			return;
		}
		chased = true;
		now.name = r->name;
		if (!dns_can_ask(now.name))
			break;
	}
	*r = (struct dns_answer){
		.result = DNS_LATER, .name = now.name, .chased = chased
	};
}

/* Whether the validating resolver's answer is final. Its NXDOMAIN is not: the
 * public DNS does not know names of a private network. */
static bool
is_decided(const struct dns_answer *r)
{
	return r->result == DNS_LATER || (r->secure && r->result != DNS_GONE);
}

void
dns_ask_until(struct dns *d, const struct dns_question *q, int64_t deadline,
    struct arena *a, struct dns_answer *answer_r)
{
	if (d->validate && !d->by_file)
		dns_validator_find(d);
	if (d->local.count > 0) {
		group_ask(d, &d->local, q, deadline, a, answer_r);
		if (is_decided(answer_r))
			return;
	}
	group_ask(d, &d->listed, q, deadline, a, answer_r);
}

void
dns_ask(struct dns *d, struct span name, enum dns_type type, struct arena *a,
    struct dns_answer *answer_r)
{
	struct dns_question q = { name, type };

	if (name.len > 0 && name.at[name.len - 1] == '.')
		q.name.len--;
	*answer_r = (struct dns_answer){ .name = q.name };
	if (d->off)
		answer_r->result = DNS_OFF;
	else if (!dns_can_ask(q.name))
		answer_r->result = DNS_GONE;
	else
		dns_ask_until(
		    d, &q, clock_mono_ms() + d->patience, a, answer_r);
}
