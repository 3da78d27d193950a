#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "combinerd/notify.h"
#include "combinerd/push.h"
#include "combinerd/serial.h"
#include "combinerd/transfer.h"
#include "combinerd/zone.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

#define TELL_MS 1000

/* Serving ------------------------------------------------------------------------------------ */

/* The state, were it not for a version that is not taken. */
static enum msig_zone_state
own_state(const struct zone *zone)
{
	if (zone->overlay_lost)
		return MSIG_ZONE_REFUSING;
	return zone->served == NULL ? MSIG_ZONE_NONE : zone->row.state;
}

enum msig_zone_state
zone_state(const struct zone *zone)
{
	bool served = !zone->overlay_lost && zone->served != NULL;
	return served && zone->doubt[0] != '\0' ? MSIG_ZONE_FROZEN : own_state(zone);
}

const char *
zone_why(const struct zone *zone)
{
	if (zone->overlay_lost)
		return "the overlay is lost or cannot be read";
	return zone->doubt[0] != '\0' ? zone->doubt : zone->why;
}

struct version *
zone_serving(const struct zone *zone)
{
	return zone->overlay_lost ? NULL : zone->served;
}

struct version *
zone_past(const struct zone *zone, uint32_t serial)
{
	for (size_t i = 0; i < zone->pasts; i++)
		if (zone->past[i].serial == serial)
			return zone->past[i].version;
	return NULL;
}

static size_t
past_limit(const struct zone *zone)
{
	size_t limit = zone->served != NULL ? version_bytes(zone->served) : 0;

	if (zone->combiner->conf->journal_size > 0 && limit > zone->combiner->conf->journal_size)
		limit = zone->combiner->conf->journal_size;
	return limit > JOURNAL_FLOOR ? limit : JOURNAL_FLOOR;
}

static void
past_clear(struct zone *zone)
{
	for (size_t i = 0; i < zone->pasts; i++)
		version_unpin(zone->past[i].version);
	zone->pasts = 0;
}

/* Remembers a version that is no longer served. Consumes the pin. */
static void
past_add(struct zone *zone, struct version *version, size_t bytes)
{
	size_t sum = 0, limit = past_limit(zone), keep = 0;

	if (zone->pasts == JOURNAL_VERSIONS)
		version_unpin(zone->past[--zone->pasts].version);
	zone->past = journal_past_grow(zone->past, zone->pasts);
	memmove(zone->past + 1, zone->past, zone->pasts * sizeof(*zone->past));
	zone->past[0] = (struct journal_past){version_serial(version), version, bytes};
	zone->pasts++;
	while (keep < zone->pasts && (sum += zone->past[keep].bytes) <= limit)
		keep++;
	while (zone->pasts > keep)
		version_unpin(zone->past[--zone->pasts].version);
}

/* Publishing --------------------------------------------------------------------------------- */

/* What is going to be, while it is decided. */
struct plan {
	struct version *owner;
	const struct overlay *overlay;
	bool force;
	struct policy policy;
	struct journal_row row;
	struct version *served; /* pinned, or NULL: what is served does not change */
	struct merge_notes notes;
	size_t removed, added, bytes;
};

static int __attribute__((format(printf, 4, 5)))
say(char *why, size_t size, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, size, fmt, args);
	va_end(args);
	return err;
}

static bool
holds_keys(const struct overlay *overlay)
{
	return overlay_count(overlay, NULL, KNOT_RRTYPE_DNSKEY) != 0 ||
	       overlay_count(overlay, NULL, KNOT_RRTYPE_CDS) != 0 ||
	       overlay_count(overlay, NULL, KNOT_RRTYPE_CDNSKEY) != 0;
}

