#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "combinerd/contribute.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/name.h"

static void __attribute__((format(printf, 3, 4)))
refuse(struct update_result *result, uint16_t rcode, const char *fmt, ...)
{
	va_list args;

	result->rcode = rcode;
	va_start(args, fmt);
	vsnprintf(result->why, sizeof(result->why), fmt, args);
	va_end(args);
}

static const char *
rcode_text(uint16_t rcode)
{
	const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, rcode);
	return name != NULL ? name->name : "?";
}

/* Commits what was checked; overlay is emptied either way. */
static void
commit(struct zone *zone, struct overlay *overlay, const char *by, struct update_result *result)
{
	char why[200] = "";
	size_t before = zone->overlay.count, after = overlay->count;
	int ret = zone_contribute(zone, overlay, why, sizeof(why));

	overlay_clear(overlay);
	if (ret != 0) {
		refuse(result, KNOT_RCODE_SERVFAIL, "%s", why);
		return;
	}
	zone->updates++;
	log_zone(LOG_LVL_INFO, zone->name,
		 "overlay changed by %s: %zu -> %zu records, serves "
		 "serial %u%s",
		 by, before, after, zone->row.serial,
		 zone->row.mode == MERGE_NONE && after > 0 ? "; it is stored and not applied" : "");
}

void
contribute_update(struct zone *zone, const knot_pkt_t *pkt, const char *origin,
		  struct update_result *result)
{
	struct overlay next = {0};

	memset(result, 0, sizeof(*result));
	if (zone->overlay_lost) {
		refuse(result, KNOT_RCODE_SERVFAIL, "the overlay is lost or cannot be read");
		return;
	}
	overlay_copy(&next, &zone->overlay);
	update_apply(pkt, zone->name, origin, loop_utc_ms(), &next, result);
	if (result->rcode == KNOT_RCODE_NOERROR && overlay_eq(&next, &zone->overlay)) {
		log_zone(LOG_LVL_DEBUG, zone->name, "UPDATE of %s changes nothing", origin);
	} else if (result->rcode == KNOT_RCODE_NOERROR) {
		update_check(&next, &zone->overlay, false, zone->name, zone->owner, result);
		if (result->rcode == KNOT_RCODE_NOERROR)
			commit(zone, &next, origin, result);
	}
	overlay_clear(&next);
}

/* APPLY ---------------------------------------------------------------------------------------- */

static bool
older(const struct msig_msg_APPLY *apply, const struct overlay *overlay)
{
	return apply->epoch < overlay->epoch ||
	       (apply->epoch == overlay->epoch && apply->counter < overlay->counter);
}

/* The contribution of one origin, put on top of what came before. */
static void
one_origin(struct zone *zone, const char *origin, const struct msig_blob *update,
	   struct overlay *next, struct update_result *result)
{
	knot_dname_storage_t name;
	char text[MSIG_NAME_TEXT];

	if (msig_name_parse(origin, name) != 0 || update->len < KNOT_WIRE_HEADER_SIZE ||
	    update->len > UINT16_MAX) {
		refuse(result, KNOT_RCODE_FORMERR, "malformed contribution of %s", origin);
		return;
	}
	msig_name_text(name, text);
	uint8_t *copy = xmemdup(update->data, update->len);
	knot_pkt_t *pkt = knot_pkt_new(copy, (uint16_t)update->len, NULL);
	if (pkt == NULL)
		fatal("out of memory");
	const knot_dname_t *at = NULL;
	if (knot_pkt_parse(pkt, 0) != 0 || knot_wire_get_opcode(pkt->wire) != KNOT_OPCODE_UPDATE)
		refuse(result, KNOT_RCODE_FORMERR, "the contribution of %s is no UPDATE", origin);
	else if ((at = update_zone(pkt, result)) != NULL && !knot_dname_is_equal(at, zone->name))
		refuse(result, KNOT_RCODE_NOTZONE, "the contribution of %s is for another zone",
		       origin);
	else if (at != NULL)
		update_apply(pkt, zone->name, text, loop_utc_ms(), next, result);
	knot_pkt_free(pkt);
	free(copy);
}

void
contribute_apply(struct zone *zone, const struct msig_msg_APPLY *apply,
		 struct update_result *result)
{
	struct overlay next = {.epoch = apply->epoch, .counter = apply->counter};
	struct overlay *now = &zone->overlay;

