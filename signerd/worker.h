/*
 * Each request is carried out by a process of its own, so that signerd answers while a zone is
 * being signed, and nothing that a program or the server does can hold it up. The worker ends with
 * signerd.
 */
#pragma once

#include "libmsig/daemon/loop.h"
#include "signerd/driver.h"

struct worker;

/* answer: KEYS, lent until it returns; NULL: there is none, and why says what became of the worker,
 * which is freed. settled: as job.settled. */
typedef void (*worker_done)(void *arg, const struct msig_msg *answer, bool settled,
			    const char *why);

/* ask, conf and known are copied or used at once. On failure NULL with the reason in why. */
struct worker *worker_start(struct loop *loop, const struct conf *conf, const struct driver *driver,
			    const struct msig_msg_KEY *ask, const struct keys *known, bool settled,
			    char *why, size_t whylen, worker_done done, void *arg);
void worker_free(struct worker *worker); /* ends it; done is not called */
