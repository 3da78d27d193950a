/* A zone with its journal on disk: APPLY, serials, history, digest, restarts. No network. */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "combinerd/base.h"
#include "combinerd/contribute.h"
#include "combinerd/zone.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/hsync.h"
#include "tests/unit/zonetext.h"

#define P1 "msa.p1.example."
#define P2 "msa.p2.example."
#define P3 "msa.p3.example."
#define ALG13 "oJMRESz5E4gYzS/q6XDrvU1qMPYIjCWzJaOau8XNEZeqCYKD5ar0IRd8KqXXFJkqmVfRvMGPmM1x8fGAa2XhSA=="
#define KEY1 "@ 60 DNSKEY 257 3 13 " ALG13 "\n"
#define KEY2 "@ 60 DNSKEY 256 3 13 " ALG13 "\n"
#define NS2 "@ 60 NS ns1.p2.\n"
#define NS3 "@ 60 NS ns1.p3.\n"
#define HSYNC "@ TYPE65282 \\# 20 010201036d7361027031076578616d706c650000\n"
#define BASE "@ NS ns1\nns1 A 192.0.2.1\nwww A 192.0.2.2\n" HSYNC

struct rig {
	char dir[64];
	struct conf conf;
	struct conf_zone conf_zone;
	struct combiner combiner;
	struct zone *zone;
};

static void
rig_open(struct rig *rig)
{
	char err[512];

	rig->combiner.loop = loop_new();
	rig->combiner.conf = &rig->conf;
	assert_int_equal(journal_open(rig->dir, &rig->combiner.journal, err, sizeof(err)), 0);
	rig->zone = zone_new(&rig->combiner, &rig->conf_zone);
}

static void
rig_close(struct rig *rig)
{
	zone_free(rig->zone);
	journal_close(rig->combiner.journal);
	loop_free(rig->combiner.loop);
}

static int
setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->dir, "/tmp/msig-test-zone.XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	rig->conf.hsync_type = MSIG_HSYNC_TYPE;
	rig->conf.journal_size = 1 << 20;
	rig->conf_zone.name = knot_dname_from_str_alloc("example.");
	rig->combiner.identity = knot_dname_from_str_alloc(P1);
	rig_open(rig);
	*state = rig;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *rig = *state;
	char command[128];

	rig_close(rig);
	snprintf(command, sizeof(command), "rm -r '%s'", rig->dir);
	assert_int_equal(system(command), 0);
	knot_dname_free(rig->conf_zone.name, NULL);
	knot_dname_free(rig->combiner.identity, NULL);
	free(rig);
	return 0;
}

static void
reopen(struct rig *rig)
{
	rig_close(rig);
	rig->zone = NULL;
	rig_open(rig);
}

static int
take(struct rig *rig, const char *text)
{
	char why[200] = "";
	struct version *version = zonetext_version(NULL, NULL, text);
	int ret = zone_take(rig->zone, version, false, why, sizeof(why));

	version_unpin(version);
	return ret;
}

/* An UPDATE that adds the records of a text. */
static struct msig_blob
update(const char *zone, const char *text)
{
	static uint8_t wires[4][8192];
	static int turn;
	uint8_t *wire = wires[turn++ % 4];
	knot_pkt_t *pkt = knot_pkt_new(wire, 8192, NULL);
	struct zonetext *zt = zonetext_open(text, "example.");
	knot_dname_t *name = knot_dname_from_str_alloc(zone);

	knot_pkt_clear(pkt);
	knot_wire_set_opcode(pkt->wire, KNOT_OPCODE_UPDATE);
	knot_pkt_put_question(pkt, name, KNOT_CLASS_IN, KNOT_RRTYPE_SOA);
	knot_pkt_begin(pkt, KNOT_ANSWER);
	knot_pkt_begin(pkt, KNOT_AUTHORITY);
	while (zonetext_next(zt)) {
		knot_rrset_t rrset;
		knot_rrset_init(&rrset, zt->room.owner, zt->rr.type, KNOT_CLASS_IN, zt->rr.ttl);
		assert_int_equal(knot_rdataset_add(&rrset.rrs, zt->rr.rdata, NULL), 0);
		assert_int_equal(knot_pkt_put(pkt, 0, &rrset, 0), 0);
		knot_rdataset_clear(&rrset.rrs, NULL);
	}
	zonetext_close(zt);
	knot_dname_free(name, NULL);
	struct msig_blob blob = {wire, (uint32_t)pkt->size};
	knot_pkt_free(pkt);
	return blob;
}

