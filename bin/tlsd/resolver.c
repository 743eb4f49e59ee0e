/* OpenSSL can look up host names; tlsd never does. Without this, linking it
 * whole would bring in the C library's resolver, which is not meant for that
 * (the linker warns). */
#include <netdb.h>
#include <stddef.h>

struct hostent *
gethostbyname(const char *name)
{
	(void)name;
	return NULL;
}
