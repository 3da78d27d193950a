#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/timex.h>
#include "agentd/agent.h"
#include "agentd/inbox.h"
#include "agentd/keyring.h"
#include "agentd/peers.h"
#include "agentd/process.h"
#include "agentd/prune.h"
#include "agentd/talk.h"
#include "agentd/zones.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

#define CLOCK_CHECK_MS 5000
#define CLOCK_SET_MS 1000

int
agent_send(struct agent *agent, const struct msig_msg *msg)
{
	return agent->send(agent->send_arg, msg);
}

static int
send_ask(void *arg, const struct msig_msg *msg)
{
	return agent_send(arg, msg);
}

struct msig_coding
agent_coding(const struct agent *agent)
{
	return (struct msig_coding){.option_code = agent->conf->option_code};
}

struct view_clock
agent_clock(const struct agent *agent)
{
	struct view_clock clock = {.up = (int64_t)loop_mono_ms(), .now = (int64_t)loop_utc_ms()};
	struct timex kernel = {0}; /* nothing is changed */

	clock.unsure = adjtimex(&kernel) == TIME_ERROR;
	memcpy(clock.boot, agent->boot, sizeof(clock.boot));
	return clock;
}

/* Somebody set the clock: every zone looks at its holds, which are stored as times of that clock.
 */
static void
check_clock(void *arg)
{
	struct agent *agent = arg;
	struct view_clock clock = agent_clock(agent);
	int64_t offset = clock.now - clock.up, by = offset - agent->clock_offset;

	agent->clock_offset = offset;
	if (by > CLOCK_SET_MS || by < -CLOCK_SET_MS) {
		zones_mark_all(agent);
	}
	loop_timer_set(agent->clock, CLOCK_CHECK_MS);
}

static int
load_sig0_key(struct agent *agent, const struct conf *conf, struct sig0key **out, char *err,
	      size_t errlen)
{
	char name[MSIG_NAME_TEXT + 8];

	if (conf->sig0_key == NULL) {
		snprintf(err, errlen,
			 "agent.sig0-key is not set: `msigctl identity new` makes one");
		return MSIG_ECONF;
	}
	if (conf->sig0_name != NULL) {
		snprintf(name, sizeof(name), "%s", conf->sig0_name);
	} else {
		snprintf(name, sizeof(name), "ns.%s", agent->identity_text);
	}
	*out = sig0key_load(conf->sig0_key, name, err, errlen);
	return *out != NULL ? 0 : MSIG_ECONF;
}

int
agent_start(struct agent *agent, char *err, size_t errlen)
{
	const struct conf *conf = agent->conf;
	char dir[4096];
	bool fresh;
	int ret;

	agent->started = loop_utc_ms();
	agent->bus_id = agent->started << 20;
	if (conf->identity == NULL || msig_name_parse(conf->identity, agent->identity) != 0) {
		snprintf(err, errlen, "server.identity is missing or no domain name");
		return MSIG_ECONF;
	}
	(void)msig_name_text(agent->identity, agent->identity_text);
	ret = load_sig0_key(agent, conf, &agent->sig0key, err, errlen);
	if (ret != 0) {
		return ret;
	}
	snprintf(dir, sizeof(dir), "%s/agentd", conf->storage);
	ret = proc_mkdir(dir, 0700);
	if (ret == 0) {
		ret = store_open(dir, &agent->store, &fresh);
	}
	if (ret != 0) {
		snprintf(err, errlen, "%s/agentd.db: %s", dir, msig_strerror(ret));
		return ret;
	}
	agent->ask = ask_new(agent->loop, send_ask, agent);
	agent->talk = talk_new(agent);
	agent->clock = loop_timer_new(agent->loop, check_clock, agent);
	proc_boot(agent->boot);
	check_clock(agent);
	prune_open(agent);
	if (fresh) {
		log_info("new database");
	}
	log_info("%s, SIG(0) key %u, algorithm %u%s", agent->identity_text,
		 msig_sig0_key_tag(sig0key_key(agent->sig0key)),
		 msig_sig0_key_algorithm(sig0key_key(agent->sig0key)),
		 conf->lab ? "; lab times: holds may be shorter than what is safe elsewhere" : "");
	return zones_open(agent);
}

void
agent_stop(struct agent *agent)
{
	prune_close(agent);
	zones_close(agent);
	peers_free(agent);
	talk_free(agent->talk);
	ask_free(agent->ask);
	loop_timer_free(agent->clock);
	store_close(agent->store);
	sig0key_free(agent->sig0key);
	agent->talk = NULL;
	agent->ask = NULL;
	agent->clock = NULL;
	agent->store = NULL;
	agent->sig0key = NULL;
}

