/* One command's bytes: lines and the literals between them (RFC 3501 4.3 and
 * 9, RFC 7888), taken piece by piece. Everything taken lives in the command's
 * arena. Each function takes what it names and says true, or takes nothing and
 * says false; the command then answers BAD. */
#ifndef IMAPD_PARSE_H
#define IMAPD_PARSE_H

#include "base/arena.h"
#include "base/io.h"

enum {
	LINE_MAX_LEN = 65536,    /* of one line */
	LITERALS_MAX = 1000,     /* of one command */
	LITERAL_BYTES = 1 << 20, /* of one command, messages not counted */
	TAG_MAX = 128,
};

struct parser {
	struct io *io;
	struct arena *arena;
	struct span line; /* the current one */
	struct span rest; /* what is not taken of it */
	size_t line_bytes;
	size_t literals;
	size_t literal_bytes;
	bool too_big;       /* a limit was met */
	enum io_result end; /* not IO_OK: the connection is over */
};

/* Read the first line of the next command. IO_LONG and IO_BARE: answer
 * "* BAD" and call parse_finish(). */
enum io_result parse_start(
    struct parser *p, struct io *io, struct arena *arena);
/* Read over what the command left: a non-synchronising literal that was not
 * taken and the lines behind it are no commands (RFC 7888 section 4). False:
 * there is too much of it, close the connection. */
bool parse_finish(struct parser *p);

bool parse_tag(struct parser *p, struct span *tag_r);
bool parse_byte(struct parser *p, char c);
bool parse_space(struct parser *p);
/* Nothing is left. */
bool parse_end(struct parser *p);
/* Letters, digits, '.', '-', '=', '+': a command's or item's name. */
bool parse_name(struct parser *p, struct span *name_r);
/* The name is this one, in any case. */
bool parse_is(struct parser *p, const char *name);
bool parse_atom(struct parser *p, struct span *atom_r);
bool parse_number(struct parser *p, uint32_t *n_r);
bool parse_number64(struct parser *p, uint64_t *n_r);
/* A quoted string or a literal. */
bool parse_string(struct parser *p, struct span *s_r);
bool parse_astring(struct parser *p, struct span *s_r);
/* A string, or NIL (at == NULL). */
bool parse_nstring(struct parser *p, struct span *s_r);
/* An astring or LIST's pattern, where '%' and '*' stand bare too. */
bool parse_pattern(struct parser *p, struct span *s_r);
/* \Flag or keyword. */
bool parse_flag(struct parser *p, struct span *flag_r);

/* A message's literal, not read into memory: its size; then, when the command
 * wants it, parse_accept() lets a waiting client send, parse_stream() gives
 * the next bytes of the left ones, and parse_continue() reads the line behind
 * it. */
bool parse_message(struct parser *p, uint64_t *size_r, bool *waits_r);
void parse_accept(struct parser *p);
bool parse_stream(struct parser *p, uint64_t left, struct span *bytes_r);
bool parse_continue(struct parser *p);

#endif
