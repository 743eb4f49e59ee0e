#include "users/logins.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_shorthash.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/io.h"
#include "base/record.h"
#include "os/file.h"

_Static_assert(LOGINS_KEY == crypto_shorthash_KEYBYTES, "the hash's key");

int
logins_key(int etc, unsigned char key_r[LOGINS_KEY])
{
	struct commit c = { .from_dir = etc,
		.from = ".logins.key.new",
		.to_dir = etc,
		.to = "logins.key",
		.replace = true };
	int fd = openat(etc, c.to, O_RDONLY | O_CLOEXEC);
	struct str text = STR_INIT;
	bool found = fd >= 0 && read_all(fd, LOGINS_KEY, &text) == 0 &&
	    text.len == LOGINS_KEY;
	int r = fd >= 0 || errno == ENOENT ? 0 : -1;

	if (fd >= 0)
		close(fd);
	if (found)
		memcpy(key_r, text.at, LOGINS_KEY);
	else if (r == 0 && getrandom(key_r, LOGINS_KEY, 0) != LOGINS_KEY)
		r = -1;
	else if (r == 0)
		r = file_write(
		    &c, 0600, (struct span){ (char *)key_r, LOGINS_KEY });
	str_wipe(&text);
	return r;
}

void
logins_word(const unsigned char key[LOGINS_KEY], struct span secrets,
    struct span fields, struct str *word_r)
{
	static const char *const names[] = { "home", "uid", "gid" };
	struct str text = STR_INIT, value = STR_INIT;
	unsigned char hash[crypto_shorthash_BYTES];

	str_add(&text, secrets);
	for (size_t i = 0; i < COUNT(names); i++)
		if (record_get(fields, names[i], &value))
			record_add(&text, names[i], str_span(&value));
	crypto_shorthash(hash, (const unsigned char *)text.at, text.len, key);
	str_clear(word_r);
	hex_encode(word_r, (struct span){ (char *)hash, sizeof hash });
	str_wipe(&text);
	str_free(&value);
}
