#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include "agentd/checkup.h"
#include "agentd/cmds.h"
#include "agentd/content.h"
#include "agentd/keyring.h"
#include "agentd/look.h"
#include "agentd/peers.h"
#include "agentd/talk.h"
#include "agentd/zones.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"
#include "libmsig/key.h"
#include "libmsig/statement.h"

#define APPLY_TIMEOUT_MS 10000
#define FOLLOW_AGAIN_MS 60000
#define NO_ANSWER 0xffff
#define SIGNATURE_MARGIN_S (24 * 3600)
#define REASON_SETTLES_MS 1000

static void run(void *arg);
static void act(struct zone *zone, const struct plan *plan);

/* Configuration ------------------------------------------------------------------------------- */

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

static void
configure(struct zone *zone)
{
	struct view_config *config = &zone->view->config;
	char addr[64] = "";

	config->mode =
	    zone->conf->signer_records == CONF_RECORDS_ALL ? VIEW_MODE_ALL : VIEW_MODE_FOREIGN;
	config->share = (uint8_t)zone->conf->dnskey_share;
	config->times = times_of(zone->agent->conf, zone->conf);
	config->step_mode = step_mode(zone->conf);
	config->models = MSIG_SYNC_LEADER;
	if (zone->conf->sync_model == CONF_MODEL_PEER) {
		config->models |= MSIG_SYNC_PEER;
	}
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

/* The view as the store has it, or a new one. */
static void
load_view(struct zone *zone)
{
	struct agent *agent = zone->agent;
	struct view_times times = times_of(agent->conf, zone->conf);
	uint8_t seed[16], *blob = NULL;
	size_t len = 0;
	int ret;

	(void)gnutls_rnd(GNUTLS_RND_NONCE, seed, sizeof(seed));
	view_free(zone->view);
	zone->view = view_new(zone->text, agent->identity_text, &times,
			      store_generation(agent->store), seed);
	if (zone->view == NULL) {
		fatal("zone %s: no memory, or no name", zone->text);
	}
	ret = store_zone_get(agent->store, zone->name, &blob, &len);
	if (ret == 0) {
		ret = view_decode(zone->view, blob, len, (int64_t)loop_utc_ms());
	} else if (ret == MSIG_EMISSING) {
		ret = 0;
	}
	free(blob);
	zone->broken = ret != 0;
	if (ret != 0) {
		snprintf(zone->trouble, sizeof(zone->trouble),
			 "its stored state cannot be used (%s): nothing is changed; restore the "
			 "database, or remove it and confirm with `msigctl resume`",
			 msig_strerror(ret));
		log_zone(LOG_LVL_ERROR, zone->name, "%s", zone->trouble);
	}
	configure(zone);
}

/* Journal ------------------------------------------------------------------------------------- */

static int
journal(struct zone *zone, const char *actor, const char *kind, const char *text,
	const void *evidence, size_t len)
{
	struct store_entry entry = {
	    .time = loop_utc_ms(),
	    .zone = zone->name,
	    .actor = actor,
	    .kind = kind,
	    .text = text,
	    .evidence = evidence,
	    .evidence_len = len,
	};

	return store_journal_add(zone->agent->store, &entry);
}

/* Deciding ------------------------------------------------------------------------------------ */

void
zones_mark(struct zone *zone)
{
	zone->dirty = true;
	loop_timer_set(zone->agent->run_timer, 0);
}

/* Everything that a plan makes durable, into the open transaction. */
static int
store_plan(struct zone *zone, const struct plan *plan)
{
	struct store *store = zone->agent->store;
	uint8_t *blob = NULL;
	size_t len;
	int ret = 0;

	if (plan->persist) {
		ret = view_encode(zone->view, &blob, &len);
		if (ret == 0) {
			ret = store_zone_set(store, zone->name, blob, len);
		}
		free(blob);
	}
	for (int i = 0; i < plan->count && ret == 0; i++) {
		const struct action *a = &plan->action[i];
		if (a->kind == ACT_JOURNAL || a->kind == ACT_ALARM) {
			ret = journal(zone, zone->agent->identity_text,
				      a->kind == ACT_ALARM ? "alarm" : "step", a->text, NULL, 0);
		}
	}
	return ret;
}

static bool
writes(const struct plan *plan)
{
	bool any = plan->persist;

	for (int i = 0; i < plan->count; i++) {
		any =
		    any || plan->action[i].kind == ACT_JOURNAL || plan->action[i].kind == ACT_ALARM;
	}
	return any;
}

static void
set_wake(struct zone *zone, int64_t wake)
{
	int64_t now = (int64_t)loop_utc_ms();

	zone->wake_at = wake;
	if (wake == VIEW_NEVER) {
		loop_timer_cancel(zone->wake);
	} else {
		loop_timer_set(zone->wake, wake > now ? (uint64_t)(wake - now) : 1);
	}
}

/* The contacts that the owner's instruction asks for, as far as it is known. */
static void
share_contacts(struct zone *zone)
{
	struct agent *agent = zone->agent;
	const struct view_hsync *h = &zone->view->d.hsync;
	bool ours = false;

	if (h->status != MSIG_SEEN_SET) {
		return;
	}
	if (memcmp(h->digest, zone->hsync_digest, sizeof(zone->hsync_digest)) != 0) {
		memcpy(zone->hsync_digest, h->digest, sizeof(zone->hsync_digest));
		peers_hsync_changed(agent, zone->name);
	}
	for (int i = 0; i < h->count; i++) {
		ours = ours || strcmp(h->entry[i].identity, agent->identity_text) == 0;
	}
	for (int i = 0; i < h->count && ours; i++) {
		if (strcmp(h->entry[i].identity, agent->identity_text) != 0) {
			(void)peers_share(agent, h->entry[i].identity, zone->name);
		}
	}
	for (struct contact *c = agent->contacts, *next; c != NULL; c = next) {
		int number = view_provider_find(zone->view, c->peer->identity);
		bool wanted = number > 0 && zone->view->d.provider[number].member;
		next = c->next;
		for (int i = 0; i < h->count && ours; i++) {
			wanted = wanted || strcmp(h->entry[i].identity, c->peer->identity) == 0;
		}
		if (!wanted && peer_zone_find(c->peer, zone->name) != NULL) {
			peers_unshare(agent, c->peer->identity, zone->name);
		}
	}
}

/* The log says once why the zone is not where it should be, and once that it is; what only lasts
 * for a moment is not worth a line. */
static void
log_reason(struct zone *zone)
{
	char text[sizeof(zone->reason_text)] = "";

	if (zone->view->reasons > 0) {
		reason_text(&zone->view->reason[0], text, sizeof(text));
	}
	if (strcmp(text, zone->reason_text) == 0) {
		return;
	}
	strcpy(zone->reason_text, text);
	loop_timer_set(zone->reason_timer, REASON_SETTLES_MS);
}

static void
say_reason(void *arg)
{
	struct zone *zone = arg;
	const char *text = zone->reason_text;

	if (strcmp(text, zone->reason_said) == 0) {
		return;
	}
	strcpy(zone->reason_said, text);
	if (*text == '\0') {
		log_zone(LOG_LVL_INFO, zone->name,
			 "in its target state; next: the signer's zone "
			 "and all servers are looked at again and again");
	} else {
		log_zone(LOG_LVL_INFO, zone->name, "waits: %s", text);
	}
}

/* The volatile part of a view is asked for again; what peers are is known here. */
static void
tell_peers(struct zone *zone)
{
	for (struct contact *c = zone->agent->contacts; c != NULL; c = c->next) {
		int number = view_provider_find(zone->view, c->peer->identity);
		char why[200];
		if (number > 0 && peer_zone_find(c->peer, zone->name) != NULL) {
			(void)peers_why(c, zone->name, why, sizeof(why));
			(void)view_on_peer(zone->view, number, *why == '\0', why);
		}
	}
}

void
zones_forget(struct zone *zone)
{
	log_zone(LOG_LVL_ERROR, zone->name, "not stored, so it did not happen: %s",
		 store_error(zone->agent->store));
	load_view(zone);
	tell_peers(zone);
	loop_timer_set(zone->wake, 1000);
}

static void
check_clock(struct zone *zone)
{
	struct view_clock clock = agent_clock(zone->agent);
	int64_t by = view_check_clock(zone->view, &clock);

	zone->decided = clock.now;
	if (by != 0) {
		log_zone(LOG_LVL_WARN, zone->name,
			 "the clock was set by %lld s: every hold counts anew; see that this "
			 "machine keeps its time",
			 (long long)(by / 1000));
	}
}

int
zones_settle(struct zone *zone)
{
	struct store *store = zone->agent->store;
	struct plan *plan;
	int ret = 0;

	zone->dirty = false;
	if (zone->broken) {
		return store_in_transaction(store) ? store_commit(store) : 0;
	}
	plan = xcalloc(1, sizeof(*plan));
	check_clock(zone);
	decide(zone->view, zone->decided, plan);
	if (writes(plan) && !store_in_transaction(store)) {
		ret = store_begin(store);
	}
	if (ret == 0 && writes(plan)) {
		ret = store_plan(zone, plan);
	}
	if (store_in_transaction(store)) {
		if (ret == 0) {
			ret = store_commit(store);
		} else {
			store_rollback(store);
		}
	}
	if (ret != 0) {
		zones_forget(zone);
	} else {
		set_wake(zone, plan->wake);
		log_reason(zone);
		act(zone, plan);
		share_contacts(zone);
		cmds_settled(zone);
		checkup_watch(zone);
	}
	free(plan);
	return ret;
}

static void
run(void *arg)
{
	struct agent *agent = arg;

	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (zone->dirty) {
			(void)zones_settle(zone);
		}
	}
}

