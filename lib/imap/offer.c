#include "imap/offer.h"

#include <errno.h>

#include "os/conf.h"

enum { WORD_SHOWN = 100 };

/* At most 128. UIDONLY is off: there are clients that turn it on wherever it is
 * there, and then fail. */
static const struct {
	const char *name;
	bool off;
} names[] = {
	{ "ACL", false },
	{ "APPENDLIMIT", false },
	{ "BINARY", false },
	{ "CATENATE", false },
	{ "CHILDREN", false },
	{ "COMPRESS=DEFLATE", false },
	{ "CONDSTORE", false },
	{ "CONTEXT=SEARCH", false },
	{ "CONTEXT=SORT", false },
	{ "CREATE-SPECIAL-USE", false },
	{ "ENABLE", false },
	{ "ESEARCH", false },
	{ "ESORT", false },
	{ "FILTERS", false },
	{ "I18NLEVEL=1", false },
	{ "ID", false },
	{ "IDLE", false },
	{ "IMAP4rev2", false },
	{ "INPROGRESS", false },
	{ "LANGUAGE", false },
	{ "LIST-EXTENDED", false },
	{ "LIST-METADATA", false },
	{ "LIST-MYRIGHTS", false },
	{ "LIST-STATUS", false },
	{ "LITERAL+", false },
	{ "LITERAL-", false },
	{ "MESSAGELIMIT", false },
	{ "METADATA", false },
	{ "METADATA-SERVER", false },
	{ "MOVE", false },
	{ "MULTIAPPEND", false },
	{ "MULTISEARCH", false },
	{ "NAMESPACE", false },
	{ "NOTIFY", false },
	{ "OBJECTID", false },
	{ "PARTIAL", false },
	{ "PREVIEW", false },
	{ "QRESYNC", false },
	{ "QUOTA", false },
	{ "QUOTA=RES-MAILBOX", false },
	{ "QUOTA=RES-MESSAGE", false },
	{ "QUOTA=RES-STORAGE", false },
	{ "QUOTASET", false },
	{ "REPLACE", false },
	{ "RIGHTS", false },
	{ "SASL-IR", false },
	{ "SAVEDATE", false },
	{ "SEARCH=FUZZY", false },
	{ "SEARCHRES", false },
	{ "SORT", false },
	{ "SORT=DISPLAY", false },
	{ "SPECIAL-USE", false },
	{ "STATUS=SIZE", false },
	{ "THREAD=ORDEREDSUBJECT", false },
	{ "THREAD=REFERENCES", false },
	{ "THREAD=REFS", false },
	{ "UIDBATCHES", false },
	{ "UIDONLY", true },
	{ "UIDPLUS", false },
	{ "UNSELECT", false },
	{ "UTF8=ACCEPT", false },
	{ "WITHIN", false },
};

static void
set(struct offer *o, size_t i, bool off)
{
	uint64_t bit = (uint64_t)1 << (i % 64);

	if (off)
		o->off[i / 64] |= bit;
	else
		o->off[i / 64] &= ~bit;
}

/* COUNT(names) when there is none. */
static size_t
find(struct span name)
{
	size_t i = 0;

	while (i < COUNT(names) &&
	    !span_equal_case(name, span_text(names[i].name)))
		i++;
	return i;
}

void
offer_init(struct offer *o)
{
	*o = (struct offer){ .off = { 0 } };
	for (size_t i = 0; i < COUNT(names); i++)
		set(o, i, names[i].off);
}

bool
offer_has(const struct offer *o, struct span capability)
{
	size_t i = find(capability);

	return i == COUNT(names) || !(o->off[i / 64] >> (i % 64) & 1);
}

/* NULL, or what is wrong. */
static const char *
take_word(struct offer *o, struct span word, bool ours)
{
	bool off = word.at[0] == '-';
	size_t i;

	if (!off && word.at[0] != '+')
		return "write -CAPABILITY to leave it out, +CAPABILITY to "
		       "offer it";
	i = find(span_from(word, 1));
	if (i == COUNT(names))
		return "no capability that can be left out";
	if (ours)
		set(o, i, off);
	return NULL;
}

struct reader {
	struct conf_list list;
	void (*complain)(unsigned line, const char *text, void *arg);
	void *arg;
	int bad;
};

static void
refuse(struct reader *r, struct span word, const char *wrong)
{
	struct str text = STR_INIT;

	r->bad++;
	str_set(&text, span_head(word, WORD_SHOWN));
	str_addf(&text, ": %s", wrong);
	if (r->complain != NULL)
		r->complain(r->list.line, text.at, r->arg);
	str_free(&text);
}

static void
take_line(
    struct reader *r, struct offer *o, struct span line, struct span service)
{
	struct span who = span_word(&line), word;
	bool all = span_equal(who, SPAN("*"));
	const char *wrong;

	if (!all && !span_equal(who, SPAN("imap")) &&
	    !span_equal(who, SPAN("imaps"))) {
		refuse(r, who, "a line begins with imap, imaps or *");
		return;
	}
	if (line.len == 0)
		refuse(r, who, "no capability follows");
	while ((word = span_word(&line)).len > 0) {
		wrong = take_word(o, word, all || span_equal(who, service));
		if (wrong != NULL)
			refuse(r, word, wrong);
	}
}

int
offer_read(int etc, struct span service, struct offer *o_r,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg)
{
	struct reader r = { .complain = complain, .arg = arg };
	struct span line;
	int error = 0;

	offer_init(o_r);
	if (!conf_list_open(&r.list, etc, "imap"))
		error = errno;
	while (conf_next(&r.list, &line))
		take_line(&r, o_r, line, service);
	conf_list_close(&r.list);
	errno = error;
	if (error == 0 || error == ENOENT)
		return r.bad;
	*o_r = (struct offer){ .off = { UINT64_MAX, UINT64_MAX } };
	return -1;
}