static void
decide(const struct zone *zone, struct plan *plan)
{
	struct policy_input in = {
	    .owner = plan->owner,
	    .hsync_type = zone->combiner->conf->hsync_type,
	    .identity = zone->combiner->identity,
	    .has_overlay = plan->overlay->count > 0,
	    .signs = holds_keys(plan->overlay),
	    .ever = zone->row.ever,
	    .accept_signed = zone->row.accept_signed,
	    .last = zone->row.mode,
	};
	merge_policy(&in, &plan->policy);
	plan->row = zone->row;
	plan->row.state = plan->policy.state;
	plan->row.mode = plan->policy.mode;
	plan->row.owner_serial = version_serial(plan->owner);
	if (plan->policy.mode != MERGE_NONE && plan->overlay->count > 0)
		plan->row.ever = true;
	/* The operator's word holds as long as the zone is what it was given for. */
	if (plan->policy.state != MSIG_ZONE_PASSTHROUGH)
		plan->row.accept_signed = false;
}

static struct version *
merged(struct plan *plan, uint32_t serial)
{
	return merge_make(plan->owner, plan->overlay, plan->policy.mode, serial, &plan->notes);
}

static bool
same_content(const struct version *a, const struct version *b)
{
	struct rr_sum x = version_sum(a), y = version_sum(b);
	return x.a == y.a && x.b == y.b;
}

/* A SOA that is signed keeps its serial, whatever the configuration says. */
static enum serial_mode
serial_of(const struct zone *zone, const struct plan *plan)
{
	static const enum serial_mode mode[] = {
	    [CONF_SERIAL_OWNER] = SERIAL_OWNER,
	    [CONF_SERIAL_UNIXTIME] = SERIAL_UNIXTIME,
	    [CONF_SERIAL_DATE] = SERIAL_DATE,
	};

	return plan->policy.state == MSIG_ZONE_PASSTHROUGH ? SERIAL_OWNER
							   : mode[zone->conf->serial];
}

/* The version to emit: none if what is served would be the same again. */
static int
build(struct zone *zone, struct plan *plan, char *why, size_t size)
{
	uint32_t owner_serial = version_serial(plan->owner), serial;
	bool served = zone->served != NULL;
	bool moved = !served || owner_serial != zone->row.owner_serial;

	if (served && !moved) {
		struct version *same = merged(plan, zone->row.serial);
		if (same == NULL)
			return say(why, size, MSIG_EVALUE, "the merge failed");
		if (same_content(same, zone->served)) {
			version_unpin(same);
			return 0;
		}
		version_unpin(same);
	}
	serial = serial_next(serial_of(zone, plan), owner_serial, zone->row.has_served,
			     zone->row.serial, loop_utc_ms() / 1000);
	if (plan->policy.state == MSIG_ZONE_PASSTHROUGH && serial != owner_serial) {
		/* The SOA is signed: its serial cannot be changed. */
		if (!plan->force)
			return say(why, size, MSIG_EDOUBT,
				   "the owner's zone is signed and its "
				   "serial %u is not above %u, which was served",
				   owner_serial, zone->row.serial);
		serial = owner_serial;
	}
	plan->served = merged(plan, serial);
	if (plan->served == NULL)
		return say(why, size, MSIG_EVALUE, "the merge failed");
	plan->row.serial = serial;
	plan->row.has_served = true;
	plan->row.sum = version_sum(plan->served);
	return 0;
}

/* From the content digest of one version to that of another, at the cost of what changes. */
static int
digest_change(const struct zone *zone, struct msig_digest *sum, struct version *from,
	      struct version *to, struct plan *count)
{
	struct store_diff *diff = version_diff(from, to);
	struct rr rr;
	bool added;
	int ret = 0;

	while (ret == 0 && store_diff_next(diff, &added, &rr)) {
		ret = (added ? msig_digest_add : msig_digest_remove)(
		    sum, zone->name, rr.owner, rr.type, rr.ttl, rr.rdata->data, rr.rdata->len);
		++*(added ? &count->added : &count->removed);
		count->bytes += rr_size(&rr);
	}
	store_diff_free(diff);
	return ret;
}

static int
digest(struct zone *zone, struct plan *plan)
{
	struct version *nothing = NULL, *from = zone->served;
	struct msig_digest sum;
	int ret;

	msig_digest_init(&sum);
	if (from != NULL)
		msig_digest_set(&sum, zone->row.digest);
	else
		from = nothing = store_commit(store_begin(NULL, zone->name));
	ret = digest_change(zone, &sum, from, plan->served, plan);
	version_unpin(nothing);
	msig_digest_get(&sum, plan->row.digest);
	return ret;
}