static void
woken(void *arg)
{
	zones_mark(arg);
}

/* Acting -------------------------------------------------------------------------------------- */

int
zones_set(const struct zone *zone, struct rset ids, struct msig_set *out)
{
	const struct rpool *pool = &zone->view->d.pool;
	int ret = 0;

	for (int i = rset_next(&ids, 0); i >= 0 && ret == 0; i = rset_next(&ids, i + 1)) {
		ret = msig_set_add(out, pool->at[i].rdata->data, pool->at[i].rdata->len);
	}
	return ret;
}

static int
to_apex(const struct zone *zone, const struct rset ids[MSIG_APEX_COUNT],
	const uint32_t ttl[MSIG_APEX_COUNT], struct msig_apex *apex)
{
	int ret = 0;

	msig_apex_init(apex);
	for (int i = 0; i < MSIG_APEX_COUNT && ret == 0; i++) {
		ret = zones_set(zone, ids[i], &apex->set[i]);
		apex->set[i].ttl = ttl != NULL ? ttl[i] : 0;
	}
	if (ret != 0) {
		msig_apex_clear(apex);
	}
	return ret;
}

static int
contribution(const struct zone *zone, int provider, struct msig_blob *blob)
{
	const struct view_overlay *want = &zone->view->d.want;
	const struct view_contribution *c = &want->from[provider];
	const struct rset ids[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = c->dnskey,   [MSIG_APEX_CDS] = c->cds,
	    [MSIG_APEX_CDNSKEY] = c->cdnskey, [MSIG_APEX_NS] = c->ns,
	    [MSIG_APEX_CSYNC] = c->csync,
	};
	const uint32_t ttl[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = want->ttl_key,  [MSIG_APEX_CDS] = want->ttl_cds,
	    [MSIG_APEX_CDNSKEY] = want->ttl_cds, [MSIG_APEX_NS] = want->ttl_ns,
	    [MSIG_APEX_CSYNC] = want->ttl_ns,
	};
	struct msig_apex apex;
	size_t len = 65535;
	int ret = to_apex(zone, ids, ttl, &apex);

	if (ret != 0) {
		return ret;
	}
	blob->data = xcalloc(1, len);
	ret = msig_apex_to_update(&apex, MSIG_APEX_ALL, zone->name, 0, blob->data, &len);
	blob->len = (uint32_t)len;
	msig_apex_clear(&apex);
	return ret;
}

