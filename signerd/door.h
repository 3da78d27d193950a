/*
 * rndc speaks to named over TCP, and signerd has no network. So before sockets are denied to
 * signerd, a process forks off that keeps them and does one thing: start rndc, with one of the
 * words below, for a zone of BIND's. It has the configuration of that moment, and trusts nothing
 * that it is asked. It cannot listen, nor be traced by others of its user; rndc, while it runs,
 * can.
 */
#pragma once

#include "libmsig/daemon/conf.h"
#include "signerd/run.h"

enum door_word {
	DOOR_LOADKEYS, /* loadkeys ZONE */
	DOOR_SIGN,     /* sign ZONE */
	DOOR_STATUS,   /* zonestatus ZONE */
	DOOR_SIGNING,  /* signing -list ZONE */
	DOOR_FORGET,   /* signing -clear TAG/ALGORITHM ZONE */
	DOOR_WORDS
};

struct door_ask {
	uint8_t word;
	uint8_t algorithm; /* DOOR_FORGET */
	uint16_t tag;
	uint64_t deadline; /* loop_mono_ms() */
	char zone[1024];   /* as text; with NUL */
};

/* Only if a zone of conf is BIND's. Ends with the process that calls it. */
int door_open(const struct conf *conf);
/* Whether one is open here; without it door_ask() starts rndc itself. */
bool door_is_open(void);
/* As run_program(). */
int door_ask(const struct conf *conf, const struct door_ask *ask, struct run_result *result);

const char *door_word_name(enum door_word word);