static void
log_plan(const struct zone *zone, const struct plan *plan)
{
	enum msig_zone_state from = own_state(zone), to = plan->policy.state;
	bool bad = to == MSIG_ZONE_FROZEN;

	if (zone->overlay_lost && plan->overlay == &zone->overlay)
		return; /* taken in, and not served */
	if (from != to)
		log_zone(bad ? LOG_LVL_WARN : LOG_LVL_INFO, zone->name, "%s -> %s%s%s",
			 msig_zone_state_name(from), msig_zone_state_name(to),
			 plan->policy.why[0] != '\0' ? ": " : "", plan->policy.why);
	else if (strcmp(zone->why, plan->policy.why) != 0 && plan->policy.why[0] != '\0')
		log_zone(bad ? LOG_LVL_WARN : LOG_LVL_INFO, zone->name, "%s: %s",
			 msig_zone_state_name(to), plan->policy.why);
	if (plan->served == NULL)
		return;
	log_zone(
	    LOG_LVL_INFO, zone->name,
	    "serves serial %u (owner's %u, %zu records, overlay %zu, mode %s): %zu out, %zu in",
	    plan->row.serial, plan->row.owner_serial, version_count(plan->served),
	    plan->overlay->count, merge_mode_name(plan->row.mode), plan->removed, plan->added);
	if (plan->notes.zonemd)
		log_zone(LOG_LVL_INFO, zone->name,
			 "the owner's ZONEMD is left out: it would not "
			 "match what is served");
	for (unsigned i = 0; i < 4 && plan->notes.owner[i] != 0; i++) {
		char type[16] = "?";
		knot_rrtype_to_string(plan->notes.owner[i], type, sizeof(type));
		log_zone(LOG_LVL_WARN, zone->name,
			 "the owner's own %s records are left out: the "
			 "overlay is the authority for them",
			 type);
	}
	uint32_t apart = serial_distance(plan->row.serial, plan->row.owner_serial);
	if (apart >= SERIAL_FAR && zone->conf->serial == CONF_SERIAL_OWNER)
		log_zone(LOG_LVL_WARN, zone->name,
			 "the served serial is %u away from the owner's; "
			 "at 2^31 serials cannot be compared any more",
			 apart);
}

/* What was served before may be gone from the history, and the signer may still show it. */
static void
recent_add(struct zone *zone, const uint8_t digest[MSIG_DIGEST_LEN])
{
	if (zone->recents < ZONE_RECENT)
		zone->recents++;
	memmove(zone->recent + 1, zone->recent, (zone->recents - 1) * sizeof(zone->recent[0]));
	memcpy(zone->recent[0], digest, sizeof(zone->recent[0]));
}

/* It is durable: now readers see it. */
static void
adopt(struct zone *zone, struct plan *plan, struct overlay *overlay)
{
	log_plan(zone, plan);
	if (plan->served != NULL && zone->served != NULL &&
	    memcmp(zone->row.digest, plan->row.digest, sizeof(plan->row.digest)) != 0)
		recent_add(zone, zone->row.digest);
	zone->row = plan->row;
	snprintf(zone->why, sizeof(zone->why), "%s", plan->policy.why);
	if (zone->owner != plan->owner) {
		version_unpin(zone->owner);
		zone->owner = version_pin(plan->owner);
	}
	if (overlay != NULL) {
		overlay_clear(&zone->overlay);
		zone->overlay = *overlay;
		memset(overlay, 0, sizeof(*overlay));
		zone->overlay_lost = false;
	}
	if (plan->served == NULL)
		return;
	struct version *old = zone->served;
	zone->served = plan->served;
	zone->changed = loop_utc_ms();
	if (old != NULL)
		past_add(zone, old, plan->bytes);
}

/* There is something new for the signer: it is told, or gets it. */
void
zone_feed(struct zone *zone)
{
	if (zone->conf->signer_feed == CONF_FEED_PUSH)
		push_changed(zone->push);
	else
		notify_changed(zone->notify);
}