static void
apply_timeout(void *arg)
{
	struct zone *zone = arg;

	zone->applying = 0;
	(void)view_on_applied(zone->view, zone->apply_epoch, zone->apply_counter, NO_ANSWER,
			      "combinerd does not answer");
	zones_mark(zone);
}

static void
act_apply(struct zone *zone, bool may_shrink)
{
	const struct view_overlay *want = &zone->view->d.want;
	struct msig_msg msg = {.id = MSIG_MSG_APPLY};
	struct msig_msg_APPLY *m = &msg.u.APPLY;
	struct msig_blob blob[VIEW_PROVIDERS] = {{0}};
	char *origin[VIEW_PROVIDERS];
	char text[160];
	int ret = 0;

	for (int i = 0; i < VIEW_PROVIDERS && ret == 0; i++) {
		if (want->from[i].used) {
			origin[m->origin.count] = zone->view->d.provider[i].identity;
			ret = contribution(zone, i, &blob[m->origin.count++]);
		}
	}
	m->id = ++zone->agent->bus_id;
	m->zone = zone->name;
	m->epoch = want->epoch;
	m->counter = want->counter;
	m->may_shrink = may_shrink;
	m->origin.at = origin;
	m->contribution.at = blob;
	m->contribution.count = m->origin.count;
	zone->applying = m->id;
	zone->apply_epoch = want->epoch;
	zone->apply_counter = want->counter;
	if (ret == 0) {
		ret = agent_send(zone->agent, &msg);
		snprintf(text, sizeof(text), "overlay %llu.%llu of %u providers to combinerd%s",
			 (unsigned long long)want->epoch, (unsigned long long)want->counter,
			 m->origin.count, ret != 0 ? ": not running" : "");
		log_zone(LOG_LVL_INFO, zone->name, "%s", text);
	} else {
		log_zone(LOG_LVL_ERROR, zone->name, "overlay cannot be written: %s",
			 msig_strerror(ret));
	}
	loop_timer_set(zone->apply_timer, ret != 0 ? 1000 : APPLY_TIMEOUT_MS);
	for (unsigned i = 0; i < m->contribution.count; i++) {
		free(blob[i].data);
	}
}

static void
act_show(struct zone *zone)
{
	struct msig_msg msg = {.id = MSIG_MSG_SHOW};

	zone->showing = ++zone->agent->bus_id;
	msg.u.SHOW.id = zone->showing;
	msg.u.SHOW.zone = zone->name;
	(void)agent_send(zone->agent, &msg);
}

static struct contact *
contact_of(struct zone *zone, int provider)
{
	return provider > 0 ? peers_find(zone->agent, zone->view->d.provider[provider].identity)
			    : NULL;
}

