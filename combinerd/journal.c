#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "combinerd/base.h"
#include "combinerd/journal.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/proc.h"
#include "libmsig/err.h"

struct journal {
	struct db *db;
	char *dir;
};

static const char *const steps[] = {
    "CREATE TABLE zone ("
    " zone TEXT NOT NULL PRIMARY KEY, base TEXT, has_served INT NOT NULL,"
    " owner_serial INT NOT NULL, owner_sum_a INT NOT NULL, owner_sum_b INT NOT NULL,"
    " serial INT NOT NULL, sum_a INT NOT NULL, sum_b INT NOT NULL, digest BLOB NOT NULL,"
    " mode INT NOT NULL, state INT NOT NULL, ever INT NOT NULL, accept_signed INT NOT NULL,"
    " checked INT NOT NULL, update_time INT NOT NULL) STRICT;"
    "CREATE TABLE delta (" /* the owner's changes since the base was written */
    " zone TEXT NOT NULL, seq INT NOT NULL, change BLOB NOT NULL,"
    " PRIMARY KEY (zone, seq)) STRICT;"
    "CREATE TABLE served (" /* changes of what was served, each with the sum of what it leads to */
    " zone TEXT NOT NULL, seq INT NOT NULL, serial INT NOT NULL,"
    " sum_a INT NOT NULL, sum_b INT NOT NULL, change BLOB NOT NULL,"
    " PRIMARY KEY (zone, seq)) STRICT;"
    "CREATE TABLE overlay ("
    " zone TEXT NOT NULL, origin TEXT NOT NULL, type INT NOT NULL, ttl INT NOT NULL,"
    " time INT NOT NULL, rdata BLOB NOT NULL,"
    " PRIMARY KEY (zone, type, rdata, origin)) STRICT;"
    "CREATE TABLE overlay_version ("
    " zone TEXT NOT NULL PRIMARY KEY, epoch INT NOT NULL, counter INT NOT NULL,"
    " sum INT NOT NULL) STRICT;",
    "CREATE TABLE pushed (" /* into the signer's zone, by UPDATE: what is not the signer's own */
    " zone TEXT NOT NULL, type INT NOT NULL, rdata BLOB NOT NULL,"
    " PRIMARY KEY (zone, type, rdata)) STRICT;",
};

/* Changes: checksum, length of what goes, the records that go, those that come. -------------- */

static void
put_u64(uint8_t *at, uint64_t value)
{
	knot_wire_write_u32(at, (uint32_t)(value >> 32));
	knot_wire_write_u32(at + 4, (uint32_t)value);
}

static uint64_t
get_u64(const uint8_t *at)
{
	return (uint64_t)knot_wire_read_u32(at) << 32 | knot_wire_read_u32(at + 4);
}

#define CHANGE_HEAD 16

static void
change_encode(struct version *from, struct version *to, struct rr_buf *out)
{
	struct store_diff *diff = version_diff(from, to);
	struct rr_buf adds = {0};
	uint8_t head[CHANGE_HEAD] = {0};
	struct rr rr;
	bool added;

	rr_buf_add(out, head, sizeof(head));
	while (store_diff_next(diff, &added, &rr))
		rr_put(added ? &adds : out, &rr);
	store_diff_free(diff);
	put_u64(out->data + 8, out->len - CHANGE_HEAD);
	rr_buf_add(out, adds.data, adds.len);
	rr_buf_clear(&adds);
	put_u64(out->data, rr_checksum(out->data + 8, out->len - 8));
}

size_t
journal_diff(struct version *from, struct version *to, size_t *removed, size_t *added)
{
	struct store_diff *diff = version_diff(from, to);
	struct rr rr;
	bool in;
	size_t bytes = 0;

	*removed = *added = 0;
	while (store_diff_next(diff, &in, &rr)) {
		bytes += rr_size(&rr);
		++*(in ? added : removed);
	}
	store_diff_free(diff);
	return bytes;
}

static int
apply_part(struct change *change, const uint8_t *at, const uint8_t *end, bool add)
{
	static struct rr_room room;
	struct rr rr;
	int ret = 0;

	while (ret == 0 && at < end) {
		ret = rr_get(&at, end, &room, &rr);
		if (ret == 0)
			ret = add ? change_add(change, &rr) : change_remove(change, &rr);
	}
	return ret;
}

