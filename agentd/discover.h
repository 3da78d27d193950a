/*
 * Discovery of a peer by validated look-ups: URI -> SVCB (aliases, hints) -> A and AAAA where there
 * are no hints -> KEY. Secure or nothing: any answer that is not DNSSEC-secure ends it. Pure: the
 * caller asks what discover_question() wants and hands in the answers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libknot/dname.h>
#include "libmsig/msg.h"

#define DISCOVER_ADDRESSES 16
#define DISCOVER_KEYS 16
#define DISCOVER_ALIASES 4

struct discover_key {
	uint16_t tag;
	uint16_t len;
	uint8_t rdata[1024]; /* of the KEY record */
};

/* What was found. All of it was secure. */
struct discover_result {
	knot_dname_t
	    target[KNOT_DNAME_MAXLEN]; /* the URI's host: owner of KEY, the SIG(0) signer */
	uint16_t port;
	char address[DISCOVER_ADDRESSES][64]; /* "addr@port" */
	unsigned addresses;
	struct discover_key key[DISCOVER_KEYS];
	unsigned keys;
	uint64_t fresh_until; /* UTC ms: by TTL, with a floor; then it is asked again */
	uint64_t good_until;  /* UTC ms: RRSIG expiry or 24 h, whatever is first */
};

struct discover {
	char *identity;
	int step;
	unsigned alternative; /* which of the URIs */
	unsigned aliases;
	uint16_t svcb_port;
	bool hints;
	uint32_t ttl;        /* the smallest seen */
	uint64_t expiry;     /* UTC s, the earliest RRSIG expiry; 0: none seen */
	bool allow_loopback; /* labs live on 127.0.0.0/8 */
	uint32_t floor_s;
	knot_dname_t at[KNOT_DNAME_MAXLEN]; /* where SVCB or addresses are asked */
	struct discover_result result;
	char reason[200]; /* why it failed, which step */
};

enum discover_state { DISCOVER_ASKING, DISCOVER_DONE, DISCOVER_FAILED };

/* Starts over. identity stays the caller's for as long as d is used. */
void discover_start(struct discover *d, char *identity, bool allow_loopback, uint32_t floor_s);
/* The next question; false when there is none (done or failed). name: KNOT_DNAME_MAXLEN octets. */
bool discover_question(const struct discover *d, knot_dname_t *name, uint16_t *type);
/* The answer to it. now: UTC ms. */
enum discover_state discover_feed(struct discover *d, const struct msig_msg_ANSWER *answer,
				  uint64_t now);

/* For the cache: one line of text, and back. parse: MSIG_EVALUE if the text makes no sense. */
char *discover_print(const struct discover_result *result);
int discover_parse(const char *text, struct discover_result *result);
/* Equal but for the times. */
bool discover_equal(const struct discover_result *a, const struct discover_result *b);