/* What a message of a process says. */
static void
step_option(struct zone *zone, const struct view_message *m, struct msig_option *opt)
{
	MSIG_OPTION_SET(opt, EPOCH, epoch, m->epoch);
	MSIG_OPTION_SET(opt, PROCESS, process, m->process);
	MSIG_OPTION_SET(opt, STEP, step, m->step);
	memcpy(opt->transition, m->tid, sizeof(opt->transition));
	opt->has |= MSIG_HAS(TRANSITION);
	if (m->subject >= 0 && m->subject < VIEW_PROVIDERS &&
	    msig_name_parse(zone->view->d.provider[m->subject].identity, opt->subject) == 0) {
		opt->has |= MSIG_HAS(SUBJECT);
	}
	if (m->algorithm != 0) {
		MSIG_OPTION_SET(opt, ALGORITHM, algorithm, m->algorithm);
	}
	if (m->version_counter != 0) {
		opt->version.epoch = m->version_epoch;
		opt->version.counter = m->version_counter;
		opt->has |= MSIG_HAS(VERSION);
	}
	if (m->result != 0) {
		MSIG_OPTION_SET(opt, RESULT, result, m->result);
	}
	if (m->text[0] != '\0') {
		snprintf(opt->text, sizeof(opt->text), "%s", m->text);
		opt->has |= MSIG_HAS(TEXT);
	}
}

/* What a ballot says. */
static void
ballot_option(struct zone *zone, const struct view_message *m, struct msig_option *opt)
{
	MSIG_OPTION_SET(opt, TERM, term, m->term);
	MSIG_OPTION_SET(opt, VOTE, vote, m->vote);
	if (m->leader >= 0 && m->leader < VIEW_PROVIDERS &&
	    msig_name_parse(zone->view->d.provider[m->leader].identity, opt->leader) == 0) {
		opt->has |= MSIG_HAS(LEADER);
	}
}

/* Sets by the core's types, as those of the library. */
static int
change_apex(const struct zone *zone, const struct rset set[VIEW_APEX], struct msig_apex *apex)
{
	const struct view_overlay *want = &zone->view->d.want;
	const struct rset ids[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = set[VIEW_DNSKEY],   [MSIG_APEX_CDS] = set[VIEW_CDS],
	    [MSIG_APEX_CDNSKEY] = set[VIEW_CDNSKEY], [MSIG_APEX_NS] = set[VIEW_NS],
	    [MSIG_APEX_CSYNC] = set[VIEW_CSYNC],
	};
	const uint32_t ttl[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = want->ttl_key,  [MSIG_APEX_CDS] = want->ttl_cds,
	    [MSIG_APEX_CDNSKEY] = want->ttl_cds, [MSIG_APEX_NS] = want->ttl_ns,
	    [MSIG_APEX_CSYNC] = want->ttl_ns,
	};

	return to_apex(zone, ids, ttl, apex);
}

/* EXECUTE with what the step changes. */
static void
execute(struct zone *zone, struct contact *contact, const struct msig_option *opt,
	const struct view_change *c)
{
	struct msig_change change;
	int ret;

	msig_change_init(&change);
	ret = change_apex(zone, c->add, &change.add);
	if (ret == 0) {
		ret = change_apex(zone, c->del, &change.del);
	}
	if (ret == 0) {
		talk_execute(zone->agent, contact, opt, &change);
	} else {
		log_zone(LOG_LVL_ERROR, zone->name, "a change cannot be written: %s",
			 msig_strerror(ret));
	}
	msig_change_clear(&change);
}

static void
act_send(struct zone *zone, int provider, const struct view_message *m)
{
	struct contact *contact = contact_of(zone, provider);
	struct msig_option opt;

	if (contact == NULL || !contact->found) {
		return; /* it is said again */
	}
	msig_option_init(&opt, m->op, zone->agent->identity, zone->name);
	memcpy(opt.hsync, m->hsync, sizeof(opt.hsync));
	opt.has |= MSIG_HAS(HSYNC);
	if (m->op >= MSIG_OP_ELECT_CALL && m->op <= MSIG_OP_ELECT_CONFIRM) {
		ballot_option(zone, m, &opt);
	} else {
		step_option(zone, m, &opt);
	}
	log_zone(LOG_LVL_DEBUG, zone->name, "%s %s/%u to %s", msig_op_name(m->op),
		 msig_process_name(m->process), m->step, contact->peer->identity);
	if (m->op == MSIG_OP_EXECUTE && m->change.given) {
		execute(zone, contact, &opt, &m->change);
	} else {
		talk_send(zone->agent, contact, &opt, NULL, NULL);
	}
}