static void
on_peer(struct agent *agent, const struct msig_msg_PEER *msg)
{
	struct contact *c;

	if (*msg->peer == '\0') {
		log_debug("transportd asks for the peers");
		peers_tell_transport(agent);
		return;
	}
	c = peers_find(agent, msg->peer);
	if (c != NULL) {
		log_peer(LOG_LVL_DEBUG, msg->peer, "%s%s%s",
			 msg->reachable ? "reachable" : "not reachable",
			 *msg->text != '\0' ? ": " : "", msg->text);
	}
}

/* Not proven, and worth a look at most: HSYNC must name the peer for that zone. */
static void
on_claim(struct agent *agent, const struct msig_msg_CLAIM *msg)
{
	struct contact *c = peers_find(agent, msg->peer);

	if (c != NULL && peer_zone_find(c->peer, msg->zone) != NULL) {
		log_peer(LOG_LVL_DEBUG, msg->peer, "somebody at %s says HELLO as it, with key %s",
			 msg->source, msg->signer);
		peers_wanted(c);
	}
}

static void
on_sent(struct agent *agent, const struct msig_msg_SENT *msg)
{
	talk_sent(agent, msg);
}

void
agent_message(struct agent *agent, const struct msig_msg *msg)
{
	switch (msg->id) {
	case MSIG_MSG_APPLIED:
		zones_applied(agent, &msg->u.APPLIED);
		break;
	case MSIG_MSG_OVERLAY:
		zones_overlay(agent, &msg->u.OVERLAY);
		break;
	case MSIG_MSG_ZONE:
		zones_served(agent, &msg->u.ZONE);
		break;
	case MSIG_MSG_PEER:
		on_peer(agent, &msg->u.PEER);
		break;
	case MSIG_MSG_RECEIVED:
		inbox_received(agent, &msg->u.RECEIVED);
		break;
	case MSIG_MSG_CLAIM:
		on_claim(agent, &msg->u.CLAIM);
		break;
	case MSIG_MSG_SENT:
		on_sent(agent, &msg->u.SENT);
		break;
	case MSIG_MSG_ANSWER:
		ask_answer(agent->ask, &msg->u.ANSWER);
		break;
	case MSIG_MSG_FOLLOWED:
		zones_followed(agent, &msg->u.FOLLOWED);
		break;
	case MSIG_MSG_COMPARED:
		zones_compared(agent, &msg->u.COMPARED);
		break;
	case MSIG_MSG_SIGNER_CHANGED:
		zones_signer_changed(agent, &msg->u.SIGNER_CHANGED);
		break;
	case MSIG_MSG_KEYS:
		keyring_answer(agent, &msg->u.KEYS);
		break;
	default:
		break;
	}
}

void
agent_reload(struct agent *agent, const struct conf *conf)
{
	char err[300] = "";
	struct sig0key *own = NULL;

	if (strcasecmp(conf->identity, agent->conf->identity) != 0) {
		log_error("server.identity has changed: that needs a restart; %s stays in use",
			  agent->identity_text);
	}
	agent->conf = conf;
	if (load_sig0_key(agent, conf, &own, err, sizeof(err)) == 0) {
		sig0key_free(agent->sig0key);
		agent->sig0key = own;
	} else {
		log_error("%s; the key that was loaded before stays in use", err);
	}
	zones_reload(agent);
	peers_reload(agent);
}

void
agent_dump(struct agent *agent)
{
	char text[400];

	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		const struct zone_view *view = zone->view;
		const struct view_process *p = &view->d.process;
		log_zone(LOG_LVL_INFO, zone->name, "%s %s, %s; next look in %lld s",
			 process_name(p->kind),
			 p->kind != 0 ? process_step_name(p->kind, p->step) : "running",
			 process_phase_name(p->phase),
			 zone->wake_at == VIEW_NEVER
			     ? -1LL
			     : (long long)(zone->wake_at - (int64_t)loop_utc_ms()) / 1000);
		for (int i = 0; i < view->reasons; i++) {
			log_zone(LOG_LVL_INFO, zone->name, "waits: %s",
				 reason_text(&view->reason[i], text, sizeof(text)));
		}
	}
	for (struct contact *c = agent->contacts; c != NULL; c = c->next) {
		log_peer(LOG_LVL_INFO, c->peer->identity, "%s, %u zones without HELLO, at %s%s%s",
			 peer_state_name(c->peer->state), peer_waiting(c->peer),
			 c->found ? c->at.address[0] : "an address unknown yet",
			 *c->trouble != '\0' ? "; discovery: " : "", c->trouble);
	}
	log_info("%u questions to observe under way", ask_open(agent->ask));
}