/* The version that the change leads to; backwards: that it led away from. NULL if it is damaged or
 * does not fit. */
static struct version *
change_apply(struct version *base, const uint8_t *data, size_t len, bool backwards)
{
	if (len < CHANGE_HEAD || get_u64(data) != rr_checksum(data + 8, len - 8) ||
	    get_u64(data + 8) > len - CHANGE_HEAD)
		return NULL;
	const uint8_t *gone = data + CHANGE_HEAD, *come = gone + get_u64(data + 8),
		      *end = data + len;
	struct change *change = store_begin(base, version_name(base));
	int ret = backwards ? apply_part(change, come, end, false)
			    : apply_part(change, gone, come, false);
	if (ret == 0)
		ret = backwards ? apply_part(change, gone, come, true)
				: apply_part(change, come, end, true);
	if (ret == 0)
		return store_commit(change);
	store_rollback(change);
	return NULL;
}

/* Opening ------------------------------------------------------------------------------------ */

int
journal_open(const char *dir, struct journal **journal, char *err, size_t size)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	char path[4096];
	int ret = proc_mkdir(dir, 0750);

	snprintf(path, sizeof(path), "%s/combinerd.db", dir);
	if (ret == 0)
		ret = db_open(path, steps, sizeof(steps) / sizeof(steps[0]), &j->db);
	if (ret != 0) {
		snprintf(err, size, "%s: %s", path, msig_strerror(ret));
		free(j);
		return ret;
	}
	j->dir = xstrdup(dir);
	*journal = j;
	return 0;
}

void
journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	db_close(journal->db);
	free(journal->dir);
	free(journal);
}

struct db *
journal_db(struct journal *journal)
{
	return journal->db;
}

static char *
zone_text(const knot_dname_t *zone)
{
	static knot_dname_txt_storage_t text;
	knot_dname_storage_t lower;

	knot_dname_copy_lower(lower, zone);
	return knot_dname_to_str(text, lower, sizeof(text));
}

/* A file that says that the zone had an overlay: a database that was lost cannot say so. */
static void
marker_path(const struct journal *j, const knot_dname_t *zone, char *path, size_t size)
{
	char name[BASE_NAME];
	base_file_name(zone, name);
	snprintf(path, size, "%s/%s.overlaid", j->dir, name);
}

static void
marker_set(const struct journal *j, const knot_dname_t *zone)
{
	char path[4096];

	marker_path(j, zone, path, sizeof(path));
	if (access(path, F_OK) == 0)
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
	base_sync_dir(j->dir);
}

static bool
marker_is_set(const struct journal *j, const knot_dname_t *zone)
{
	char path[4096];

	marker_path(j, zone, path, sizeof(path));
	return access(path, F_OK) == 0;
}

/* Loading ------------------------------------------------------------------------------------ */

struct row {
	struct journal_row row;
	struct rr_sum owner_sum;
	char base[BASE_NAME]; /* empty: no owner's copy */
};

/* 1 found, 0 not, or an error. */
static int
row_load(struct journal *j, const char *zone, struct row *out)
{
	struct db_stmt *st = db_stmt(
	    j->db,
	    "SELECT base, has_served, owner_serial, owner_sum_a, owner_sum_b, serial, sum_a, "
	    "sum_b, digest, mode, state, ever, accept_signed, checked, update_time FROM zone "
	    "WHERE zone = ?");
	size_t len;

	memset(out, 0, sizeof(*out));
	db_bind_text(st, 1, zone);
	int ret = db_next(st);
	if (ret != 1)
		return ret;
	const char *base = db_text(st, 0);
	snprintf(out->base, sizeof(out->base), "%s", base != NULL ? base : "");
	out->row.has_served = db_int(st, 1) != 0;
	out->row.owner_serial = (uint32_t)db_int(st, 2);
	out->owner_sum = (struct rr_sum){(uint64_t)db_int(st, 3), (uint64_t)db_int(st, 4)};
	out->row.serial = (uint32_t)db_int(st, 5);
	out->row.sum = (struct rr_sum){(uint64_t)db_int(st, 6), (uint64_t)db_int(st, 7)};
	const void *digest = db_blob(st, 8, &len);
	if (digest != NULL && len == sizeof(out->row.digest))
		memcpy(out->row.digest, digest, len);
	out->row.mode = (enum merge_mode)db_int(st, 9);
	out->row.state = (enum msig_zone_state)db_int(st, 10);
	out->row.ever = db_int(st, 11) != 0;
	out->row.accept_signed = db_int(st, 12) != 0;
	out->row.checked = (uint64_t)db_int(st, 13);
	out->row.update_time = (uint64_t)db_int(st, 14);
	while ((ret = db_next(st)) == 1)
		;
	return ret < 0 ? ret : 1;
}