int
zones_statement(struct zone *zone, struct msig_option *option, struct msig_apex *apex)
{
	const struct view_statement *own = &zone->view->d.provider[VIEW_SELF].statement;
	const struct rset ids[MSIG_APEX_COUNT] = {
	    [MSIG_APEX_DNSKEY] = own->dnskey,
	    [MSIG_APEX_CDS] = own->cds,
	    [MSIG_APEX_CDNSKEY] = own->cdnskey,
	    [MSIG_APEX_NS] = own->ns,
	};
	struct msig_statement st;
	int ret;

	if (!own->known) {
		return MSIG_EMISSING;
	}
	msig_statement_init(&st, zone->agent->identity, zone->name);
	ret = to_apex(zone, ids, NULL, &st.apex);
	if (ret == 0) {
		memcpy(st.generation, store_generation(zone->agent->store), sizeof(st.generation));
		st.version.epoch = own->epoch;
		st.version.counter = own->counter;
		memcpy(st.hsync_digest, own->hsync, sizeof(st.hsync_digest));
		st.share = own->share;
		st.wish = own->wish;
		st.algorithm = own->wish_algorithm;
		st.process = own->process;
		st.step = own->step;
		st.epoch = own->process_epoch;
		st.owner_serial = zone->owner_serial;
		ret = msig_statement_to_option(&st, option);
	}
	if (ret == 0 && apex != NULL) {
		msig_apex_init(apex);
		ret = msig_apex_copy(apex, &st.apex);
	}
	msig_statement_clear(&st);
	return ret;
}

static void
act_state(struct zone *zone, int provider)
{
	struct contact *contact = contact_of(zone, provider);
	struct msig_option opt;
	struct msig_apex apex;

	if (contact == NULL || !contact->found) {
		return;
	}
	msig_option_init(&opt, MSIG_OP_STATE, zone->agent->identity, zone->name);
	if (zones_statement(zone, &opt, &apex) != 0) {
		return;
	}
	opt.operation = MSIG_OP_STATE;
	talk_send(zone->agent, contact, &opt, &apex, NULL);
	msig_apex_clear(&apex);
}

static void
pulled(struct contact *contact, const knot_dname_t *name, int result,
       const struct msig_peermsg *response, const uint8_t *wire, size_t len)
{
	struct zone *zone = zones_find(contact->agent, name);
	struct store *store = contact->agent->store;
	int ret;

	if (zone == NULL || result != 0 || response->rcode != KNOT_RCODE_NOERROR ||
	    !response->has_apex || store_begin(store) != 0) {
		return;
	}
	ret = zones_stated(zone, contact, response, wire, len);
	if (ret != 0) {
		store_rollback(store);
		if (ret == MSIG_EDISK || ret == MSIG_EDB) {
			zones_forget(zone);
		}
		return;
	}
	(void)zones_settle(zone);
}

static void
act_pull(struct zone *zone, int provider)
{
	struct contact *contact = contact_of(zone, provider);
	const struct view_provider *p;
	struct msig_option opt;

	if (contact == NULL || !contact->found) {
		return;
	}
	msig_option_init(&opt, MSIG_OP_PULL, zone->agent->identity, zone->name);
	p = &zone->view->d.provider[provider];
	if (p->statement.known) { /* so that it finds out whether its database was put back */
		opt.version.epoch = p->statement.epoch;
		opt.version.counter = p->statement.counter;
		opt.has |= MSIG_HAS(VERSION);
	}
	if (p->differs) {
		MSIG_OPTION_SET(&opt, RESULT, result, MSIG_RESULT_STATE);
	}
	talk_send(zone->agent, contact, &opt, NULL, pulled);
}

static void
act(struct zone *zone, const struct plan *plan)
{
	bool changed = false;

	for (int i = 0; i < plan->count; i++) {
		const struct action *a = &plan->action[i];
		switch (a->kind) {
		case ACT_ASK:
			look_place(zone, a->place, a->types);
			break;
		case ACT_ASK_HSYNC:
			look_hsync(zone);
			break;
		case ACT_LOOKUP:
			look_addresses(zone, a->ns);
			break;
		case ACT_SHOW:
			act_show(zone);
			break;
		case ACT_APPLY:
			act_apply(zone, a->may_shrink);
			break;
		case ACT_SEND:
			act_send(zone, a->provider, &a->message);
			break;
		case ACT_STATE:
			act_state(zone, a->provider);
			break;
		case ACT_PULL:
			act_pull(zone, a->provider);
			break;
		case ACT_NOTIFY:
			log_zone(LOG_LVL_DEBUG, zone->name, "the parent may scan now (type %u)",
				 a->type);
			break;
		case ACT_KEY:
			(void)keyring_ask(zone, a->key.verb, a->key.role, a->key.algorithm,
					  a->key.state, a->key.id);
			break;
		case ACT_JOURNAL:
			log_zone(LOG_LVL_INFO, zone->name, "%s", a->text);
			changed = true;
			break;
		case ACT_ALARM:
			log_zone(LOG_LVL_WARN, zone->name, "%s", a->text);
			changed = true;
			break;
		}
	}
	if (changed) {
		peers_zone_changed(zone->agent, zone->name);
	}
}

