/*
 * named, by way of rndc (door.h): it reads the keys of a zone, and signs the zone with them.
 */
#pragma once

#include "signerd/driver.h"

/* named reads the keys and has acted on them, but for signing the whole zone. */
int named_load(struct job *job);
/* As named_load(), and begins to sign everything with the keys that are active. */
int named_sign(struct job *job);
/* Forgets that the key has ever signed the whole zone. */
int named_forget(struct job *job, const struct key *key);
/* Whether the whole zone is signed with the key, since it was forgotten. */
int named_has_signed(struct job *job, const struct key *key, bool *has);
/* Waits until it is: MSIG_ETIMEOUT if that takes too long. */
int named_wait(struct job *job, const struct key *key);