/* APPLY of up to two origins; NULL: not in it. */
static uint16_t
apply(struct rig *rig, uint64_t epoch, uint64_t counter, bool may_shrink, const char *two,
      const char *three)
{
	char p2[] = P2, p3[] = "MSA.P3.example";
	char *origins[2];
	struct msig_blob blobs[2];
	struct update_result result;
	uint16_t count = 0;

	if (two != NULL) {
		origins[count] = p2;
		blobs[count++] = update("example.", two);
	}
	if (three != NULL) {
		origins[count] = p3;
		blobs[count++] = update("example.", three);
	}
	struct msig_msg_APPLY msg = {
	    .zone = rig->zone->name,
	    .epoch = epoch,
	    .counter = counter,
	    .may_shrink = may_shrink,
	    .origin = {origins, count},
	    .contribution = {blobs, count},
	};
	contribute_apply(rig->zone, &msg, &result);
	assert_int_equal(result.why[0] == '\0', result.rcode == KNOT_RCODE_NOERROR);
	if (result.why[0] != '\0')
		print_message("# %s\n", result.why);
	return result.rcode;
}

/* The served version is this text, under this serial; and its digest is right. */
static void
served(struct rig *rig, uint32_t serial, const char *text)
{
	char soa[100];
	struct msig_digest digest;
	uint8_t sum[MSIG_DIGEST_LEN];
	struct rr rr;

	snprintf(soa, sizeof(soa), "@ SOA ns1 admin %u 3600 600 86400 300\n", serial);
	struct version *base = zonetext_version(NULL, NULL, soa);
	struct version *want = zonetext_version(base, NULL, text);
	struct version *have = zone_serving(rig->zone);
	assert_non_null(have);
	assert_int_equal(version_serial(have), serial);
	assert_int_equal(rig->zone->row.serial, serial);
	assert_true(sums_equal(version_sum(have), version_sum(want)));
	msig_digest_init(&digest);
	struct store_iter *iter = version_iterate(have);
	while (store_iter_next(iter, &rr))
		assert_int_equal(msig_digest_add(&digest, rig->zone->name, rr.owner, rr.type, rr.ttl,
		                                 rr.rdata->data, rr.rdata->len), 0);
	store_iter_free(iter);
	msig_digest_get(&digest, sum);
	assert_memory_equal(sum, rig->zone->row.digest, sizeof(sum));
	version_unpin(base);
	version_unpin(want);
}

#define OWN "ns1 A 192.0.2.1\nwww A 192.0.2.2\n" HSYNC