/* owner NULL: as it is; overlay NULL: as it is. */
static int
publish(struct zone *zone, struct version *owner, struct overlay *overlay, bool force, char *why,
	size_t size)
{
	struct plan plan = {
	    .owner = owner != NULL ? owner : zone->owner,
	    .overlay = overlay != NULL ? overlay : &zone->overlay,
	    .force = force,
	};
	decide(zone, &plan);
	if (!plan.policy.take)
		return say(why, size, MSIG_EDOUBT, "%s", plan.policy.why);
	int ret = build(zone, &plan, why, size);
	if (ret == 0 && plan.served != NULL && (ret = digest(zone, &plan)) != 0)
		say(why, size, ret, "content digest: %s", msig_strerror(ret));
	if (ret == 0) {
		struct journal_change change = {
		    .owner_from = zone->owner,
		    .owner = owner,
		    .overlay = overlay,
		    .served_from = zone->served,
		    .served = plan.served,
		    .keep_bytes = past_limit(zone),
		};
		ret = journal_commit(zone->combiner->journal, zone->name, &change, &plan.row);
		if (ret != 0)
			say(why, size, ret, "cannot be stored: %s", msig_strerror(ret));
	}
	if (ret != 0) {
		version_unpin(plan.served);
		return ret;
	}
	adopt(zone, &plan, overlay);
	if (plan.served != NULL)
		zone_feed(zone);
	zone_tell(zone);
	return 0;
}

/* What comes in ------------------------------------------------------------------------------ */

/* A version that is what the old one is but for some records shares its memory. */
static struct version *
share(struct version *old, struct version *new)
{
	static struct rr_room room;
	struct rr_buf adds = {0};
	struct rr rr;
	bool added;
	int ret = 0;

	if (old == NULL)
		return version_pin(new);
	struct change *change = store_begin(old, version_name(old));
	struct store_diff *diff = version_diff(old, new);
	while (ret == 0 && store_diff_next(diff, &added, &rr)) {
		if (added)
			rr_put(&adds, &rr);
		else
			ret = change_remove(change, &rr);
	}
	store_diff_free(diff);
	const uint8_t *at = adds.data, *end = at + adds.len;
	while (ret == 0 && at != end && (ret = rr_get(&at, end, &room, &rr)) == 0)
		ret = change_add(change, &rr);
	rr_buf_clear(&adds);
	struct version *shared = store_commit(change);
	struct rr_sum a = version_sum(shared), b = version_sum(new);
	if (ret == 0 && a.a == b.a && a.b == b.b)
		return shared;
	version_unpin(shared);
	return version_pin(new);
}

/* What a zone must have, whoever sends it. */
static const char *
flaw(const struct version *version)
{
	const knot_rdataset_t *soa = version_apex(version, KNOT_RRTYPE_SOA, NULL);

	if (soa == NULL || soa->count != 1)
		return "not exactly one SOA record";
	if (version_apex(version, KNOT_RRTYPE_NS, NULL) == NULL)
		return "no NS record at the apex";
	if (version_apex(version, KNOT_RRTYPE_CNAME, NULL) != NULL)
		return "an alias (CNAME) at the apex";
	return NULL;
}

/* What is served stays while the owner's newest version is not taken, and says so. */
static void
set_doubt(struct zone *zone, const char *why)
{
	if (strcmp(zone->doubt, why) == 0)
		return;
	if (why[0] != '\0')
		log_zone(LOG_LVL_WARN, zone->name, "%s -> frozen: %s; an operator must decide",
			 msig_zone_state_name(zone_state(zone)), why);
	snprintf(zone->doubt, sizeof(zone->doubt), "%s", why);
	if (why[0] == '\0')
		log_zone(LOG_LVL_INFO, zone->name, "frozen -> %s: the owner's zone is taken again",
			 msig_zone_state_name(zone_state(zone)));
	zone_tell(zone);
}

