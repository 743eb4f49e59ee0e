#include "command.h"

const struct command commands[] = {
	{ "CAPA", cmd_capa, NO_NUMBERS, NULL },
	{ "DELE", cmd_dele, ONE_MESSAGE, NULL },
	{ "LANG", cmd_lang, NO_NUMBERS, "LANG" },
	{ "LIST", cmd_list, MAYBE_MESSAGE, NULL },
	{ "NOOP", cmd_noop, NO_NUMBERS, NULL },
	{ "QUIT", cmd_quit, NO_NUMBERS, NULL },
	{ "RETR", cmd_retr, ONE_MESSAGE, NULL },
	{ "RSET", cmd_rset, NO_NUMBERS, NULL },
	{ "STAT", cmd_stat, NO_NUMBERS, NULL },
	{ "TOP", cmd_top, MESSAGE_AND_COUNT, "TOP" },
	{ "UIDL", cmd_uidl, MAYBE_MESSAGE, "UIDL" },
	{ "UTF8", cmd_utf8, NO_NUMBERS, "UTF8 USER" },
	{ .name = NULL },
};
