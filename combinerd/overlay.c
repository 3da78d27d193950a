#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "combinerd/overlay.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

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

	while (i < overlay->count &&
	       (cmp = rr_cmp(&overlay->at[i], origin, type, rdata)) < 0)
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
overlay_remove(struct overlay *overlay, const char *origin, uint16_t type, const knot_rdata_t *rdata)
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

/* Database ----------------------------------------------------------------------------------- */

/* Over everything that is stored, so that a row that is missing, changed or invented is found. */
static uint64_t
checksum(const struct overlay *overlay)
{
	struct rr_buf buf = {0};

	rr_buf_add(&buf, &overlay->epoch, sizeof(overlay->epoch));
	rr_buf_add(&buf, &overlay->counter, sizeof(overlay->counter));
	for (size_t i = 0; i < overlay->count; i++) {
		const struct overlay_rr *rr = &overlay->at[i];
		rr_buf_add(&buf, rr->origin, strlen(rr->origin) + 1);
		rr_buf_add(&buf, &rr->type, sizeof(rr->type));
		rr_buf_add(&buf, &rr->ttl, sizeof(rr->ttl));
		rr_buf_add(&buf, &rr->time, sizeof(rr->time));
		rr_buf_add(&buf, rr->rdata, sizeof(rr->rdata->len) + rr->rdata->len);
	}
	uint64_t sum = rr_checksum(buf.data, buf.len);
	rr_buf_clear(&buf);
	return sum;
}

int
overlay_save(struct db *db, const char *zone, const struct overlay *overlay)
{
	struct db_stmt *st = db_stmt(db, "DELETE FROM overlay WHERE zone = ?");

	db_bind_text(st, 1, zone);
	int ret = db_exec(st);
	for (size_t i = 0; ret >= 0 && i < overlay->count; i++) {
		const struct overlay_rr *rr = &overlay->at[i];
		st = db_stmt(db, "INSERT INTO overlay (zone, origin, type, ttl, time, rdata) "
		                 "VALUES (?, ?, ?, ?, ?, ?)");
		db_bind_text(st, 1, zone);
		db_bind_text(st, 2, rr->origin);
		db_bind_int(st, 3, rr->type);
		db_bind_int(st, 4, rr->ttl);
		db_bind_int(st, 5, (int64_t)rr->time);
		db_bind_blob(st, 6, rr->rdata->data, rr->rdata->len);
		ret = db_exec(st);
	}
	if (ret < 0)
		return ret;
	st = db_stmt(db, "INSERT OR REPLACE INTO overlay_version (zone, epoch, counter, sum) "
	                 "VALUES (?, ?, ?, ?)");
	db_bind_text(st, 1, zone);
	db_bind_int(st, 2, (int64_t)overlay->epoch);
	db_bind_int(st, 3, (int64_t)overlay->counter);
	db_bind_int(st, 4, (int64_t)checksum(overlay));
	return db_exec(st);
}

static int
load_rows(struct db *db, const char *zone, struct overlay *overlay)
{
	static struct rr_room room;
	struct db_stmt *st = db_stmt(db, "SELECT origin, type, ttl, time, rdata FROM overlay "
	                                 "WHERE zone = ?");
	int ret;

	db_bind_text(st, 1, zone);
	while ((ret = db_next(st)) == 1) {
		size_t len;
		const char *origin = db_text(st, 0);
		int64_t type = db_int(st, 1), ttl = db_int(st, 2);
		const void *rdata = db_blob(st, 4, &len);
		/* a row that cannot be is passed over here, and missed by the checksum */
		if (origin == NULL || rdata == NULL || len > KNOT_RDATA_MAXLEN || ttl < 0 ||
		    ttl > UINT32_MAX || type < 0 || type > UINT16_MAX ||
		    !msig_apex_is_type((uint16_t)type))
			continue;
		knot_rdata_init(rr_room_rdata(&room), (uint16_t)len, rdata);
		overlay_add(overlay, origin, (uint16_t)type, (uint32_t)ttl, rr_room_rdata(&room),
		            (uint64_t)db_int(st, 3));
	}
	return ret;
}

int
overlay_load(struct db *db, const char *zone, struct overlay *overlay)
{
	uint64_t sum = checksum(overlay);
	int ret = load_rows(db, zone, overlay);

	if (ret < 0)
		goto fail;
	struct db_stmt *st = db_stmt(db, "SELECT epoch, counter, sum FROM overlay_version "
	                                 "WHERE zone = ?");
	db_bind_text(st, 1, zone);
	if ((ret = db_next(st)) < 0)
		goto fail;
	if (ret == 1) {
		overlay->epoch = (uint64_t)db_int(st, 0);
		overlay->counter = (uint64_t)db_int(st, 1);
		sum = (uint64_t)db_int(st, 2);
		while (db_next(st) == 1)
			;
	}
	if (checksum(overlay) == sum)
		return 0;
	ret = MSIG_EDB;
fail:
	overlay_clear(overlay);
	return ret;
}
