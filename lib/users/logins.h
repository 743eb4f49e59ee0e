/* What logins depend on: the file CHAINMAIL_ETC/logins/logins.cdb has a word
 * for each account, which changes with its password, keys, certificate, home or
 * uid. authd passes it on with each login; a session ends when its account has
 * another word, or none. The word reveals nothing about the password: it is
 * computed with a key that only the compiler reads, CHAINMAIL_ETC/logins.key.
 * The folder holds nothing else, so a session's sandbox can allow reading
 * it. */
#ifndef USERS_LOGINS_H
#define USERS_LOGINS_H

#include "base/str.h"

#define LOGINS_FOLDER "logins"
#define LOGINS_FILE "logins.cdb"
#define LOGINS_MAGIC "chainmail-logins 1"

enum { LOGINS_KEY = 16 };

/* The key, created when missing; -1 and errno. */
int logins_key(int etc, unsigned char key_r[LOGINS_KEY]);
/* The word of an account; secrets and fields are its records (users/text.h). */
void logins_word(const unsigned char key[LOGINS_KEY], struct span secrets,
    struct span fields, struct str *word_r);

#endif