static void
applies_whole_overlays(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(take(rig, SOA_TEXT(5) BASE), 0);
	served(rig, 5, BASE);
	assert_int_equal(apply(rig, 1, 1, false, KEY1 NS2, KEY2 NS3), 0);
	served(rig, 6, OWN KEY1 KEY2 NS2 NS3);
	/* repeated: nothing happens */
	assert_int_equal(apply(rig, 1, 1, false, KEY1 NS2, KEY2 NS3), 0);
	served(rig, 6, OWN KEY1 KEY2 NS2 NS3);
	/* the same content in a newer version: no new serial, but the version counts */
	assert_int_equal(apply(rig, 1, 2, false, KEY1 NS2, KEY2 NS3), 0);
	served(rig, 6, OWN KEY1 KEY2 NS2 NS3);
	assert_int_equal(rig->zone->overlay.counter, 2);
	/* the same version with other content, an older version */
	assert_int_equal(apply(rig, 1, 2, false, KEY1, KEY2 NS3), KNOT_RCODE_REFUSED);
	assert_int_equal(apply(rig, 1, 1, false, KEY1 NS2, KEY2 NS3), KNOT_RCODE_REFUSED);
	assert_int_equal(apply(rig, 0, 9, false, KEY1 NS2, KEY2 NS3), KNOT_RCODE_REFUSED);
	/* a newer epoch starts to count anew */
	assert_int_equal(apply(rig, 2, 0, false, KEY1, KEY2 NS3), 0);
	served(rig, 7, OWN KEY1 KEY2 NS3);
	reopen(rig);
	served(rig, 7, OWN KEY1 KEY2 NS3);
	assert_int_equal(rig->zone->overlay.epoch, 2);
	assert_int_equal(apply(rig, 1, 99, false, KEY1, KEY2), KNOT_RCODE_REFUSED);
	assert_int_equal(overlay_count(&rig->zone->overlay, P3, 0), 2); /* in lower case */
}

static void
shrinks_only_by_a_process(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(take(rig, SOA_TEXT(5) BASE), 0);
	assert_int_equal(apply(rig, 1, 1, false, KEY1, KEY2), 0);
	assert_int_equal(apply(rig, 1, 2, false, KEY1, NULL), KNOT_RCODE_REFUSED);
	assert_int_equal(apply(rig, 1, 2, false, NULL, NULL), KNOT_RCODE_REFUSED);
	assert_int_equal(apply(rig, 1, 2, false, KEY1, NS3), KNOT_RCODE_REFUSED);
	served(rig, 6, BASE KEY1 KEY2);
	assert_int_equal(apply(rig, 1, 2, true, KEY1, NULL), 0);
	served(rig, 7, BASE KEY1);
	assert_int_equal(apply(rig, 1, 3, true, NULL, NULL), 0);
	served(rig, 8, BASE); /* a zone with one signer has an empty overlay by right */
	assert_int_equal(rig->zone->row.state, MSIG_ZONE_MERGED);
	reopen(rig);
	served(rig, 8, BASE);
	assert_false(rig->zone->overlay_lost);
}

static void
bad_contributions(void **state)
{
	struct rig *rig = *state;
	char p2[] = P2, bad[] = "not..a.name";
	char *origin = p2;
	struct msig_blob blob;
	struct update_result result;
	struct msig_msg_APPLY msg = {.epoch = 1, .counter = 1, .origin = {&origin, 1},
	                             .contribution = {&blob, 1}};

	assert_int_equal(take(rig, SOA_TEXT(5) BASE), 0);
	msg.zone = rig->zone->name;
	blob = update("other.", NS2);
	contribute_apply(rig->zone, &msg, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_NOTZONE);
	blob = update("example.", KEY1 "www A 192.0.2.1\n");
	contribute_apply(rig->zone, &msg, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_REFUSED);
	blob = update("example.", KEY1);
	blob.data[2] = 0; /* a query */
	contribute_apply(rig->zone, &msg, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_FORMERR);
	blob = update("example.", KEY1);
	blob.len -= 3;
	contribute_apply(rig->zone, &msg, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_FORMERR);
	blob.len = 5;
	contribute_apply(rig->zone, &msg, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_FORMERR);
	blob = update("example.", KEY1);
	origin = bad;
	contribute_apply(rig->zone, &msg, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_FORMERR);
	origin = p2;
	msg.contribution.count = 0;
	contribute_apply(rig->zone, &msg, &result);
	assert_int_equal(result.rcode, KNOT_RCODE_FORMERR);
	served(rig, 5, BASE);
}

static void
before_the_zone(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(apply(rig, 1, 1, false, KEY1, NULL), 0);
	assert_null(zone_serving(rig->zone));
	reopen(rig);
	assert_null(zone_serving(rig->zone));
	assert_int_equal(take(rig, SOA_TEXT(5) BASE), 0);
	served(rig, 5, BASE KEY1);
}

