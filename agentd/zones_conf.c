/*
 * What the configuration says of a zone, and its view as the database has it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "agentd/content.h"
#include "agentd/keyring.h"
#include "agentd/zones_int.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/key.h"

#define LOAD_AGAIN_MS 1000
#define LOAD_AGAIN_MAX_MS 60000

static void
set(int64_t *to, uint32_t ms)
{
	if (ms != 0) {
		*to = ms;
	}
}

static struct view_times
times_of(const struct conf *conf, const struct conf_zone *zone)
{
	struct view_times t = conf->lab ? view_times_lab : view_times_default;

	set(&t.d, conf->propagation);
	set(&t.d_parent, conf->propagation);
	set(&t.ask_slow, conf->poll);
	set(&t.ask_parent, conf->parent_poll);
	set(&t.resend, conf->request_timeout / 6); /* several tries before it is over */
	set(&t.lease, conf->lease);
	set(&t.lead, conf->leader_lease);
	set(&t.ballot, conf->request_timeout / 2);
	if (!conf->lab || conf->margin != 0) {
		t.margin = conf->margin;
	}
	if (!conf->lab || conf->margin_percent != 0) {
		t.margin_percent = conf->margin_percent;
	}
	if (!conf->lab || conf->clock_skew != 0) {
		t.skew = conf->clock_skew;
	}
	if (zone->hsync_hold_down != 0) {
		t.hold_down = (int64_t)zone->hsync_hold_down * 1000;
	}
	return t;
}

/* Bit per kind of process. */
static uint16_t
step_mode(const struct conf_zone *conf)
{
	uint16_t mask = 0;

	for (unsigned i = 0; i < conf->step_modes; i++) {
		for (unsigned kind = 1; kind < 16; kind++) {
			if (strcmp(conf->step_mode[i], "all") == 0 ||
			    strcmp(conf->step_mode[i], msig_process_name(kind)) == 0) {
				mask |= (uint16_t)(1u << kind);
			}
		}
	}
	return mask;
}

void
zones_configure(struct zone *zone)
{
	struct view_config *config = &zone->view->config;
	char addr[64] = "";

	config->mode =
	    zone->conf->signer_records == CONF_RECORDS_ALL ? VIEW_MODE_ALL : VIEW_MODE_FOREIGN;
	config->nobody_signs = !zone->conf->is_signed;
	config->share = (uint8_t)zone->conf->dnskey_share;
	config->times = times_of(zone->agent->conf, zone->conf);
	config->step_mode = step_mode(zone->conf);
	config->models = MSIG_SYNC_LEADER;
	if (zone->conf->sync_model == CONF_MODEL_PEER) {
		config->models |= MSIG_SYNC_PEER;
	}
	_Static_assert(VIEW_NSES == CONF_NSES_MAX, "who takes more than it may state?");
	config->ns = RSET_NONE;
	for (unsigned i = 0; i < zone->conf->nses; i++) {
		knot_dname_storage_t name;
		int id;
		if (msig_name_parse(zone->conf->ns[i], name) == 0 &&
		    (id = view_rr(zone->view, VIEW_NS, name, (uint16_t)knot_dname_size(name))) >=
			0) {
			rset_add(&config->ns, id);
		}
	}
	config->cds_ignored = !zone->conf->parent_cds;
	config->ds_keep = RSET_NONE;
	for (unsigned i = 0; i < zone->conf->ds_keeps; i++) {
		uint8_t ds[MSIG_DS_MAX];
		uint16_t len;
		int id;
		if (msig_key_ds_parse(zone->conf->ds_keep[i], ds, &len) == 0 &&
		    (id = view_rr(zone->view, VIEW_DS, ds, len)) >= 0) {
			rset_add(&config->ds_keep, id);
		}
	}
	if (zone->conf->signer_query != NULL) {
		snprintf(zone->signer, sizeof(zone->signer), "%s", zone->conf->signer_query);
	} else if (zone->conf->signer != NULL && zone->conf->signer->addresses > 0) {
		dnsio_addr_str(&zone->conf->signer->address[0], addr, sizeof(addr));
		snprintf(zone->signer, sizeof(zone->signer), "%s", addr);
	}
	if (*zone->signer != '\0') {
		(void)view_signer(zone->view, zone->signer);
	}
	if (zone->keyring != NULL) {
		keyring_reload(zone->keyring); /* it names records of the view */
	}
	if (zone->content != NULL) {
		content_reload(zone->content);
	}
}

