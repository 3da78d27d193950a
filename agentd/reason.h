/*
 * Why a zone is not where it should be: a structured reason, made by decide(), shown by msigctl
 * (`why`, `tracking`, `wait`) and written to the log when it changes. Knows nothing of printing to
 * anywhere; reason_text() makes the one line.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The six classes of waiting. Only the last needs a person; HOME does if it lasts. */
#define REASON_CLASSES(X)                                                             \
	X(READY, "ready")     /* in the target state, or a step can be done now */    \
	X(UNTIL, "until")     /* a hold: passes by itself at `deadline` */            \
	X(PARENT, "parent")   /* the parent has to act or its servers to converge */  \
	X(PEER, "peer")       /* a peer, or its servers */                            \
	X(HOME, "home")       /* what is this provider's: signer, daemons, servers */ \
	X(BLOCKED, "blocked") /* a person has to act: `todo` says what */

enum reason_class {
#define X(id, text) REASON_##id,
	REASON_CLASSES(X)
#undef X
};

/* What it is about: stable words for programs. */
#define REASON_OBJECTS(X)         \
	X(NONE, "none")           \
	X(HSYNC, "hsync")         \
	X(PEER, "peer")           \
	X(GRANT, "grant")         \
	X(DNSKEY, "dnskey")       \
	X(CDS, "cds")             \
	X(DS, "ds")               \
	X(NS, "ns")               \
	X(CSYNC, "csync")         \
	X(OVERLAY, "overlay")     \
	X(STATEMENT, "statement") \
	X(SERVER, "server")       \
	X(SIGNATURE, "signature") \
	X(CLOCK, "clock")         \
	X(DATABASE, "database")   \
	X(OPERATOR, "operator")   \
	X(S1, "chain")            \
	X(S2, "data-signature")   \
	X(KEYTAG, "key-tag")      \
	X(CONTENT, "signed-zone") \
	X(KEY, "key")             \
	X(LEADER, "leader")

enum reason_object {
#define X(id, text) REASON_OF_##id,
	REASON_OBJECTS(X)
#undef X
};

#define REASON_TEXT 160

struct reason {
	enum reason_class class;
	enum reason_object object;
	char place[80]; /* server, provider or daemon it is about; may be empty */
	char expected[REASON_TEXT];
	char seen[REASON_TEXT];
	char todo[REASON_TEXT]; /* what a person should do; see reason_todo() */
	int64_t since;          /* UTC ms: when this reason (class, object, place) appeared */
	int64_t next;           /* UTC ms: next check or, for UNTIL, the deadline; 0 unknown */
	bool told;              /* that it lasts was said */
};

const char *reason_class_name(enum reason_class class);
const char *reason_object_name(enum reason_object object);

/* A text as far as there is room, which is not 0; NULL is an empty one. */
void reason_copy(char *to, size_t room, const char *text);
/* The same behind what is there. */
void reason_add(char *to, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a person should do; empty: nothing. What is at home has its own word, or that of its place:
 * nobody else mends it. */
const char *reason_todo(const struct reason *r);

/* How a peer's clock stands to ours: "its clock is 120 s behind ours". Returns buf. */
char *reason_clock(int64_t ahead, char *buf, size_t len);

/* Same class, object and place: the waiting goes on, `since` stays. */
int reason_same(const struct reason *a, const struct reason *b);

/* One line without times: "parent: ds at 127.0.0.1@5300: expected 2 keys, seen 1". Returns buf. */
char *reason_text(const struct reason *r, char *buf, size_t len);
