#include "prompt.h"

#include <termios.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "users/password.h"

static void
say(const char *text)
{
	if (write_all(STDERR_FILENO, span_text(text)) < 0)
		die(TEMP, "write to the terminal");
}

/* Read one line, byte by byte, leaving later input unread. A partial line is
 * not a password. */
static bool
line_read(struct str *line_r)
{
	char c;
	ssize_t n;

	while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
		if (line_r->len <= PASSWORD_MAX)
			str_add_byte(line_r, c);
	if (n < 0)
		die(TEMP, "read the password");
	if (line_r->len > 0 && line_r->at[line_r->len - 1] == '\r')
		str_cut(line_r, line_r->len - 1);
	return n == 1 || line_r->len > 0;
}

static void
ask(const char *question, struct str *line_r)
{
	struct termios before, unseen;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		die(TEMP, "ask the terminal");
	unseen = before;
	unseen.c_lflag &= ~(tcflag_t)ECHO;
	say(question);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &unseen);
	line_read(line_r);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	say("\n");
}

void
prompt_password(struct str *password_r)
{
	struct str again = STR_INIT;

	if (isatty(STDIN_FILENO)) {
		ask("New password: ", password_r);
		ask("The same again: ", &again);
		if (!span_equal(str_span(password_r), str_span(&again)))
			die(DATA, "the two differ; nothing was changed");
	} else if (!line_read(password_r)) {
		die(DATA, "no password on stdin; give it as one line");
	}
	str_wipe(&again);
	if (!password_acceptable(str_span(password_r)))
		die(DATA,
		    "a password is 1 to %d bytes of UTF-8 text without "
		    "control characters",
		    PASSWORD_MAX);
}
