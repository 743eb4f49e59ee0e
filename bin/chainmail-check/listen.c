/* The file `listen`. */
#include "listen.h"

#include "os/sock.h"
#include "parts.h"

/* What chainmail-service takes from `listen`. */
static const char *const sockets[] = { "smtp", "submission", "submissions",
	"lmtp", "imap", "imaps", "pop3", "pop3s" };
static const char *const programs[] = { "smtpd", "login" };

static bool
word_find(const char *const *words, size_t count, struct span word)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal(word, span_text(words[i])))
			return true;
	return false;
}

/* "/path:0660" without the mode. */
static struct span
without_mode(struct span address)
{
	size_t n = address.len;

	if (span_find(address, '/') == address.len)
		return address;
	while (n > 0 && address.at[n - 1] >= '0' && address.at[n - 1] <= '7')
		n--;
	return n > 0 && address.at[n - 1] == ':' && address.len - n >= 3
	    ? span_head(address, n - 1)
	    : address;
}

/* Among the addresses of the lines before, each ended by LF? */
static bool
is_seen(const struct str *seen, struct span address)
{
	struct span rest = str_span(seen), line;

	while (span_line(&rest, &line))
		if (span_equal(line, address))
			return true;
	return false;
}

const char *
listen_line(struct span line, struct str *seen)
{
	struct span word = span_word(&line);
	struct sock_name name;

	if (word_find(programs, COUNT(programs), word))
		return NULL;
	if (!word_find(sockets, COUNT(sockets), word))
		return "the first word is smtp, submission, submissions, lmtp, "
		       "imap, imaps, pop3 or pop3s, or smtpd or login for "
		       "options";
	if (line.len == 0)
		return "behind the name belong addresses, such as 127.0.0.1:25";
	while ((word = span_word(&line)).len > 0) {
		if (span_equal(word, SPAN("off")))
			continue;
		if (sock_parse(without_mode(word), &name) < 0)
			return "not an address; write 127.0.0.1:25, [::1]:25, "
			       "*:25 or /path, with blanks between, or off";
		if (is_seen(seen, word))
			return "the address occurs twice; remove one";
		str_add(seen, word);
		str_add_byte(seen, '\n');
	}
	return NULL;
}

void
check_listen(struct check *c, const char *name)
{
	struct str seen = STR_INIT;
	struct conf_list l;
	struct span line;
	const char *wrong;

	conf_list_open(&l, c->etc, name);
	while (conf_next(&l, &line)) {
		wrong = listen_line(line, &seen);
		if (wrong != NULL)
			finding_add(&c->found, MISTAKE, name, l.line, wrong);
	}
	conf_list_close(&l);
	str_free(&seen);
}