/* Peers --------------------------------------------------------------------------------------- */

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
			tell_peers(zone);
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
	    (option->has & MSIG_HAS(CONTRIBUTION)) == 0 || to_apex(zone, ids, NULL, &apex) != 0) {
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
	int number;

	if (zone == NULL || (option->has & MSIG_HAS(VERSION)) == 0) {
		return;
	}
	number = view_provider_find(zone->view, contact->peer->identity);
	if (number > 0 &&
	    view_on_beat(zone->view, number, option->version.epoch, option->version.counter)) {
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

static int
to_view(struct zone *zone, const struct msig_set *set_in, enum view_type type, struct rset *out)
{
	*out = RSET_NONE;
	MSIG_SET_EACH(set_in, rr)
	{
		int id = view_rr(zone->view, type, rr->data, rr->len);
		if (id < 0) {
			return id;
		}
		rset_add(out, id);
	}
	return 0;
}

int
zones_stated(struct zone *zone, struct contact *contact, const struct msig_peermsg *msg,
	     const uint8_t *wire, size_t len)
{
	struct agent *agent = zone->agent;
	struct view_statement said = {.known = true};
	struct store_statement row = {.provider = contact->peer->identity};
	const struct view_statement *held;
	struct msig_statement st;
	bool news;
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
	if ((ret = to_view(zone, &st.apex.set[MSIG_APEX_DNSKEY], VIEW_DNSKEY, &said.dnskey)) != 0 ||
	    (ret = to_view(zone, &st.apex.set[MSIG_APEX_CDS], VIEW_CDS, &said.cds)) != 0 ||
	    (ret = to_view(zone, &st.apex.set[MSIG_APEX_CDNSKEY], VIEW_CDNSKEY, &said.cdnskey)) !=
		0 ||
	    (ret = to_view(zone, &st.apex.set[MSIG_APEX_NS], VIEW_NS, &said.ns)) != 0) {
		goto out;
	}
	memcpy(said.generation, st.generation, sizeof(said.generation));
	said.epoch = st.version.epoch;
	said.counter = st.version.counter;
	said.process_epoch = st.epoch;
	said.share = st.share;
	said.wish = st.wish;
	said.wish_algorithm = st.algorithm;
	said.process = st.process;
	said.step = st.step;
	memcpy(said.hsync, st.hsync_digest, sizeof(said.hsync));
	held = &zone->view->d.provider[number].statement;
	news = !held->known || held->epoch != said.epoch || held->counter != said.counter;
	ret = view_on_statement(zone->view, number, &said, (int64_t)loop_utc_ms());
	if (ret != 0) {
		goto out;
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
		ret = journal(zone, contact->peer->identity, "message", text, wire, len);
	}
out:
	msig_statement_clear(&st);
	return ret;
}

/* The bus ------------------------------------------------------------------------------------- */

void
zones_applied(struct agent *agent, const struct msig_msg_APPLIED *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone == NULL || zone->applying == 0 || zone->applying != msg->id) {
		return;
	}
	zone->applying = 0;
	loop_timer_cancel(zone->apply_timer);
	if (msg->rcode != 0) {
		const knot_lookup_t *name = knot_lookup_by_id(knot_rcode_names, msg->rcode);
		log_zone(LOG_LVL_WARN, zone->name, "combinerd refused the overlay (%s): %s",
			 name != NULL ? name->name : "?", msg->text);
	} else {
		zone->served_serial = msg->serial;
		zone->applied_at = (int64_t)loop_utc_ms();
	}
	(void)view_on_applied(zone->view, zone->apply_epoch, zone->apply_counter, msg->rcode,
			      msg->text);
	zones_mark(zone);
}

/* The records of one origin, as far as the view has room for them. */
static struct view_contribution
held_by(struct zone *zone, const struct msig_rrs *rrs)
{
	struct view_contribution c = {.used = true};
	const struct {
		enum view_type type;
		struct rset *set;
	} parts[] = {
	    {VIEW_DNSKEY, &c.dnskey}, {VIEW_CDS, &c.cds},     {VIEW_CDNSKEY, &c.cdnskey},
	    {VIEW_NS, &c.ns},         {VIEW_CSYNC, &c.csync},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const knot_rrset_t *set =
		    msig_rrs_find(rrs, zone->name, view_rrtype(parts[i].type));
		knot_rdata_t *rdata = set != NULL ? set->rrs.rdata : NULL;
		for (uint16_t k = 0; set != NULL && k < set->rrs.count; k++) {
			int id = view_rr(zone->view, parts[i].type, rdata->data, rdata->len);
			if (id >= 0) {
				rset_add(parts[i].set, id);
			}
			rdata = knot_rdataset_next(rdata);
		}
	}
	return c;
}

/* What combinerd holds, by provider of origin. */
static void
note_held(struct zone *zone, const struct msig_msg_OVERLAY *msg)
{
	for (unsigned i = 0; i < msg->origin.count && i < msg->rrs.count; i++) {
		struct view_contribution c;
		struct msig_rrs rrs;
		if (msig_rrs_decode(msg->rrs.at[i].data, msg->rrs.at[i].len, &rrs) != 0) {
			continue;
		}
		c = held_by(zone, &rrs);
		msig_rrs_clear(&rrs);
		(void)view_on_held(zone->view, msg->origin.at[i], &c);
	}
}

void
zones_overlay(struct agent *agent, const struct msig_msg_OVERLAY *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone == NULL || zone->showing == 0 || zone->showing != msg->id) {
		return;
	}
	zone->showing = 0;
	zone->merge_state = msg->state;
	note_held(zone, msg);
	(void)view_on_overlay(zone->view, msg->state, msg->epoch, msg->counter);
	zones_mark(zone);
}

