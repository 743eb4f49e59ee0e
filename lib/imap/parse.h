/* One command's bytes: lines and the literals between them (RFC 3501 4.3 and 9,
 * RFC 7888), taken piece by piece. Everything taken is allocated in the
 * command's arena. Each function takes what its name says and returns true, or
 * takes nothing and returns false; the command then answers BAD. */
#ifndef IMAP_PARSE_H
#define IMAP_PARSE_H

#include "base/arena.h"
#include "base/io.h"

enum {
	PARSE_LINE_MAX = 65536, /* bytes of one command's lines together */
	PARSE_TAG_MAX = 128,
};

/* Further limits of one command. */
struct parse_limits {
	size_t literals;      /* how many */
	size_t literal;       /* bytes of one */
	size_t literal_bytes; /* of all; messages don't count */
	uint64_t drain;       /* bytes of unwanted literals to discard */
	/* One that is not waited for has less than this many bytes (RFC 7888);
	 * 0: any number. */
	uint64_t unasked;
};

struct parser {
	const struct parse_limits *limits;
	struct io *io;
	struct arena *arena;
	struct span line; /* the current one */
	struct span rest; /* the untaken rest of it */
	size_t line_bytes;
	size_t literals;
	size_t literal_bytes;
	bool too_big;       /* a limit was exceeded */
	enum io_result end; /* not IO_OK: the connection is over */
};

/* Read the first line of the next command. IO_LONG and IO_BARE: the command
 * can't be run; its tag can be taken for the BAD, and parse_finish() skips to
 * the next command. */
enum io_result parse_start(struct parser *p, const struct parse_limits *limits,
    struct io *io, struct arena *arena);
/* Skip what the command left: an untaken non-synchronising literal and the
 * lines after it are no commands (RFC 7888 section 4). False: there is too much
 * to skip, close the connection. The connection may also end here. */
bool parse_finish(struct parser *p);

bool parse_tag(struct parser *p, struct span *tag_r);
bool parse_byte(struct parser *p, char c);
bool parse_space(struct parser *p);
/* Nothing is left, and everything taken was valid. */
bool parse_end(struct parser *p);
/* Letters, digits, '.', '-', '=', '+': a command's or item's name. */
bool parse_name(struct parser *p, struct span *name_r);
/* Take this name, in any case. */
bool parse_is(struct parser *p, const char *name);
bool parse_atom(struct parser *p, struct span *atom_r);
bool parse_number(struct parser *p, uint32_t *n_r);
bool parse_number64(struct parser *p, uint64_t *n_r);
/* A quoted string or a literal. */
bool parse_string(struct parser *p, struct span *s_r);
bool parse_astring(struct parser *p, struct span *s_r);
/* A user's name or password: an astring without NUL (RFC 3501 9: CHAR8), but
 * 8-bit bytes are allowed, which some clients send unquoted. */
bool parse_credential(struct parser *p, struct span *s_r);
/* A string, or NIL (at == NULL). */
bool parse_nstring(struct parser *p, struct span *s_r);
/* An astring or LIST's pattern, in which '%' and '*' may be unquoted. */
bool parse_pattern(struct parser *p, struct span *s_r);
/* \Flag or keyword. */
bool parse_flag(struct parser *p, struct span *flag_r);
/* ID's arguments, NIL or a list of pairs (RFC 2971), which are ignored. */
bool parse_id(struct parser *p);

/* The literal's head at the end of the line: its size, and whether the client
 * waits for parse_accept(). Nothing is taken. parse_stream() then gives the
 * next of the remaining bytes, and parse_continue() reads the line after the
 * last one. */
bool parse_message(struct parser *p, uint64_t *size_r, bool *waits_r);
/* The same of a literal8, "~{n}" (RFC 3516 7); its '~' is taken. */
bool parse_literal8(struct parser *p, uint64_t *size_r, bool *waits_r);
void parse_accept(struct parser *p);
bool parse_stream(struct parser *p, uint64_t left, struct span *bytes_r);
bool parse_continue(struct parser *p);

#endif