int
zone_take(struct zone *zone, struct version *owner, bool force, char *why, size_t size)
{
	const char *bad = flaw(owner);

	if (bad != NULL)
		return say(why, size, MSIG_EVALUE, "the zone has %s", bad);
	uint32_t serial = version_serial(owner);
	if (zone->owner != NULL && !force && !serial_gt(serial, version_serial(zone->owner)))
		return say(why, size, MSIG_EDOUBT,
			   "the owner's serial went from %u to %u; not "
			   "taken, as a secondary would not. If it is right: msigctl retransfer",
			   version_serial(zone->owner), serial);
	struct version *shared = share(zone->owner, owner);
	uint64_t checked = zone->row.checked;
	zone->row.checked = loop_utc_ms() / 1000;
	int ret = publish(zone, shared, NULL, force, why, size);
	version_unpin(shared);
	if (ret != 0)
		zone->row.checked = checked;
	if (ret == 0 || ret == MSIG_EDOUBT)
		set_doubt(zone, ret != 0 ? why : "");
	return ret;
}

int
zone_contribute(struct zone *zone, struct overlay *overlay, char *why, size_t size)
{
	/* A database that was lost does not know that an overlay was applied; now it does. */
	if (zone->overlay_lost)
		zone->row.ever = true;
	if (zone->owner != NULL)
		return publish(zone, NULL, overlay, false, why, size);
	/* Nothing to merge it with yet. */
	struct journal_change change = {.overlay = overlay};
	int ret = journal_commit(zone->combiner->journal, zone->name, &change, &zone->row);
	if (ret != 0)
		return say(why, size, ret, "cannot be stored: %s", msig_strerror(ret));
	overlay_clear(&zone->overlay);
	zone->overlay = *overlay;
	memset(overlay, 0, sizeof(*overlay));
	zone->overlay_lost = false;
	return 0;
}

int
zone_again(struct zone *zone, char *why, size_t size)
{
	if (zone->owner == NULL || zone->overlay_lost)
		return 0;
	return publish(zone, NULL, NULL, true, why, size);
}

void
zone_heard(struct zone *zone)
{
	zone->row.checked = loop_utc_ms() / 1000;
	journal_touch(zone->combiner->journal, zone->name, zone->row.checked);
	set_doubt(zone, "");
	zone_expire(zone, false);
}

void
zone_expire(struct zone *zone, bool expired)
{
	if (zone->expired == expired)
		return;
	zone->expired = expired;
	if (expired)
		log_zone(LOG_LVL_WARN, zone->name,
			 "the owner was not heard for its expire time; "
			 "serial %u stays served, overlay updates go on",
			 zone->row.serial);
	else
		log_zone(LOG_LVL_INFO, zone->name, "the owner is heard again");
}

void
zone_tell(struct zone *zone)
{
	if (zone->combiner->bus == NULL)
		return;
	struct msig_msg msg = {.id = MSIG_MSG_ZONE};
	char text[sizeof(zone->why)];
	snprintf(text, sizeof(text), "%s", zone_why(zone));
	msg.u.ZONE.zone = zone->name;
	msg.u.ZONE.state = (uint8_t)zone_state(zone);
	msg.u.ZONE.owner_serial = zone->row.owner_serial;
	msg.u.ZONE.serial = zone->row.serial;
	msg.u.ZONE.digest = (struct msig_blob){zone->row.digest, sizeof(zone->row.digest)};
	msg.u.ZONE.past = (struct msig_blob){zone->recent[0],
					     (uint32_t)(zone->recents * sizeof(zone->recent[0]))};
	msg.u.ZONE.text = text;
	zone->untold = bus_send(zone->combiner->bus, &msg) != 0;
	if (zone->untold)
		loop_timer_set(zone->combiner->tell, TELL_MS);
}

void
zone_tell_all(void *arg)
{
	struct combiner *combiner = arg;

	for (size_t i = 0; i < combiner->zones; i++)
		if (combiner->zone[i]->untold)
			zone_tell(combiner->zone[i]);
}

/* Life --------------------------------------------------------------------------------------- */

