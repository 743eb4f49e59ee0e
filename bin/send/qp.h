/* Quoted-printable (RFC 2045 6.7), of text with LF line ends. */
#ifndef SEND_QP_H
#define SEND_QP_H

#include "base/str.h"

/* Append the text encoded. Its last line gets an end only if it has one. */
void qp_encode(struct str *out, struct span text);
/* Append what claims to be quoted-printable, with the bytes encoded that can't
 * be in it. */
void qp_repair(struct str *out, struct span text);

#endif
