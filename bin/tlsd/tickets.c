#include "tickets.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/clock.h"

enum { CIPHER_IV = 16 };

static int
key_new(struct ticket_key *k)
{
	return RAND_priv_bytes((unsigned char *)k, sizeof *k) == 1 ? 0 : -1;
}

int
tickets_init(struct tickets *t)
{
	t->since = clock_mono_ms();
	return key_new(&t->keys[0]) < 0 || key_new(&t->keys[1]) < 0 ? -1 : 0;
}

void
tickets_rotate(struct tickets *t)
{
	int64_t now = clock_mono_ms();
	struct ticket_key fresh;

	if (now - t->since < TICKET_LIFE_S * 1000 / 2 || key_new(&fresh) < 0)
		return;
	t->since = now;
	t->keys[1] = t->keys[0];
	t->keys[0] = fresh;
	OPENSSL_cleanse(&fresh, sizeof fresh);
}

void
tickets_wipe(struct tickets *t)
{
	OPENSSL_cleanse(t->keys, sizeof t->keys);
}

static int
mac_start(EVP_MAC_CTX *mac, struct ticket_key *k)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_octet_string(
				    OSSL_MAC_PARAM_KEY, k->mac, sizeof k->mac),
		OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end() };

	return EVP_MAC_CTX_set_params(mac, params);
}

/* OpenSSL asks for the keys of a ticket: -1 error, 0 unknown (a full handshake
 * follows), 1 good, 2 good but send a fresh ticket. */
static int
ticket_keys(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seal)
{
	struct tickets *t = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0);
	const EVP_CIPHER *aes = EVP_aes_256_cbc();

	if (seal) {
		struct ticket_key *k = &t->keys[0];

		memcpy(name, k->name, TICKET_NAME);
		if (RAND_bytes(iv, CIPHER_IV) != 1 ||
		    EVP_EncryptInit_ex(cipher, aes, NULL, k->cipher, iv) != 1 ||
		    mac_start(mac, k) != 1)
			return -1;
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		struct ticket_key *k = &t->keys[i];

		if (memcmp(name, k->name, TICKET_NAME) != 0)
			continue;
		if (EVP_DecryptInit_ex(cipher, aes, NULL, k->cipher, iv) != 1 ||
		    mac_start(mac, k) != 1)
			return -1;
		return i == 0 ? 1 : 2;
	}
	return 0;
}

void
tickets_use(SSL_CTX *context, struct tickets *t)
{
	SSL_CTX_set_ex_data(context, 0, t);
	SSL_CTX_set_timeout(context, TICKET_LIFE_S);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_keys);
}
