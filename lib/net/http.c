#include "net/http.h"

bool
http_is_request(struct span line)
{
	static const char *const methods[] = { "GET ", "HEAD ", "POST ", "PUT ",
		"DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "PATCH " };

	for (size_t i = 0; i < COUNT(methods); i++)
		if (span_starts(line, span_text(methods[i])))
			return true;
	return false;
}