void
zones_served(struct agent *agent, const struct msig_msg_ZONE *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone == NULL) {
		return;
	}
	if (zone->merge_state != msg->state) {
		act_show(zone);
	}
	zone->merge_state = msg->state;
	zone->owner_serial = msg->owner_serial;
	zone->served_serial = msg->serial;
	snprintf(zone->combiner_text, sizeof(zone->combiner_text), "%s", msg->text);
	content_served(zone->content, msg);
}

void
zones_say(struct zone *zone, bool wrong, const char *text)
{
	log_zone(wrong ? LOG_LVL_WARN : LOG_LVL_INFO, zone->name, "%s", text);
	(void)journal(zone, zone->agent->identity_text, wrong ? "alarm" : "step", text, NULL, 0);
}

/* What expires before caches have forgotten it becomes bogus there. */
static void
check_signatures(struct zone *zone)
{
	uint64_t now = loop_utc_ms() / 1000;
	bool old = zone->signatures_expire < now + zone->max_ttl + SIGNATURE_MARGIN_S;
	char text[200];

	if (old == zone->signatures_old) {
		return;
	}
	zone->signatures_old = old;
	snprintf(text, sizeof(text),
		 old ? "the signer's oldest signatures end in %lld h: it has "
		       "stopped to renew them; look at it now"
		     : "the signer renews its signatures again (%lld h)",
		 ((long long)zone->signatures_expire - (long long)now) / 3600);
	zones_say(zone, old, text);
}

void
zones_followed(struct agent *agent, const struct msig_msg_FOLLOWED *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone == NULL) {
		return;
	}
	if (*msg->reason != '\0') {
		content_followed(zone->content, NULL);
		if (strcmp(zone->follow_trouble, msg->reason) == 0) {
			return; /* it is known */
		}
		snprintf(zone->follow_trouble, sizeof(zone->follow_trouble), "%s", msg->reason);
		log_zone(LOG_LVL_WARN, zone->name, "the signer's zone cannot be followed: %s",
			 msg->reason);
		return;
	}
	zone->follow_trouble[0] = '\0';
	zone->signer_versions +=
	    content_has_signed(zone->content) && zone->signer_serial != msg->serial;
	zone->signer_serial = msg->serial;
	zone->signatures_expire = msg->expires;
	zone->max_ttl = msg->max_ttl;
	content_followed(zone->content, msg);
	check_signatures(zone);
	(void)view_on_followed(zone->view, msg->max_ttl);
	(void)view_on_changed(zone->view);
	zones_mark(zone);
}

void
zones_compared(struct agent *agent, const struct msig_msg_COMPARED *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone != NULL) {
		content_compared(zone->content, msg);
	}
}

void
zones_signer_changed(struct agent *agent, const struct msig_msg_SIGNER_CHANGED *msg)
{
	struct zone *zone = zones_find(agent, msg->zone);

	if (zone != NULL) {
		log_zone(LOG_LVL_DEBUG, zone->name, "the signer has serial %u", msg->serial);
		zone->signer_notified++;
		(void)view_on_changed(zone->view);
		zones_mark(zone);
	}
}

char *
zones_signer_key(const struct zone *zone)
{
	const struct conf_remote *signer = zone->conf->signer;

	return signer != NULL && signer->key != NULL ? signer->key->id : NULL;
}

void
zones_follow_anew(struct zone *zone)
{
	struct msig_msg msg = {.id = MSIG_MSG_FOLLOW};

	msg.u.FOLLOW.zone = zone->name;
	(void)agent_send(zone->agent, &msg);
	loop_timer_set(zone->follow_timer, 0);
}

/* observe may have been restarted since: to say it again costs nothing. */
static void
follow(void *arg)
{
	struct zone *zone = arg;
	struct msig_msg msg = {.id = MSIG_MSG_FOLLOW};
	int ret = 0;

	msg.u.FOLLOW.zone = zone->name;
	msg.u.FOLLOW.server = zone->signer;
	msg.u.FOLLOW.tsig = zones_signer_key(zone);
	if (*zone->signer != '\0') {
		ret = agent_send(zone->agent, &msg);
	}
	loop_timer_set(zone->follow_timer, ret != 0 ? 1000 : FOLLOW_AGAIN_MS);
}

