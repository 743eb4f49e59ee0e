#include "users/users.h"

#include "base/encode.h"
#include "os/dirs.h"

void
user_init(struct user *r)
{
	*r = (struct user){
		.kind = USER_UNKNOWN,
		.wanted = STR_INIT,
		.address = STR_INIT,
		.extension = STR_INIT,
		.home = STR_INIT,
		.mbox = STR_INIT,
		.targets = STR_INIT,
	};
}

void
user_free(struct user *r)
{
	str_free(&r->wanted);
	str_free(&r->address);
	str_free(&r->extension);
	str_free(&r->home);
	str_free(&r->mbox);
	str_free(&r->targets);
}

/* The last '@', since domains contain none; or 0. */
static size_t
domain_at(struct span address)
{
	size_t at = address.len;

	while (at > 0 && address.at[at - 1] != '@')
		at--;
	return at;
}

bool
user_rename(const struct user *r, struct span address, struct str *out_r)
{
	struct span wanted = str_span(&r->wanted);

	if (!r->renamed)
		return false;
	str_set(out_r, span_head(address, domain_at(address)));
	str_add(out_r, span_from(wanted, domain_at(wanted)));
	return true;
}

/* Append one component of the path, encoded so that it is neither ".." nor
 * hidden. */
static void
path_add(struct str *path, struct span part)
{
	str_add_byte(path, '/');
	if (span_take(&part, '.'))
		str_add_text(path, "%2E");
	percent_encode(path, part, "._+=-");
}

void
user_home(const struct user *r, struct str *path_r)
{
	struct span address = str_span(&r->address), local;
	size_t at = domain_at(address);

	if (r->home.len > 0) {
		str_set(path_r, str_span(&r->home));
		return;
	}
	local = span_head(address, at > 0 ? at - 1 : 0);
	str_set(path_r, span_text(dir_mail()));
	path_add(path_r, span_from(address, at));
	path_add(path_r, local);
}

void
user_maildir(const struct user *r, struct str *path_r)
{
	user_home(r, path_r);
	str_add_text(path_r, "/Maildir");
}