static void
serials(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(take(rig, SOA_TEXT(5) BASE), 0);
	assert_int_equal(apply(rig, 1, 1, false, KEY1, NULL), 0);
	served(rig, 6, BASE KEY1);
	assert_int_equal(take(rig, SOA_TEXT(6) BASE), 0);
	served(rig, 7, BASE KEY1); /* 6 was served already */
	assert_int_equal(take(rig, SOA_TEXT(9) BASE), 0);
	served(rig, 9, BASE KEY1);
	assert_int_equal(take(rig, SOA_TEXT(9) BASE "x A 192.0.2.1\n"), MSIG_EDOUBT);
	assert_int_equal(take(rig, SOA_TEXT(8) BASE), MSIG_EDOUBT);
	served(rig, 9, BASE KEY1);
	assert_int_equal(take(rig, SOA_TEXT(2147483656) BASE), 0); /* 9 + 2^31 - 1 */
	served(rig, 2147483656, BASE KEY1);
	assert_int_equal(take(rig, SOA_TEXT(1) BASE), 0); /* over the end */
	served(rig, 1, BASE KEY1);
}

static void
flawed_zones(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(take(rig, BASE), MSIG_EVALUE);
	assert_int_equal(take(rig, SOA_TEXT(5) "ns1 A 192.0.2.1\n"), MSIG_EVALUE);
	assert_int_equal(take(rig, SOA_TEXT(5) BASE "@ CNAME x.\n"), MSIG_EVALUE);
	assert_int_equal(take(rig, SOA_TEXT(5) "@ SOA ns1 admin 6 1 1 1 1\n" BASE), MSIG_EVALUE);
	assert_null(zone_serving(rig->zone));
}

/* YYYYMMDD; a test at midnight is not worth more. */
static uint32_t
date_of(uint64_t now)
{
	time_t t = (time_t)now;
	struct tm tm;

	gmtime_r(&t, &tm);
	return (uint32_t)(tm.tm_year + 1900) * 10000 + (uint32_t)(tm.tm_mon + 1) * 100 +
	       (uint32_t)tm.tm_mday;
}

/* How the serial is chosen is the configuration's; it goes up whatever changes. */
static void
serial_modes(void **state)
{
	struct rig *rig = *state;
	uint64_t before = loop_utc_ms() / 1000;
	uint32_t serial;

	rig->conf_zone.serial = CONF_SERIAL_UNIXTIME;
	assert_int_equal(take(rig, "@ SOA ns1 admin 7 3600 600 86400 300\n" BASE), 0);
	serial = rig->zone->row.serial;
	assert_in_range(serial, before, loop_utc_ms() / 1000);
	assert_int_equal(rig->zone->row.owner_serial, 7);
	assert_int_equal(take(rig, "@ SOA ns1 admin 8 3600 600 86400 300\n" BASE), 0);
	assert_in_range(rig->zone->row.serial, serial + 1, loop_utc_ms() / 1000 + 1);
	serial = rig->zone->row.serial;
	reopen(rig);
	assert_int_equal(rig->zone->row.serial, serial);
	rig->conf_zone.serial = CONF_SERIAL_DATE; /* about 2026000000: ahead */
	assert_int_equal(take(rig, "@ SOA ns1 admin 9 3600 600 86400 300\n" BASE), 0);
	assert_int_equal(rig->zone->row.serial / 100, date_of(loop_utc_ms() / 1000));
	serial = rig->zone->row.serial;
	rig->conf_zone.serial = CONF_SERIAL_OWNER; /* behind: one more */
	assert_int_equal(take(rig, "@ SOA ns1 admin 10 3600 600 86400 300\n" BASE), 0);
	assert_int_equal(rig->zone->row.serial, serial + 1);
}

/* The digests of what was served before, newest first: also of versions that are too large to be kept
 * for IXFR; after a restart those that are. */