/* Set of zones -------------------------------------------------------------------------------- */

struct zone *
zones_find(struct agent *agent, const knot_dname_t *name)
{
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (msig_name_eq(zone->name, name)) {
			return zone;
		}
	}
	return NULL;
}

static void
zone_add(struct agent *agent, const struct conf_zone *conf)
{
	struct zone *zone = xcalloc(1, sizeof(*zone));

	zone->agent = agent;
	zone->conf = conf;
	zone->name = xmemdup(conf->name, knot_dname_size(conf->name));
	knot_dname_to_lower(zone->name);
	(void)msig_name_text(zone->name, zone->text);
	zone->wake = loop_timer_new(agent->loop, woken, zone);
	zone->apply_timer = loop_timer_new(agent->loop, apply_timeout, zone);
	zone->reason_timer = loop_timer_new(agent->loop, say_reason, zone);
	zone->follow_timer = loop_timer_new(agent->loop, follow, zone);
	load_view(zone);
	zone->keyring = keyring_new(zone);
	zone->content = content_new(zone);
	zone->next = agent->zones;
	agent->zones = zone;
	share_contacts(zone); /* as the store knew them */
	tell_peers(zone);
	loop_timer_set(zone->follow_timer, 0);
	zones_mark(zone);
}

static void
zone_free(struct zone *zone)
{
	look_stop(zone);
	loop_timer_free(zone->wake);
	loop_timer_free(zone->apply_timer);
	loop_timer_free(zone->reason_timer);
	loop_timer_free(zone->follow_timer);
	keyring_free(zone->keyring);
	content_free(zone->content);
	view_free(zone->view);
	free(zone->parent);
	free(zone->name);
	free(zone);
}

int
zones_open(struct agent *agent)
{
	agent->run_timer = loop_timer_new(agent->loop, run, agent);
	for (unsigned i = 0; i < agent->conf->zones; i++) {
		zone_add(agent, &agent->conf->zone[i]);
	}
	return 0;
}

void
zones_close(struct agent *agent)
{
	while (agent->zones != NULL) {
		struct zone *zone = agent->zones;
		agent->zones = zone->next;
		zone_free(zone);
	}
	loop_timer_free(agent->run_timer);
	agent->run_timer = NULL;
}

/* A zone that the configuration no longer has: its state stays in the database. */
static void
zone_drop(struct zone *zone)
{
	struct agent *agent = zone->agent;
	struct msig_msg msg = {.id = MSIG_MSG_FOLLOW};

	for (struct contact *c = agent->contacts, *next; c != NULL; c = next) {
		next = c->next;
		if (peer_zone_find(c->peer, zone->name) != NULL) {
			peers_unshare(agent, c->peer->identity, zone->name);
		}
	}
	msg.u.FOLLOW.zone = zone->name;
	(void)agent_send(agent, &msg);
	log_zone(LOG_LVL_INFO, zone->name, "not configured any more: left as it is");
	zone_free(zone);
}

void
zones_reload(struct agent *agent)
{
	for (struct zone **at = &agent->zones; *at != NULL;) {
		struct zone *zone = *at;
		const struct conf_zone *conf = conf_zone_find(agent->conf, zone->name);
		if (conf == NULL) {
			*at = zone->next;
			zone_drop(zone);
			continue;
		}
		zone->conf = conf;
		configure(zone);
		loop_timer_set(zone->follow_timer, 0);
		zones_mark(zone);
		at = &zone->next;
	}
	for (unsigned i = 0; i < agent->conf->zones; i++) {
		if (zones_find(agent, agent->conf->zone[i].name) == NULL) {
			log_zone(LOG_LVL_INFO, agent->conf->zone[i].name, "configured anew");
			zone_add(agent, &agent->conf->zone[i]);
		}
	}
}

int
zones_operator(struct zone *zone, const char *actor, const char *text,
	       int (*tell)(struct zone_view *view, const void *arg), const void *arg)
{
	struct store *store = zone->agent->store;
	int ret = store_begin(store);

	if (ret != 0) {
		return ret;
	}
	ret = journal(zone, actor, "operator", text, NULL, 0);
	if (ret == 0) {
		ret = tell(zone->view, arg);
	}
	if (ret != 0) {
		store_rollback(store);
		return ret;
	}
	log_zone(LOG_LVL_INFO, zone->name, "%s by %s", text, actor);
	return zones_settle(zone);
}

static int
tell_command(struct zone_view *view, const void *arg)
{
	(void)view_on_command(view, *(const enum view_command *)arg);
	return 0;
}

int
zones_command(struct zone *zone, enum view_command command, const char *actor)
{
	static const char *const text[] = {"pause", "resume", "abort", "confirm"};

	return zones_operator(zone, actor, text[command], tell_command, &command);
}

void
zones_mark_all(struct agent *agent)
{
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		zones_mark(zone);
	}
}
