/*
 * Key files of BIND: K<zone>+<algorithm>+<tag>.key and .private in signerd.bind-keys. The times in
 * the .private file are what named goes by. named reads files whenever it signs, so they are made
 * and changed aside and moved into place: it never sees half of one, or one that it may not read.
 */
#pragma once

#include "signerd/driver.h"

/* Option of dnssec-settime, name in what `dnssec-settime -p all` prints. */
#define BINDKEY_TIMES(X)                   \
	X(PUBLISH, "-P", "Publish")        \
	X(ACTIVATE, "-A", "Activate")      \
	X(INACTIVE, "-I", "Inactive")      \
	X(DELETE, "-D", "Delete")          \
	X(SYNC, "-Psync", "SYNC Publish")  \
	X(UNSYNC, "-Dsync", "SYNC Delete") \
	X(DS, "-Pds", "DS Publish")

enum {
#define X(id, option, name) BINDKEY_##id,
	BINDKEY_TIMES(X)
#undef X
	    BINDKEY_COUNT
};

struct keytimes {
	uint64_t at[BINDKEY_COUNT]; /* UTC s; 0: never */
};

/* Keys that can sign, in the order of their ids, and their times. Roles are KSK and ZSK, states are
 * not set. */
int bindkey_list(struct job *job, struct keys *keys, struct keytimes *times);
/* A new key without times. */
int bindkey_make(struct job *job, bool ksk, uint8_t algorithm);
int bindkey_write(struct job *job, const char *id, const struct keytimes *times);
int bindkey_delete(struct job *job, const char *id);