	memset(result, 0, sizeof(*result));
	if (apply->origin.count != apply->contribution.count) {
		refuse(result, KNOT_RCODE_FORMERR, "%u origins, %u contributions",
		       apply->origin.count, apply->contribution.count);
		return;
	}
	if (older(apply, now)) {
		refuse(result, KNOT_RCODE_REFUSED, "version %llu.%llu is older than %llu.%llu",
		       (unsigned long long)apply->epoch, (unsigned long long)apply->counter,
		       (unsigned long long)now->epoch, (unsigned long long)now->counter);
		return;
	}
	for (uint16_t i = 0; i < apply->origin.count && result->rcode == KNOT_RCODE_NOERROR; i++)
		one_origin(zone, apply->origin.at[i], &apply->contribution.at[i], &next, result);
	bool same_version = apply->epoch == now->epoch && apply->counter == now->counter;
	bool same = overlay_eq(&next, now);
	if (result->rcode != KNOT_RCODE_NOERROR || (same && same_version && !zone->overlay_lost)) {
		overlay_clear(&next);
		return;
	}
	if (same_version && (now->epoch != 0 || now->counter != 0))
		refuse(result, KNOT_RCODE_REFUSED, "version %llu.%llu is there with other records",
		       (unsigned long long)now->epoch, (unsigned long long)now->counter);
	else if (zone->overlay_lost && next.count == 0)
		refuse(result, KNOT_RCODE_REFUSED,
		       "the overlay is lost, an empty one is no answer "
		       "to that");
	else
		update_check(&next, now, apply->may_shrink != 0, zone->name, zone->owner, result);
	if (result->rcode == KNOT_RCODE_NOERROR)
		commit(zone, &next, "the agent", result);
	overlay_clear(&next);
}

void
contribute_withdraw(struct zone *zone, const char *origin, struct update_result *result)
{
	static const uint16_t types[] = {
#define X(id, type) type,
	    MSIG_APEX_TYPES(X)
#undef X
	};
	struct overlay next = {0};

	memset(result, 0, sizeof(*result));
	overlay_copy(&next, &zone->overlay);
	for (size_t i = 0; origin != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		overlay_remove(&next, origin, types[i], NULL);
	if (origin != NULL && overlay_eq(&next, &zone->overlay))
		refuse(result, KNOT_RCODE_NXDOMAIN, "the overlay has nothing of %s", origin);
	else
		commit(zone, &next, "the operator", result);
	overlay_clear(&next);
}

/* Bus ------------------------------------------------------------------------------------------ */

static void
on_apply(void *arg, const struct msig_msg *msg)
{
	struct combiner *combiner = arg;
	const struct msig_msg_APPLY *apply = &msg->u.APPLY;
	struct zone *zone = zone_find(combiner, apply->zone);
	struct update_result result = {0};
	struct msig_msg answer = {.id = MSIG_MSG_APPLIED};

	if (zone == NULL)
		refuse(&result, KNOT_RCODE_NOTAUTH, "no such zone");
	else
		contribute_apply(zone, apply, &result);
	if (result.rcode != KNOT_RCODE_NOERROR)
		log_zone(LOG_LVL_WARN, apply->zone, "APPLY %llu of the agent: %s (%s)",
			 (unsigned long long)apply->id, result.why, rcode_text(result.rcode));
	answer.u.APPLIED.id = apply->id;
	answer.u.APPLIED.zone = apply->zone;
	answer.u.APPLIED.rcode = result.rcode;
	answer.u.APPLIED.text = result.why;
	answer.u.APPLIED.serial = zone != NULL ? zone->row.serial : 0;
	bus_send(combiner->bus, &answer); /* not heard: the agent asks again */
}

static void
show(struct combiner *combiner, struct zone *zone, uint64_t id)
{
	struct msig_msg msg = {.id = MSIG_MSG_OVERLAY};
	size_t count;
	const char **origins = overlay_origins(&zone->overlay, &count);
	struct rr_buf *bufs = xcalloc(count + 1, sizeof(*bufs));
	struct msig_blob *blobs = xcalloc(count + 1, sizeof(*blobs));
	char **names = xcalloc(count + 1, sizeof(*names));

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < zone->overlay.count; k++) {
			const struct overlay_rr *at = &zone->overlay.at[k];
			struct rr rr = {zone->name, at->type, at->ttl, at->rdata};
			if (strcmp(at->origin, origins[i]) == 0)
				rr_put(&bufs[i], &rr);
		}
		blobs[i] = (struct msig_blob){bufs[i].data, (uint32_t)bufs[i].len};
		names[i] = xstrdup(origins[i]);
	}
	msg.u.OVERLAY.id = id;
	msg.u.OVERLAY.zone = zone->name;
	msg.u.OVERLAY.state = (uint8_t)zone_state(zone);
	msg.u.OVERLAY.epoch = zone->overlay.epoch;
	msg.u.OVERLAY.counter = zone->overlay.counter;
	msg.u.OVERLAY.origin = (struct msig_strs){names, (uint16_t)count};
	msg.u.OVERLAY.rrs = (struct msig_blobs){blobs, (uint16_t)count};
	bus_send(combiner->bus, &msg);
	for (size_t i = 0; i < count; i++) {
		rr_buf_clear(&bufs[i]);
		free(names[i]);
	}
	free(bufs);
	free(blobs);
	free(names);
	free(origins);
}

static void
on_show(void *arg, const struct msig_msg *msg)
{
	struct combiner *combiner = arg;
	struct zone *zone = zone_find(combiner, msg->u.SHOW.zone);

	if (zone == NULL) {
		log_zone(LOG_LVL_WARN, msg->u.SHOW.zone,
			 "the agent asks for a zone that is not here");
		return;
	}
	show(combiner, zone, msg->u.SHOW.id);
	zone_tell(zone);
}

void
contribute_listen(struct combiner *combiner)
{
	bus_on(combiner->bus, MSIG_MSG_APPLY, on_apply, combiner);
	bus_on(combiner->bus, MSIG_MSG_SHOW, on_show, combiner);
}
