#include "options.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "base/program.h"
#include "complain.h"

const char options_help[] =
    "usage: sendmail [-itv] [-f sender] [-F name] [-N events] [-R part]\n"
    "                [-V id] [recipient ...] < message\n"
    "       sendmail -bs | -bv address ... | -bp | -bi | -q\n"
    "Sends a message from this machine. mailq is sendmail -bp; newaliases is\n"
    "sendmail -bi.\n"
    "  -f sender  the envelope sender   -t     recipients from the header\n"
    "  -F name    the name in From      -i     a line of one dot is text\n"
    "  -N events  when to report (DSN)  -v     say what happens\n"
    "  -R part    full or hdrs (DSN)    -V id  an envelope id (DSN)\n"
    "  -bs        speak SMTP            -bv    is there such an address?\n"
    "  -bp        list the queue        -q     try it again now\n"
    "See sendmail(8).\n";

static enum mode
mode_of_name(const char *program)
{
	if (strcmp(program, "mailq") == 0)
		return LIST;
	return strcmp(program, "newaliases") == 0 ? ALIASES : SEND;
}

/* -b: what to do. */
static enum mode
mode_of_letter(const char *word)
{
	static const struct {
		char letter;
		enum mode mode;
	} modes[] = { { 'm', SEND }, { 'a', SMTP }, { 's', SMTP },
		{ 'v', VERIFY }, { 'p', LIST }, { 'i', ALIASES } };

	for (size_t i = 0; i < COUNT(modes); i++)
		if (word[0] == modes[i].letter)
			return modes[i].mode;
	if (word[0] == 'd' || word[0] == 'D')
		complain_and_end(USAGE,
		    "there is no daemon to start with -bd: chainmail's own "
		    "services receive and send mail");
	help_usage(options_help);
}

/* RFC 3461 4.1: what NOTIFY= takes. */
static const char *
notify_check(const char *word)
{
	static const char *const words[] = { "success", "failure", "delay" };
	struct span rest = span_text(word);

	if (strcasecmp(word, "never") == 0)
		return word;
	do {
		struct span one = span_head(rest, span_find(rest, ','));
		bool known = false;

		for (size_t i = 0; i < COUNT(words); i++)
			known |= span_equal_case(one, span_text(words[i]));
		if (!known)
			complain_and_end(USAGE,
			    "-N takes never, or some of failure,delay,success");
		rest = span_from(rest, one.len);
	} while (span_take(&rest, ','));
	return word;
}

static const char *
ret_check(const char *word)
{
	if (strcasecmp(word, "full") != 0 && strcasecmp(word, "hdrs") != 0)
		complain_and_end(USAGE, "-R takes full or hdrs");
	return word;
}

/* -o: the old options of sendmail, two of which are supported. */
static void
old_option(struct options *o, const char *word)
{
	if (strcmp(word, "i") == 0 || strcasecmp(word, "itrue") == 0)
		o->dot_is_text = true;
	if (word[0] == 'v')
		o->verbose = true;
}

static void
option_take(struct options *o, int letter, const char *word)
{
	switch (letter) {
	case 'b':
		o->mode = mode_of_letter(word);
		break;
	case 'f':
	case 'r':
		o->sender = word;
		break;
	case 'F':
		o->name = word;
		break;
	case 'I':
		o->mode = ALIASES;
		break;
	case 'i':
		o->dot_is_text = true;
		break;
	case 'N':
		o->notify = notify_check(word);
		break;
	case 'o':
		old_option(o, word);
		break;
	case 'q':
		o->mode = FLUSH;
		break;
	case 'R':
		o->ret = ret_check(word);
		break;
	case 't':
		o->from_header = true;
		break;
	case 'V':
		o->envid = word;
		break;
	case 'v':
		o->verbose = true;
		break;
	case 'X': /* -XV, of Postfix; else a log file */
		if (word[0] == 'V')
			o->verp = word + 1;
		break;
	case '?':
		help_usage(options_help);
	default: /* an option of sendmail or Postfix, ignored here */
		break;
	}
}

void
options_read(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){ .mode = mode_of_name(program_name()) };
	opterr = 0;
	while ((c = getopt(argc, argv,
		    "+A:B:C:D:F:GIL:M:N:O:R:TUV:X:b:cd::e:f:h:imno:p:q::r:"
		    "stvx")) != -1)
		option_take(o, c, optarg);
	o->recipients = argv + optind;
	if (o->mode == SEND && o->recipients[0] == NULL && !o->from_header)
		help_usage(options_help);
	if (o->mode == VERIFY && o->recipients[0] == NULL)
		help_usage(options_help);
}
