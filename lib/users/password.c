#include "users/password.h"

#include <crypt.h>
#include <errno.h>
#include <sodium/utils.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "users/password_salted.h"
#include "users/scram.h"

_Static_assert(PASSWORD_MAX == CRYPT_MAX_PASSPHRASE_SIZE, "crypt(3)'s limit");

static const char *const known[] = { "$y$", "$gy$", "$7$", "$2a$", "$2b$",
	"$2y$", "$6$", "$5$", "$1$" };

bool
password_acceptable(struct span password)
{
	return password.len > 0 && password.len < PASSWORD_MAX &&
	    span_is_clean(password) && span_is_utf8(password);
}

bool
password_hash_known(struct span hash)
{
	span_take(&hash, '!');
	for (size_t i = 0; i < COUNT(known); i++)
		if (span_starts(hash, span_text(known[i])))
			return hash.len < CRYPT_OUTPUT_SIZE;
	return salted_known(hash) || argon2_known(hash);
}

bool
password_hash_fast(struct span hash)
{
	return span_starts(hash, SPAN("{")) || span_starts(hash, SPAN("$1$"));
}

bool
password_hash_large(struct span hash)
{
	return span_starts(hash, SPAN("$argon2"));
}

/* crypt(3) with its memory on the heap and wiped; NULL or the hash, which is
 * stored in *data. */
static const char *
hash_of(struct span password, const char *setting, struct crypt_data *data)
{
	char *text = mem_text(password);
	const char *hash = crypt_rn(text, setting, data, sizeof *data);

	sodium_memzero(text, password.len);
	free(text);
	return hash;
}

int
password_hash(struct span password, struct str *hash_r)
{
	struct crypt_data *data;
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash;

	if (!password_acceptable(password)) {
		errno = EINVAL;
		return -1;
	}
	/* Without random bytes given, libcrypt uses getrandom(2). */
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof setting) ==
	    NULL)
		return -1;
	data = mem_new(sizeof *data);
	hash = hash_of(password, setting, data);
	if (hash != NULL)
		str_add_text(hash_r, hash);
	sodium_memzero(data, sizeof *data);
	free(data);
	return hash == NULL ? -1 : 0;
}

static bool
crypt_check(struct span password, const char *hash)
{
	struct crypt_data *data = mem_new(sizeof *data);
	size_t len = strlen(hash);
	const char *again = NULL;
	bool same = false;

	again = hash_of(password, hash, data);
	if (again != NULL)
		same = strlen(again) == len &&
		    sodium_memcmp(again, hash, len) == 0;
	sodium_memzero(data, sizeof *data);
	free(data);
	return same;
}

bool
password_check(struct span password, const char *hash)
{
	struct span text = span_text(hash);

	if (password.len >= PASSWORD_MAX ||
	    memchr(password.at, '\0', password.len) != NULL ||
	    !password_hash_known(text))
		return false;
	if (span_starts(text, SPAN("{")))
		return salted_check(password, text);
	if (span_starts(text, SPAN("$argon2")))
		return argon2_check(password, hash);
	return crypt_check(password, hash);
}

int
password_scram(struct span password, unsigned iterations, struct str *record_r)
{
	struct scram_keys k = { .iterations = iterations,
		.salt_len = SCRAM_SALT };

	if (!password_acceptable(password) || iterations < SCRAM_ITERATIONS) {
		errno = EINVAL;
		return -1;
	}
	if (getrandom(k.salt, SCRAM_SALT, 0) != SCRAM_SALT)
		return -1;
	scram_derive(password, &k);
	scram_write(&k, record_r);
	sodium_memzero(&k, sizeof k);
	return 0;
}
