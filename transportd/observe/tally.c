/*
 * Sorted counts: see tally.h. Few distinct keys are expected (TTLs, keys, minutes), so that an
 * array with binary search is smaller and faster than a tree.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <libknot/libknot.h>

#include "transportd/observe/tally.h"

/* Where key is, or belongs. */
static size_t
place(const struct tally *tally, uint64_t key)
{
	size_t low = 0, high = tally->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (tally->at[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int
tally_add(struct tally *tally, uint64_t key)
{
	size_t i = place(tally, key);

	if (i < tally->count && tally->at[i].key == key) {
		tally->at[i].count++;
		return 0;
	}
	if (tally->count == tally->room) {
		size_t room = tally->room > 0 ? tally->room * 2 : 8;
		struct tally_entry *at = realloc(tally->at, room * sizeof(*at));

		if (at == NULL)
			return KNOT_ENOMEM;
		tally->at = at;
		tally->room = room;
	}
	memmove(&tally->at[i + 1], &tally->at[i], (tally->count - i) * sizeof(*tally->at));
	tally->at[i] = (struct tally_entry){key, 1};
	tally->count++;
	return 0;
}

int
tally_sub(struct tally *tally, uint64_t key)
{
	size_t i = place(tally, key);

	if (i == tally->count || tally->at[i].key != key)
		return KNOT_ENOENT;
	if (--tally->at[i].count > 0)
		return 0;
	tally->count--;
	memmove(&tally->at[i], &tally->at[i + 1], (tally->count - i) * sizeof(*tally->at));
	return 0;
}

int
tally_copy(struct tally *to, const struct tally *from)
{
	*to = (struct tally){0};
	if (from->count == 0)
		return 0;
	to->at = malloc(from->count * sizeof(*to->at));
	if (to->at == NULL)
		return KNOT_ENOMEM;
	memcpy(to->at, from->at, from->count * sizeof(*to->at));
	to->count = to->room = from->count;
	return 0;
}

void
tally_clear(struct tally *tally)
{
	free(tally->at);
	*tally = (struct tally){0};
}
