/* The index of texts is completed while the client is silent. */
#ifndef IMAPD_SEARCH_LEARN_H
#define IMAPD_SEARCH_LEARN_H

#include "session.h"

/* If a search has left texts of the selected folder to be learnt, learn them
 * until the client sends something. */
void search_learn(struct session *s);

#endif