static int
load_deltas(struct journal *j, const char *zone, struct version **owner)
{
	struct db_stmt *st = db_stmt(j->db, "SELECT change FROM delta WHERE zone = ? ORDER BY seq");
	int ret;

	db_bind_text(st, 1, zone);
	while ((ret = db_next(st)) == 1) {
		size_t len;
		const uint8_t *data = db_blob(st, 0, &len);
		struct version *next =
		    *owner != NULL ? change_apply(*owner, data, len, false) : NULL;
		version_unpin(*owner);
		*owner = next;
	}
	return ret < 0 ? ret : *owner != NULL ? 0 : MSIG_EDB;
}

static int
load_owner(struct journal *j, const knot_dname_t *zone, const char *text, const struct row *row,
	   struct version **owner)
{
	int ret = base_read(j->dir, row->base, zone, owner);

	if (ret == 0)
		ret = load_deltas(j, text, owner);
	if (ret == 0) {
		struct rr_sum sum = version_sum(*owner);
		if (sum.a != row->owner_sum.a || sum.b != row->owner_sum.b)
			ret = MSIG_EDB;
	}
	if (ret != 0) {
		version_unpin(*owner);
		*owner = NULL;
	}
	return ret;
}

int
journal_load(struct journal *j, const knot_dname_t *zone, struct journal_row *row,
	     struct version **owner, struct overlay *overlay)
{
	char text[sizeof(knot_dname_txt_storage_t)];
	struct row r;

	*owner = NULL;
	memset(overlay, 0, sizeof(*overlay));
	snprintf(text, sizeof(text), "%s", zone_text(zone));
	int found = row_load(j, text, &r);
	*row = r.row;
	if (found < 0)
		return found;
	base_clean(j->dir, zone, r.base);
	int ret = r.base[0] != '\0' ? load_owner(j, zone, text, &r, owner) : 0;
	int over = overlay_load(j->db, text, overlay);
	if (over == 0 && marker_is_set(j, zone) && !row->ever)
		over = MSIG_EDB; /* the database knows nothing of it */
	if (row->ever)
		marker_set(j, zone);
	if (over != 0)
		return MSIG_EDOUBT;
	return ret;
}

struct journal_past *
journal_past_grow(struct journal_past *list, size_t count)
{
	/* there is room for 8, 16, 32, ... */
	if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
		return list;
	struct journal_past *more = realloc(list, (count == 0 ? 8 : count * 2) * sizeof(*list));
	if (more == NULL)
		fatal("out of memory");
	return more;
}

struct journal_past *
journal_history(struct journal *j, const knot_dname_t *zone, struct version *served, size_t *count)
{
	struct journal_past *list = NULL;
	struct db_stmt *st = db_stmt(j->db, "SELECT serial, sum_a, sum_b, change FROM served "
					    "WHERE zone = ? ORDER BY seq DESC");
	struct version *at = served;
	bool ended = false;
	size_t n = 0;

	db_bind_text(st, 1, zone_text(zone));
	while (db_next(st) == 1) {
		size_t len;
		struct rr_sum sum = version_sum(at);
		const uint8_t *data = db_blob(st, 3, &len);
		if (ended || n == JOURNAL_VERSIONS)
			continue;
		bool joins = version_serial(at) == (uint32_t)db_int(st, 0) &&
			     sum.a == (uint64_t)db_int(st, 1) && sum.b == (uint64_t)db_int(st, 2);
		struct version *before = joins ? change_apply(at, data, len, true) : NULL;
		ended = before == NULL;
		if (ended)
			continue;
		list = journal_past_grow(list, n);
		list[n++] = (struct journal_past){version_serial(before), before, len};
		at = before;
	}
	*count = n;
	return list;
}