static void
new_view(struct zone *zone)
{
	struct agent *agent = zone->agent;
	struct view_times times = times_of(agent->conf, zone->conf);
	uint8_t seed[16];

	zone->loaded = (int64_t)loop_utc_ms();
	(void)gnutls_rnd(GNUTLS_RND_NONCE, seed, sizeof(seed));
	view_free(zone->view);
	zone->view = view_new(zone->text, agent->identity_text, &times,
			      store_generation(agent->store), seed);
	if (zone->view == NULL) {
		fatal("zone %s: no memory, or no name", zone->text);
	}
}

/* The disk, or what is wrong with it, may be another one soon. */
static void
not_read(struct zone *zone, int error)
{
	uint32_t next = 2 * zone->load_wait;
	bool first = !zone->unread;

	zone->broken = zone->unread = true;
	zone->load_wait = first                      ? LOAD_AGAIN_MS
			  : next > LOAD_AGAIN_MAX_MS ? LOAD_AGAIN_MAX_MS
						     : next;
	snprintf(zone->unusable, sizeof(zone->unusable),
		 "its state could not be read from the database (%s): nothing is changed; see to "
		 "the disk that has agentd.db, the log has more; it is tried again by itself, and "
		 "by `msigctl reload`",
		 msig_strerror(error));
	log_zone(first ? LOG_LVL_ERROR : LOG_LVL_DEBUG, zone->name, "%s", zone->unusable);
	loop_timer_set(zone->load_timer, zone->load_wait);
}

/* There is one database for all zones: whatever is done to it is done to all of them. */
static void
not_usable(struct zone *zone, int error)
{
	zone->broken = true;
	zone->unread = false;
	if (error == MSIG_EDBNEWER) {
		snprintf(zone->unusable, sizeof(zone->unusable),
			 "its stored state was written by a newer agentd: nothing is changed; run "
			 "that version again");
	} else {
		snprintf(zone->unusable, sizeof(zone->unusable),
			 "its stored state cannot be used (%s): nothing is changed. agentd.db has "
			 "the state of all zones, so do not remove it: that puts every one in "
			 "doubt. Stop agentd, put a copy of agentd.db in its place, start it, and "
			 "confirm what is in doubt then with `msigctl resume`",
			 zone->view->misfit != NULL ? zone->view->misfit : msig_strerror(error));
	}
	log_zone(LOG_LVL_ERROR, zone->name, "%s", zone->unusable);
}

void
zones_load(struct zone *zone)
{
	struct agent *agent = zone->agent;
	uint8_t *blob = NULL;
	size_t len = 0;
	int ret;

	new_view(zone);
	ret = store_zone_get(agent->store, zone->name, &blob, &len);
	if (ret != 0 && ret != MSIG_EMISSING) {
		not_read(zone, ret);
	} else if (ret == 0 && (ret = view_decode(zone->view, blob, len, zone->loaded)) != 0) {
		not_usable(zone, ret);
		new_view(zone); /* nothing is to be shown of what was read half */
	} else {
		zone->broken = zone->unread = false;
		zone->unusable[0] = '\0';
	}
	free(blob);
	zones_configure(zone);
}

void
zones_load_again(void *arg)
{
	struct zone *zone = arg;

	if (!zone->unread) {
		return;
	}
	zones_load(zone);
	if (!zone->broken) {
		log_zone(LOG_LVL_INFO, zone->name,
			 "its state could be read now; next: it goes on from there");
		zones_tell_peers(zone);
		zones_mark(zone);
	}
}
