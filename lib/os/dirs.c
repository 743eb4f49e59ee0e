#include "os/dirs.h"

#include <stdlib.h>

static const char *
dir_of(const char *variable, const char *otherwise)
{
	const char *value = getenv(variable);

	return value != NULL && value[0] != '\0' ? value : otherwise;
}

const char *
dir_etc(void)
{
	return dir_of("CHAINMAIL_ETC", "/etc/chainmail");
}

const char *
dir_spool(void)
{
	return dir_of("CHAINMAIL_SPOOL", "/var/spool/chainmail");
}

const char *
dir_mail(void)
{
	return dir_of("CHAINMAIL_MAIL", "/var/mail");
}

const char *
dir_index(void)
{
	const char *value = dir_of("CHAINMAIL_INDEX", "");

	return value[0] == '/' ? value : NULL;
}

const char *
dir_run(void)
{
	return dir_of("CHAINMAIL_RUN", "/run/chainmail");
}
