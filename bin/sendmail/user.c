#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "message.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/proc.h"
#include "os/sandbox.h"

enum { MEMORY_MAX = 256 << 20, FILES_MAX = 32 };

/* The name that the caller logged in with, if it is one of this uid's; two
 * names may share a uid. */
static const struct passwd *
passwd_find(void)
{
	const char *login = getenv("LOGNAME");
	const struct passwd *pw = NULL;

	if (login != NULL && login[0] != '\0')
		pw = getpwnam(login);
	return pw != NULL && pw->pw_uid == getuid() ? pw : getpwuid(getuid());
}

/* passwd(5): up to the first comma, '&' is the login name. */
static void
name_read(struct span gecos, struct span user, struct str *name)
{
	gecos = span_head(gecos, span_find(gecos, ','));
	for (size_t i = 0; i < gecos.len; i++)
		if (gecos.at[i] == '&')
			str_add(name, user);
		else
			str_add_byte(name, gecos.at[i]);
}

static void
user_read(struct caller *c)
{
	const struct passwd *pw = passwd_find();

	str_init(&c->user);
	str_init(&c->name);
	if (pw == NULL) { /* a container's, perhaps */
		str_setf(&c->user, "uid-%lu", (unsigned long)getuid());
		return;
	}
	str_set(&c->user, span_text(pw->pw_name));
	if (pw->pw_gecos != NULL)
		name_read(
		    span_text(pw->pw_gecos), str_span(&c->user), &c->name);
}

void
caller_prepare(struct caller *c)
{
	/* Not everybody may read it; then smtpd alone has the limits. */
	int etc = dir_open(AT_FDCWD, dir_etc());

	user_read(c);
	conf_limits(etc, &c->limits, NULL, NULL);
	if (etc >= 0)
		close(etc);
	c->file = message_file();
	if (c->file < 0)
		complain_and_end(TEMP, "there is no room for the message: %s",
		    strerror(errno));
	proc_limit(&(struct proc_limits){
	    .memory = MEMORY_MAX, .files = FILES_MAX, .no_fork = true });
	sandbox_paths(NULL, 0);
	sandbox_calls(CALLS_FILES | CALLS_CONNECT);
}
