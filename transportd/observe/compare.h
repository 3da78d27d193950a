/*
 * COMPARE: the signer's zone and combinerd's, both transferred once, and what differs (sketch.h).
 * One at a time: it costs two whole transfers, and agentd asks for it only when there is something
 * wrong.
 */
#pragma once

#include "transportd/observe/axfr.h"
#include "transportd/outbox.h"

#define COMPARE_NAMES 16 /* that are reported */

struct comparer;

struct comparer *comparer_new(struct loop *loop, struct outbox *outbox);
void comparer_free(struct comparer *comparer);
/* What is under way is given up: keys and addresses may be others. */
void comparer_reconf(struct comparer *comparer, const struct conf *conf);
/* COMPARED follows in any case. */
void comparer_begin(struct comparer *comparer, const struct msig_msg_COMPARE *msg);
