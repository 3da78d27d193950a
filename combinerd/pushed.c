#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "combinerd/pushed.h"
#include "combinerd/rr.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

void
pushed_clear(struct pushed *pushed)
{
	for (size_t i = 0; i < pushed->count; i++)
		free(pushed->at[i].rdata);
	free(pushed->at);
	memset(pushed, 0, sizeof(*pushed));
}

bool
pushed_has(const struct pushed *pushed, uint16_t type, const knot_rdata_t *rdata)
{
	for (size_t i = 0; i < pushed->count; i++)
		if (pushed->at[i].type == type && knot_rdata_cmp(pushed->at[i].rdata, rdata) == 0)
			return true;
	return false;
}

bool
pushed_add(struct pushed *pushed, uint16_t type, const knot_rdata_t *rdata)
{
	if (pushed_has(pushed, type, rdata))
		return false;
	struct pushed_rr *at = realloc(pushed->at, (pushed->count + 1) * sizeof(*at));
	if (at == NULL)
		fatal("out of memory");
	pushed->at = at;
	at[pushed->count].type = type;
	at[pushed->count].rdata = xcalloc(1, knot_rdata_size(rdata->len));
	knot_rdata_init(at[pushed->count].rdata, rdata->len, rdata->data);
	pushed->count++;
	return true;
}

void
pushed_copy(struct pushed *to, const struct pushed *from)
{
	memset(to, 0, sizeof(*to));
	for (size_t i = 0; i < from->count; i++)
		pushed_add(to, from->at[i].type, from->at[i].rdata);
}

bool
pushed_eq(const struct pushed *a, const struct pushed *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!pushed_has(b, a->at[i].type, a->at[i].rdata))
			return false;
	return true;
}

int
pushed_save(struct db *db, const char *zone, const struct pushed *pushed)
{
	int ret = db_begin(db);

	if (ret < 0)
		return ret;
	struct db_stmt *st = db_stmt(db, "DELETE FROM pushed WHERE zone = ?");
	db_bind_text(st, 1, zone);
	ret = db_exec(st);
	for (size_t i = 0; ret >= 0 && i < pushed->count; i++) {
		st = db_stmt(db, "INSERT INTO pushed (zone, type, rdata) VALUES (?, ?, ?)");
		db_bind_text(st, 1, zone);
		db_bind_int(st, 2, pushed->at[i].type);
		db_bind_blob(st, 3, pushed->at[i].rdata->data, pushed->at[i].rdata->len);
		ret = db_exec(st);
	}
	if (ret >= 0)
		return db_commit(db);
	db_rollback(db);
	return ret;
}

int
pushed_load(struct db *db, const char *zone, struct pushed *pushed)
{
	static struct rr_room room;
	struct db_stmt *st = db_stmt(db, "SELECT type, rdata FROM pushed WHERE zone = ?");
	int ret;

	memset(pushed, 0, sizeof(*pushed));
	db_bind_text(st, 1, zone);
	while ((ret = db_next(st)) == 1) {
		size_t len;
		int64_t type = db_int(st, 0);
		const void *rdata = db_blob(st, 1, &len);
		if (rdata == NULL || len > KNOT_RDATA_MAXLEN || type <= 0 || type > UINT16_MAX)
			continue;
		knot_rdata_init(rr_room_rdata(&room), (uint16_t)len, rdata);
		pushed_add(pushed, (uint16_t)type, rr_room_rdata(&room));
	}
	if (ret < 0)
		pushed_clear(pushed);
	return ret < 0 ? ret : 0;
}
