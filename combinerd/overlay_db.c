/*
 * The overlay in the database: rows, and a checksum over all of them. A row that is missing,
 * changed or invented makes the whole overlay unreadable: a part of it would take providers away.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "combinerd/overlay.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

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