static void
recent(void **state)
{
	struct rig *rig = *state;
	uint8_t digest[ZONE_RECENT + 10][MSIG_DIGEST_LEN];
	char text[400];
	uint32_t n = ZONE_RECENT + 9;

	for (uint32_t i = 1; i <= n; i++) {
		snprintf(text, sizeof(text), "@ SOA ns1 admin %u 3600 600 86400 300\n%sn%u A 192.0.2.1\n",
			 i, BASE, i);
		assert_int_equal(take(rig, text), 0);
		memcpy(digest[i], rig->zone->row.digest, MSIG_DIGEST_LEN);
	}
	for (int again = 0; again < 2; again++) {
		assert_int_equal(rig->zone->recents, ZONE_RECENT);
		for (uint32_t i = 0; i < ZONE_RECENT; i++)
			assert_memory_equal(rig->zone->recent[i], digest[n - 1 - i], MSIG_DIGEST_LEN);
		reopen(rig);
	}
	/* The same content under another serial is no other version. */
	snprintf(text, sizeof(text), "@ SOA ns1 admin %u 3600 600 86400 300\n%sn%u A 192.0.2.1\n", n + 1,
		 BASE, n);
	assert_int_equal(take(rig, text), 0);
	assert_memory_equal(rig->zone->recent[0], digest[n - 1], MSIG_DIGEST_LEN);
	/* A change that is larger than the zone. */
	struct rr_buf buf = {0};
	snprintf(text, sizeof(text), "@ SOA ns1 admin 900 3600 600 86400 300\n%s", BASE);
	rr_buf_add(&buf, text, strlen(text));
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "r%d TXT \"%d\"\n", i, i);
		rr_buf_add(&buf, text, strlen(text));
	}
	rr_buf_add(&buf, "", 1);
	assert_int_equal(take(rig, (char *)buf.data), 0);
	rr_buf_clear(&buf);
	assert_int_equal(take(rig, "@ SOA ns1 admin 901 3600 600 86400 300\n" BASE), 0);
	assert_null(zone_past(rig->zone, n + 1));
	assert_memory_equal(rig->zone->recent[1], digest[n], MSIG_DIGEST_LEN);
}

/* Old versions are there for IXFR, behind a restart too, and no more of them than are kept. */
static void
history(void **state)
{
	struct rig *rig = *state;
	char text[400];

	assert_int_equal(take(rig, SOA_TEXT(1) BASE), 0);
	struct rr_sum first = version_sum(zone_serving(rig->zone)), sums[40];
	for (uint32_t i = 2; i < 40; i++) {
		snprintf(text, sizeof(text), "@ SOA ns1 admin %u 3600 600 86400 300\n%sn%u A 192.0.2.1\n",
		         i, BASE, i);
		assert_int_equal(take(rig, text), 0);
		sums[i] = version_sum(zone_serving(rig->zone));
	}
	for (int again = 0; again < 2; again++) {
		assert_true(sums_equal(version_sum(zone_past(rig->zone, 1)), first));
		for (uint32_t i = 2; i < 39; i++)
			assert_true(sums_equal(version_sum(zone_past(rig->zone, i)), sums[i]));
		assert_null(zone_past(rig->zone, 99));
		reopen(rig);
	}
	/* changes that are larger than the zone are not kept */
	struct rr_buf buf = {0};
	for (int round = 0; round < 6; round++) {
		buf.len = 0;
		snprintf(text, sizeof(text), "@ SOA ns1 admin %d 3600 600 86400 300\n%s", 100 + round,
		         BASE);
		rr_buf_add(&buf, text, strlen(text));
		for (int i = 0; i < 800; i++) {
			snprintf(text, sizeof(text), "r%d-%d TXT \"%d\"\n", round, i, i);
			rr_buf_add(&buf, text, strlen(text));
		}
		rr_buf_add(&buf, "", 1);
		assert_int_equal(take(rig, (char *)buf.data), 0);
	}
	rr_buf_clear(&buf);
	assert_null(zone_past(rig->zone, 1));
	assert_non_null(zone_past(rig->zone, 104));
	reopen(rig);
	assert_null(zone_past(rig->zone, 1));
	assert_non_null(zone_past(rig->zone, 104));
}

