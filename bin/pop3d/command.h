/* The commands of a session, in one table from which CAPA is printed. */
#ifndef POP3D_COMMAND_H
#define POP3D_COMMAND_H

#include "reply.h"

enum command_numbers {
	NO_NUMBERS, /* it parses its argument itself, or has none */
	MAYBE_MESSAGE,
	ONE_MESSAGE,
	MESSAGE_AND_COUNT,
};

struct arguments {
	uint32_t at; /* index of the message */
	bool given;
	uint64_t count;
	struct span text; /* NO_NUMBERS */
};

struct command {
	const char *name;
	void (*run)(struct session *s, const struct arguments *a);
	enum command_numbers numbers;
	const char *advertise; /* the line in CAPA, or NULL */
};

/* Split a line into its verb and the rest after one space; false when there is
 * no verb. Accepts any input. */
bool command_split(struct span line, struct span *verb_r, struct span *rest_r);
/* Run one command line. */
void command_run(struct session *s, struct span line);
/* All commands, which main passes to the session; the last has no name. */
extern const struct command commands[];

void cmd_stat(struct session *s, const struct arguments *a);
void cmd_list(struct session *s, const struct arguments *a);
void cmd_uidl(struct session *s, const struct arguments *a);
void cmd_dele(struct session *s, const struct arguments *a);
void cmd_rset(struct session *s, const struct arguments *a);
void cmd_noop(struct session *s, const struct arguments *a);
void cmd_quit(struct session *s, const struct arguments *a);
void cmd_retr(struct session *s, const struct arguments *a);
void cmd_top(struct session *s, const struct arguments *a);
void cmd_capa(struct session *s, const struct arguments *a);
void cmd_utf8(struct session *s, const struct arguments *a);
void cmd_lang(struct session *s, const struct arguments *a);

#endif
