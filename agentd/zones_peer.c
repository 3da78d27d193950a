/*
 * What peers say of a zone, as far as it is not part of a process.
 */
#include <stdio.h>
#include <string.h>
#include "agentd/letter.h"
#include "agentd/peers.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/statement.h"

int
zones_provider(struct zone *zone, const char *identity)
{
	return view_provider(zone->view, identity);
}

void
zones_peer_changed(struct agent *agent, const struct contact *contact)
{
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (peer_zone_find(contact->peer, zone->name) != NULL) {
			zones_tell_peers(zone);
			zones_mark(zone);
		}
	}
}

void
zones_fill(struct agent *agent, const knot_dname_t *name, struct msig_option *option)
{
	struct zone *zone = zones_find(agent, name);
	struct msig_option own;

	if (zone == NULL) {
		return;
	}
	option->sync = zone->view->config.models;
	own = *option;
	if (zones_statement(zone, &own, NULL) != 0) {
		return;
	}
	own.operation = option->operation;
	own.interval = option->interval;
	own.remaining = option->remaining;
	own.has |= option->has;
	*option = own;
}

void
zones_models(struct contact *contact, const knot_dname_t *name, uint8_t models)
{
	struct zone *zone = zones_find(contact->agent, name);
	int number = zone != NULL ? view_provider_find(zone->view, contact->peer->identity) : -1;

	if (number > 0 && view_on_models(zone->view, number, models)) {
		zones_mark(zone);
	}
}

/* Does the peer state other records than those we have from it, under the same version? */
static bool
other_content(struct zone *zone, int number, const struct msig_option *option)
{
	const struct view_statement *held = &zone->view->d.provider[number].statement;
	const struct rset ids[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = held->dnskey,
	    [MSIG_APEX_CDS] = held->cds,
	    [MSIG_APEX_CDNSKEY] = held->cdnskey,
	    [MSIG_APEX_NS] = held->ns,
	};
	uint8_t digest[MSIG_DIGEST_LEN];
	struct msig_apex apex;
	bool other;

	if (!held->known || held->epoch != option->version.epoch ||
	    held->counter != option->version.counter ||
	    (option->has & MSIG_HAS(CONTRIBUTION)) == 0 ||
	    letter_apex(zone->view, ids, NULL, &apex) != 0) {
		return false;
	}
	other = msig_apex_digest(&apex, digest) == 0 &&
		memcmp(digest, option->contribution, sizeof(digest)) != 0;
	msig_apex_clear(&apex);
	return other;
}

void
zones_heard(struct contact *contact, const struct msig_option *option)
{
	struct zone *zone = zones_find(contact->agent, option->zone);
	const uint8_t *generation =
	    (option->has & MSIG_HAS(GENERATION)) != 0 ? option->generation : NULL;
	const uint8_t *hsync = (option->has & MSIG_HAS(HSYNC)) != 0 ? option->hsync : NULL;
	int number;

	if (zone == NULL || (option->has & MSIG_HAS(VERSION)) == 0) {
		return;
	}
	number = view_provider_find(zone->view, contact->peer->identity);
	if (number > 0 && view_on_beat(zone->view, number, generation, option->version.epoch,
				       option->version.counter, hsync)) {
		zones_mark(zone);
	} else if (number > 0 && !zone->view->d.provider[number].stale &&
		   other_content(zone, number, option)) {
		log_peer(
		    LOG_LVL_WARN, contact->peer->identity,
		    "states other records for %s than we have, under the same version: asked again",
		    zone->text);
		zone->view->d.provider[number].stale = true;
		zone->view->dirty = true;
		zones_mark(zone);
	}
}

int
zones_stated(struct zone *zone, struct contact *contact, const struct msig_peermsg *msg,
	     const uint8_t *wire, size_t len)
{
	struct agent *agent = zone->agent;
	struct view_statement said;
	struct store_statement row = {.provider = contact->peer->identity};
	const struct view_statement *held;
	struct msig_statement st;
	bool news, another;
	int number = view_provider_find(zone->view, contact->peer->identity), ret;

	if (number <= 0) {
		return MSIG_ESENDER;
	}
	ret = msig_statement_from_peermsg(msg, &st);
	if (ret != 0) {
		if (ret == MSIG_EKEY && view_refuse(zone->view, number, msig_strerror(ret))) {
			zones_mark(zone);
		}
		return ret;
	}
	ret = letter_stated(zone->view, &st, &said);
	if (ret != 0) {
		goto out;
	}
	held = &zone->view->d.provider[number].statement;
	another =
	    held->known && memcmp(held->generation, said.generation, sizeof(said.generation)) != 0;
	news = !held->known || another || !view_same_statement(held, &said);
	ret = view_on_statement(zone->view, number, &said, (int64_t)loop_utc_ms());
	if (ret != 0) {
		goto out;
	}
	if (another) {
		log_zone(LOG_LVL_WARN, zone->name,
			 "%s has another database, or confirmed an older one: what it said before "
			 "may be unknown to it; compare what it states now with what its signer "
			 "shows: msigctl keys %s",
			 contact->peer->identity, zone->text);
	}
	row.epoch = said.epoch;
	row.counter = said.counter;
	row.received = loop_utc_ms();
	row.message = (uint8_t *)(uintptr_t)wire;
	row.len = len;
	ret = store_statement_set(agent->store, zone->name, &row);
	if (ret == 0 && news) {
		char text[200];
		snprintf(text, sizeof(text), "states %d keys, %d CDS, %d NS; version %llu.%llu",
			 rset_count(said.dnskey), rset_count(said.cds), rset_count(said.ns),
			 (unsigned long long)said.epoch, (unsigned long long)said.counter);
		ret = zones_journal(zone, contact->peer->identity, "message", text, wire, len);
	}
out:
	msig_statement_clear(&st);
	return ret;
}