/* Many small changes of a zone: they are written as such, then a new base is. */
static void
base_is_renewed(void **state)
{
	struct rig *rig = *state;
	char text[8192], path[256];
	unsigned bases = 0, n;
	struct stat st;

	for (uint32_t i = 1; i < 300; i++) {
		n = (unsigned)snprintf(text, sizeof(text), "@ SOA ns1 admin %u 3600 600 86400 300\n%s",
		                       i, BASE);
		for (uint32_t k = 0; k < 20; k++)
			n += (unsigned)snprintf(text + n, sizeof(text) - n,
			                        "n%u TXT \"%u %0200u\"\n", k, k == i % 20 ? i : 0, k);
		assert_int_equal(take(rig, text), 0);
		snprintf(path, sizeof(path), "%s/example..%08x-0.zone", rig->dir, i);
		bases += stat(path, &st) == 0;
	}
	assert_in_range(bases, 2, 60);
	struct rr_sum sum = version_sum(zone_serving(rig->zone));
	reopen(rig);
	assert_true(sums_equal(version_sum(zone_serving(rig->zone)), sum));
	assert_int_equal(rig->zone->row.serial, 299);
}

/* One wrong octet in the file, even where no record becomes malformed. */
static void
damaged_base(void **state)
{
	struct rig *rig = *state;
	struct version *version;
	char path[256], name[] = "example..00000005-0.zone";

	assert_int_equal(take(rig, SOA_TEXT(5) BASE), 0);
	assert_int_equal(base_read(rig->dir, name, rig->zone->name, &version), 0);
	version_unpin(version);
	snprintf(path, sizeof(path), "%s/%s", rig->dir, name);
	FILE *file = fopen(path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, 8 + 12 + 9 + 4 + 3, SEEK_SET), 0); /* the first TTL */
	int octet = fgetc(file);
	assert_int_equal(fseek(file, -1, SEEK_CUR), 0);
	fputc(octet ^ 1, file);
	fclose(file);
	assert_int_equal(base_read(rig->dir, name, rig->zone->name, &version), MSIG_EDB);
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(base_read(rig->dir, name, rig->zone->name, &version), MSIG_EDB);
	assert_int_equal(base_read(rig->dir, "no.zone", rig->zone->name, &version), MSIG_EDB);
}

static void
lost_overlay_is_stated_anew(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(take(rig, SOA_TEXT(5) BASE), 0);
	assert_int_equal(apply(rig, 1, 1, false, KEY1, NULL), 0);
	db_exec(db_stmt(journal_db(rig->combiner.journal), "DELETE FROM overlay"));
	reopen(rig);
	assert_null(zone_serving(rig->zone));
	assert_int_equal(zone_state(rig->zone), MSIG_ZONE_REFUSING);
	/* not even the owner's new version makes it serve */
	assert_int_equal(take(rig, SOA_TEXT(7) BASE), 0);
	assert_null(zone_serving(rig->zone));
	assert_int_equal(apply(rig, 1, 2, true, NULL, NULL), KNOT_RCODE_REFUSED);
	assert_int_equal(apply(rig, 1, 2, false, KEY1, NULL), 0);
	assert_int_equal(zone_state(rig->zone), MSIG_ZONE_MERGED);
	served(rig, 8, BASE KEY1);
	reopen(rig);
	served(rig, 8, BASE KEY1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(applies_whole_overlays),
	    T(shrinks_only_by_a_process),
	    T(bad_contributions),
	    T(before_the_zone),
	    T(serials),
	    T(flawed_zones),
	    T(serial_modes),
	    T(recent),
	    T(history),
	    T(base_is_renewed),
	    T(damaged_base),
	    T(lost_overlay_is_stated_anew),
	};
	log_open("test", "/dev/null", LOG_LVL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
