/* Signs messages with a key that is no secret:
 *	sign -r				prints the key's record
 *	sign TAGS < message		adds a DKIM-Signature with these tags
 *	sign -s I CV DOMAIN FOUND < message	adds a set of ARC */
#include <stdio.h>
#include <unistd.h>

#include "../unit/trust_sign.h"
#include "base/io.h"

int
main(int argc, char **argv)
{
	struct str message = STR_INIT, record = STR_INIT;
	struct signer s;

	signer_init(&s, KEY_EDDSA, 0);
	if (argc == 2 && strcmp(argv[1], "-r") == 0) {
		signer_record(&s, &record);
		puts(record.at);
		return 0;
	}
	if (read_all(STDIN_FILENO, 1 << 28, &message) < 0)
		return 1;
	if (argc == 2)
		message_sign(&s, "DKIM-Signature", argv[1], &message);
	else if (argc == 6)
		message_seal(&s, (unsigned)strtoul(argv[2], NULL, 10), argv[3],
		    argv[4], argv[5], &message);
	else
		return 2;
	return write_all(STDOUT_FILENO, str_span(&message)) < 0;
}
