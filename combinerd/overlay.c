#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "combinerd/overlay.h"
#include "libmsig/daemon/log.h"

static void
rr_clear(struct overlay_rr *rr)
{
	free(rr->origin);
	free(rr->rdata);
}

void
overlay_clear(struct overlay *overlay)
{
	for (size_t i = 0; i < overlay->count; i++)
		rr_clear(&overlay->at[i]);
	free(overlay->at);
	memset(overlay, 0, sizeof(*overlay));
}

void
overlay_copy(struct overlay *to, const struct overlay *from)
{
	*to = *from;
	to->at = xcalloc(from->count + 1, sizeof(*to->at));
	for (size_t i = 0; i < from->count; i++) {
		const struct overlay_rr *rr = &from->at[i];
		to->at[i] = *rr;
		to->at[i].origin = xstrdup(rr->origin);
		to->at[i].rdata = xmemdup(rr->rdata, knot_rdata_size(rr->rdata->len));
	}
}

static int
rr_cmp(const struct overlay_rr *rr, const char *origin, uint16_t type, const knot_rdata_t *rdata)
{
	if (rr->type != type)
		return rr->type < type ? -1 : 1;
	int cmp = knot_rdata_cmp(rr->rdata, rdata);
	return cmp != 0 ? cmp : strcmp(rr->origin, origin);
}

bool
overlay_add(struct overlay *overlay, const char *origin, uint16_t type, uint32_t ttl,
	    const knot_rdata_t *rdata, uint64_t time)
{
	size_t i = 0;
	int cmp = 1;

	while (i < overlay->count && (cmp = rr_cmp(&overlay->at[i], origin, type, rdata)) < 0)
		i++;
	if (i < overlay->count && cmp == 0) {
		if (overlay->at[i].ttl == ttl)
			return false;
		overlay->at[i].ttl = ttl;
		overlay->at[i].time = time;
		return true;
	}
	struct overlay_rr *at = xcalloc(overlay->count + 1, sizeof(*at));
	if (overlay->count > 0) {
		memcpy(at, overlay->at, i * sizeof(*at));
		memcpy(at + i + 1, overlay->at + i, (overlay->count - i) * sizeof(*at));
	}
	free(overlay->at);
	overlay->at = at;
	overlay->count++;
	at[i].origin = xstrdup(origin);
	at[i].type = type;
	at[i].ttl = ttl;
	at[i].time = time;
	at[i].rdata = xcalloc(1, knot_rdata_size(rdata->len));
	knot_rdata_init(at[i].rdata, rdata->len, rdata->data);
	return true;
}

bool
overlay_remove(struct overlay *overlay, const char *origin, uint16_t type,
	       const knot_rdata_t *rdata)
{
	size_t kept = 0;

	for (size_t i = 0; i < overlay->count; i++) {
		struct overlay_rr *rr = &overlay->at[i];
		if (rr->type == type && strcmp(rr->origin, origin) == 0 &&
		    (rdata == NULL || knot_rdata_cmp(rr->rdata, rdata) == 0))
			rr_clear(rr);
		else
			overlay->at[kept++] = *rr;
	}
	bool changed = kept < overlay->count;
	overlay->count = kept;
	return changed;
}

size_t
overlay_count(const struct overlay *overlay, const char *origin, uint16_t type)
{
	size_t count = 0;

	for (size_t i = 0; i < overlay->count; i++) {
		const struct overlay_rr *rr = &overlay->at[i];
		if ((type == 0 || rr->type == type) &&
		    (origin == NULL || strcmp(rr->origin, origin) == 0))
			count++;
	}
	return count;
}

bool
overlay_eq(const struct overlay *a, const struct overlay *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct overlay_rr *x = &a->at[i], *y = &b->at[i];
		if (x->ttl != y->ttl || rr_cmp(x, y->origin, y->type, y->rdata) != 0)
			return false;
	}
	return true;
}

int
overlay_set(const struct overlay *overlay, uint16_t type, struct msig_set *set)
{
	uint32_t ttl = UINT32_MAX;

	msig_set_init(set, type);
	for (size_t i = 0; i < overlay->count; i++) {
		const struct overlay_rr *rr = &overlay->at[i];
		if (rr->type != type)
			continue;
		int ret = msig_set_add(set, rr->rdata->data, rr->rdata->len);
		if (ret != 0) {
			msig_set_clear(set);
			return ret;
		}
		if (rr->ttl < ttl)
			ttl = rr->ttl;
	}
	set->ttl = ttl;
	return 0;
}

static int
text_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **
overlay_origins(const struct overlay *overlay, size_t *count)
{
	const char **list = xcalloc(overlay->count + 1, sizeof(*list));

	for (size_t i = 0; i < overlay->count; i++)
		list[i] = overlay->at[i].origin;
	qsort(list, overlay->count, sizeof(*list), text_cmp);
	*count = 0;
	for (size_t i = 0; i < overlay->count; i++)
		if (*count == 0 || strcmp(list[*count - 1], list[i]) != 0)
			list[(*count)++] = list[i];
	return list;
}