/* Writing ------------------------------------------------------------------------------------ */

static int64_t
one_int(struct journal *j, const char *sql, const char *zone)
{
	struct db_stmt *st = db_stmt(j->db, sql);

	db_bind_text(st, 1, zone);
	int64_t value = db_next(st) == 1 ? db_int(st, 0) : -1;
	while (value >= 0 && db_next(st) == 1)
		;
	return value;
}

/* The owner's version: a small change is written as such, a large one makes a new base file. */
static int
write_owner(struct journal *j, const char *text, const struct journal_change *change,
	    const char *old_base, char *base, size_t size)
{
	struct rr_buf buf = {0};
	struct db_stmt *st;
	int ret;

	if (change->owner_from != NULL && old_base[0] != '\0') {
		int64_t before = one_int(j,
					 "SELECT coalesce(sum(length(change)), 0) FROM delta "
					 "WHERE zone = ?",
					 text);
		change_encode(change->owner_from, change->owner, &buf);
		if (before >= 0 &&
		    (size_t)before + buf.len < version_bytes(change->owner) / 2 + JOURNAL_FLOOR) {
			st = db_stmt(j->db, "INSERT INTO delta (zone, seq, change) VALUES (?, "
					    "(SELECT coalesce(max(seq), 0) + 1 FROM delta WHERE "
					    "zone = ?), ?)");
			db_bind_text(st, 1, text);
			db_bind_text(st, 2, text);
			db_bind_blob(st, 3, buf.data, buf.len);
			ret = db_exec(st);
			rr_buf_clear(&buf);
			snprintf(base, size, "%s", old_base);
			return ret;
		}
		rr_buf_clear(&buf);
	}
	if ((ret = base_write(j->dir, change->owner, base, size)) != 0)
		return ret;
	st = db_stmt(j->db, "DELETE FROM delta WHERE zone = ?");
	db_bind_text(st, 1, text);
	return db_exec(st);
}

/* Forgets the oldest changes, so that what is kept is no larger than a whole transfer. */
static int
trim_served(struct journal *j, const char *text, size_t keep)
{
	struct db_stmt *st = db_stmt(
	    j->db,
	    "DELETE FROM served WHERE zone = ? AND seq <= coalesce((SELECT max(seq) FROM "
	    "(SELECT seq, row_number() OVER (ORDER BY seq DESC) AS n, "
	    "sum(length(change)) OVER (ORDER BY seq DESC) AS bytes FROM served WHERE zone = ?) "
	    "WHERE bytes > ? OR n > ?), -1)");

	db_bind_text(st, 1, text);
	db_bind_text(st, 2, text);
	db_bind_int(st, 3, (int64_t)keep);
	db_bind_int(st, 4, JOURNAL_VERSIONS);
	return db_exec(st);
}

static int
write_served(struct journal *j, const char *text, const struct journal_change *change)
{
	struct db_stmt *st;
	struct rr_buf buf = {0};

	if (change->served_from == NULL) {
		st = db_stmt(j->db, "DELETE FROM served WHERE zone = ?");
		db_bind_text(st, 1, text);
		return db_exec(st);
	}
	struct rr_sum sum = version_sum(change->served);
	change_encode(change->served_from, change->served, &buf);
	st = db_stmt(j->db,
		     "INSERT INTO served (zone, seq, serial, sum_a, sum_b, change) VALUES (?, "
		     "(SELECT coalesce(max(seq), 0) + 1 FROM served WHERE zone = ?), "
		     "?, ?, ?, ?)");
	db_bind_text(st, 1, text);
	db_bind_text(st, 2, text);
	db_bind_int(st, 3, version_serial(change->served));
	db_bind_int(st, 4, (int64_t)sum.a);
	db_bind_int(st, 5, (int64_t)sum.b);
	db_bind_blob(st, 6, buf.data, buf.len);
	int ret = db_exec(st);
	rr_buf_clear(&buf);
	return ret < 0 ? ret : trim_served(j, text, change->keep_bytes);
}

