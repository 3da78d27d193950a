/*
 * Look-ups that are validated with DNSSEC, by libunbound on our own loop: its own trust anchors,
 * its own cache. The only file that includes unbound.h. Always look at the validation: bogus
 * answers carry data, too.
 */
#pragma once

#include <libknot/libknot.h>
#include "libmsig/msg.h"
#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/loop.h"

struct resolver;
struct lookup;

/* pkt is parsed (names as they came), lent, and NULL if there was no answer; why tells of a bogus
 * one and may be NULL. */
typedef void (*resolver_answer)(void *arg, const knot_pkt_t *pkt, uint16_t rcode,
				enum msig_validation validation, const char *why);

/* NULL: err says what is wrong with the configuration. */
struct resolver *resolver_new(struct loop *loop, const struct conf *conf, char *err, size_t errlen);
/* Look-ups under way end without a callback. */
void resolver_free(struct resolver *resolver);

/* cb is called later, never from within. NULL if it cannot begin. */
struct lookup *resolver_ask(struct resolver *resolver, const knot_dname_t *name, uint16_t type,
			    resolver_answer cb, void *arg);
void resolver_cancel(struct lookup *lookup); /* cb is not called any more */
