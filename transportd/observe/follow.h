/*
 * FOLLOW: observe is a secondary of the signer that keeps no zone, only its picture (stream.h): one
 * AXFR, then an IXFR on each NOTIFY and SOA timer. FOLLOWED after each change, and with a reason
 * when transfers fail.
 */
#pragma once

#include <jansson.h>
#include "libmsig/daemon/conf.h"
#include "transportd/observe/stream.h"
#include "transportd/outbox.h"

#define FOLLOW_RETRY_MIN 1000 /* ms, doubling */
#define FOLLOW_RETRY_MAX 30000
#define FOLLOW_IDLE 15000      /* ms without progress of a transfer */
#define FOLLOW_OLD (48 * 3600) /* s before a signature ends: has it been renewed? */
#define FOLLOW_RENEW 3600000   /* ms between two looks for that reason alone */

struct follower;
struct follow;

struct follower *follower_new(struct loop *loop, struct outbox *outbox);
void follower_free(struct follower *follower);
/* Follows the zones of the configuration, as it says. What agentd asked for stays. */
void follower_reconf(struct follower *follower, const struct conf *conf);

/* agentd's word; the same again reports the present picture again. */
void follow_set(struct follower *follower, const struct msig_msg_FOLLOW *msg);
struct follow *follow_find(struct follower *follower, const knot_dname_t *zone);
/* The signer has something new. */
void follow_refresh(struct follow *follow);
json_t *follow_json(struct follower *follower);