/* The digests of older versions are not stored: they follow from the changes. */
static void
load_recent(struct zone *zone)
{
	struct version *from = zone->served;
	struct msig_digest sum;
	struct plan count = {0};

	msig_digest_set(&sum, zone->row.digest);
	for (size_t i = 0; i < zone->pasts && i < ZONE_RECENT; i++) {
		struct version *to = zone->past[i].version;

		if (digest_change(zone, &sum, from, to, &count) != 0)
			return;
		msig_digest_get(&sum, zone->recent[zone->recents++]);
		from = to;
	}
}

/* After a restart: what was served is made again and must be the same. */
static void
resume(struct zone *zone)
{
	struct merge_notes notes;
	char why[256] = "";

	struct version *again =
	    merge_make(zone->owner, &zone->overlay, zone->row.mode, zone->row.serial, &notes);
	if (again != NULL && zone->row.has_served) {
		struct rr_sum sum = version_sum(again);
		if (sum.a == zone->row.sum.a && sum.b == zone->row.sum.b) {
			zone->served = again;
			free(zone->past);
			zone->past = journal_history(zone->combiner->journal, zone->name, again,
						     &zone->pasts);
			load_recent(zone);
			log_zone(LOG_LVL_INFO, zone->name,
				 "serves serial %u as before the restart "
				 "(%zu records, %zu older versions)",
				 zone->row.serial, version_count(again), zone->pasts);
			/* the words for the state are not stored */
			if (zone_again(zone, why, sizeof(why)) != 0)
				log_zone(LOG_LVL_WARN, zone->name, "%s", why);
			return;
		}
	}
	version_unpin(again);
	if (zone->row.has_served)
		log_zone(LOG_LVL_WARN, zone->name,
			 "what is merged differs from what was served as "
			 "%u: a new serial, and no IXFR from before",
			 zone->row.serial);
	if (publish(zone, NULL, NULL, false, why, sizeof(why)) != 0)
		log_zone(LOG_LVL_ERROR, zone->name, "cannot be served: %s", why);
}

static void
load(struct zone *zone)
{
	int ret = journal_load(zone->combiner->journal, zone->name, &zone->row, &zone->owner,
			       &zone->overlay);

	if (ret == MSIG_EDOUBT) {
		zone->overlay_lost = true;
		log_zone(LOG_LVL_ERROR, zone->name,
			 "refusing: the overlay is lost or cannot be "
			 "read. Transfers are refused until the agent states it anew or the "
			 "operator says \"msigctl accept\"");
	} else if (ret != 0) {
		log_zone(LOG_LVL_ERROR, zone->name,
			 "the copy of the owner's zone cannot be read "
			 "(%s); it is transferred again",
			 msig_strerror(ret));
	} else if (zone->owner != NULL) {
		resume(zone);
	}
}

struct zone *
zone_new(struct combiner *combiner, const struct conf_zone *conf)
{
	struct zone *zone = xcalloc(1, sizeof(*zone));

	zone->combiner = combiner;
	zone->conf = conf;
	zone->name = knot_dname_copy(conf->name, NULL);
	if (zone->name == NULL)
		fatal("out of memory");
	knot_dname_to_lower(zone->name);
	zone->notify = notify_new(zone);
	zone->push = push_new(zone);
	zone->transfer = transfer_new(zone);
	load(zone);
	return zone;
}

void
zone_free(struct zone *zone)
{
	if (zone == NULL)
		return;
	transfer_free(zone->transfer);
	notify_free(zone->notify);
	push_free(zone->push);
	past_clear(zone);
	free(zone->past);
	version_unpin(zone->owner);
	version_unpin(zone->served);
	overlay_clear(&zone->overlay);
	knot_dname_free(zone->name, NULL);
	free(zone);
}

struct zone *
zone_find(struct combiner *combiner, const knot_dname_t *name)
{
	for (size_t i = 0; i < combiner->zones; i++)
		if (knot_dname_is_case_equal(combiner->zone[i]->name, name))
			return combiner->zone[i];
	return NULL;
}

void
zone_start(struct zone *zone)
{
	transfer_start(zone->transfer, false);
	if (zone_serving(zone) != NULL)
		zone_feed(zone);
	zone_tell(zone);
}