static int
write_row(struct journal *j, const char *text, const struct journal_row *row, const char *base,
	  struct rr_sum owner_sum)
{
	struct db_stmt *st = db_stmt(
	    j->db,
	    "INSERT OR REPLACE INTO zone (zone, base, has_served, owner_serial, owner_sum_a, "
	    "owner_sum_b, serial, sum_a, sum_b, digest, mode, state, ever, accept_signed, "
	    "checked, update_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

	db_bind_text(st, 1, text);
	db_bind_text(st, 2, base[0] != '\0' ? base : NULL);
	db_bind_int(st, 3, row->has_served);
	db_bind_int(st, 4, row->owner_serial);
	db_bind_int(st, 5, (int64_t)owner_sum.a);
	db_bind_int(st, 6, (int64_t)owner_sum.b);
	db_bind_int(st, 7, row->serial);
	db_bind_int(st, 8, (int64_t)row->sum.a);
	db_bind_int(st, 9, (int64_t)row->sum.b);
	db_bind_blob(st, 10, row->digest, sizeof(row->digest));
	db_bind_int(st, 11, row->mode);
	db_bind_int(st, 12, row->state);
	db_bind_int(st, 13, row->ever);
	db_bind_int(st, 14, row->accept_signed);
	db_bind_int(st, 15, (int64_t)row->checked);
	db_bind_int(st, 16, (int64_t)row->update_time);
	return db_exec(st);
}

static int
write_all(struct journal *j, const char *text, const struct journal_change *change,
	  const struct journal_row *row, char *new_base, size_t size, char *old_base)
{
	struct row old;
	int ret = row_load(j, text, &old);

	if (ret < 0)
		return ret;
	snprintf(old_base, BASE_NAME, "%s", old.base);
	snprintf(new_base, size, "%s", old.base);
	struct rr_sum sum = old.owner_sum;
	ret = 0;
	if (change->owner != NULL) {
		ret = write_owner(j, text, change, old.base, new_base, size);
		sum = version_sum(change->owner);
	}
	if (ret >= 0 && change->overlay != NULL)
		ret = overlay_save(j->db, text, change->overlay);
	if (ret >= 0 && change->served != NULL)
		ret = write_served(j, text, change);
	return ret < 0 ? ret : write_row(j, text, row, new_base, sum);
}

int
journal_commit(struct journal *j, const knot_dname_t *zone, const struct journal_change *change,
	       const struct journal_row *row)
{
	char text[sizeof(knot_dname_txt_storage_t)];
	char old_base[BASE_NAME] = "", new_base[BASE_NAME] = "";
	int ret;

	snprintf(text, sizeof(text), "%s", zone_text(zone));
	if ((ret = db_begin(j->db)) < 0)
		return ret;
	ret = write_all(j, text, change, row, new_base, sizeof(new_base), old_base);
	if (ret >= 0)
		ret = db_commit(j->db);
	if (ret < 0) {
		db_rollback(j->db);
		if (strcmp(old_base, new_base) != 0)
			base_remove(j->dir, new_base);
		return ret;
	}
	if (strcmp(old_base, new_base) != 0)
		base_remove(j->dir, old_base);
	/* Not needed while the database is there; made again at the next start if it fails now. */
	if (row->ever)
		marker_set(j, zone);
	return 0;
}

int
journal_touch(struct journal *j, const knot_dname_t *zone, uint64_t checked)
{
	struct db_stmt *st = db_stmt(j->db, "UPDATE zone SET checked = ? WHERE zone = ?");

	db_bind_int(st, 1, (int64_t)checked);
	db_bind_text(st, 2, zone_text(zone));
	return db_exec(st);
}

int
journal_pushed(struct journal *j, const knot_dname_t *zone, const struct pushed *pushed)
{
	return pushed_save(j->db, zone_text(zone), pushed);
}

int
journal_pushed_load(struct journal *j, const knot_dname_t *zone, struct pushed *pushed)
{
	return pushed_load(j->db, zone_text(zone), pushed);
}
