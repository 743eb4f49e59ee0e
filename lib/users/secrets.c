#include "users/secrets.h"

#include "base/record.h"

void
secrets_open(struct database *d, int etc)
{
	database_init(d, etc, "secrets.cdb", "chainmail-secrets 1");
}

enum database_result
secrets_lookup(struct database *d, struct span account, struct secret *s)
{
	enum database_result r = database_refresh(d);
	struct span record;
	struct str value = STR_INIT;

	if (r == DATABASE_FOUND)
		r = account.len == 0 ? DATABASE_ABSENT
				     : database_get(d, account, &record);
	if (r != DATABASE_FOUND)
		return r;
	record_get(record, "password", &s->password);
	record_get(record, "scram", &s->scram);
	record_get(record, "cert", &s->cert);
	record_get(record, "login", &s->login);
	s->checkpassword = record_get(record, "checkpassword", &value);
	str_free(&value);
	return DATABASE_FOUND;
}

void
secret_init(struct secret *s)
{
	*s = (struct secret){ STR_INIT, STR_INIT, STR_INIT, STR_INIT, false };
}

void
secret_free(struct secret *s)
{
	str_wipe(&s->password);
	str_wipe(&s->scram);
	str_wipe(&s->cert);
	str_free(&s->login);
}
