/*
 * Counts by number, sorted: how many records have TTL 300, how many signatures key 13/4711 made,
 * how many end at a given minute. What is added can be taken away again. Knows nothing of DNS.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tally_entry {
	uint64_t key;
	uint64_t count; /* never 0 */
};

struct tally {
	struct tally_entry *at; /* by rising key */
	size_t count, room;
};

int tally_add(struct tally *tally, uint64_t key); /* KNOT_ENOMEM */
int tally_sub(struct tally *tally, uint64_t key); /* KNOT_ENOENT if it was not counted */
int tally_copy(struct tally *to, const struct tally *from);
void tally_clear(struct tally *tally);
