/*
 * The signer's NOTIFY: the only thing that observe listens for. Heard for a zone that we have, with
 * the signer's TSIG key; without a key only from one of the signer's addresses.
 */
#pragma once

#include "libmsig/daemon/conf.h"
#include "libmsig/daemon/loop.h"

struct notify;

/* changed is called for each NOTIFY that is accepted; serial is 0 if it did not say one. */
struct notify *notify_new(struct loop *loop,
			  void (*changed)(void *arg, const knot_dname_t *zone, uint32_t serial),
			  void *arg);
void notify_free(struct notify *notify);
/* Listens as conf says; conf is borrowed until the next call. */
int notify_reconf(struct notify *notify, const struct conf *conf);

struct notify_counters {
	uint64_t accepted, refused;
};
struct notify_counters notify_count(const struct notify *notify);
