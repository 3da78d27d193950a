#include "agentd/prune.h"
#include "agentd/zones.h"
#include "libmsig/daemon/log.h"
#include "libmsig/err.h"

#define LOOK_MS 10000
#define GO_ON_MS 100 /* between small transactions: messages are taken in between */

/* What led to where a process is stays until it is finished. */
static bool
of_process(void *arg, const knot_dname_t *name, uint64_t time)
{
	const struct zone *zone = name != NULL ? zones_find(arg, name) : NULL;
	const struct view_process *run = zone != NULL ? &zone->view->d.process : NULL;

	/* Of a zone that cannot be read it is not known. */
	return zone != NULL &&
	       (zone->broken || (run->kind != 0 && (int64_t)time >= run->started));
}

uint64_t
prune_some(struct agent *agent, bool clock_is_right)
{
	const struct conf *conf = agent->conf;
	uint64_t now = loop_utc_ms(), age = (uint64_t)conf->journal_max_age * 1000;
	struct store_prune p = {.before = clock_is_right && now > age ? now - age : 0,
				.usage = conf->journal_max_usage,
				.keep = of_process,
				.arg = agent};
	int ret = store_journal_prune(agent->store, &p);

	if (ret == 0 && store_journal_usage(agent->store) > p.usage) {
		if (!agent->journal_full) {
			log_warn("journal: what belongs to processes that are not finished takes "
				 "more than agent.journal-max-usage: the oldest of it goes; give "
				 "it more room, or see in `msigctl journal` who says so much");
		}
		agent->journal_full = true;
		p.before = 0;
		p.keep = NULL;
		ret = store_journal_prune(agent->store, &p);
	} else if (ret == 0) {
		agent->journal_full = false;
	}
	if (ret < 0) {
		log_debug("journal: not pruned: %s", msig_strerror(ret));
	}
	return ret > 0 ? GO_ON_MS : LOOK_MS;
}

static void
prune(void *arg)
{
	struct agent *agent = arg;

	loop_timer_set(agent->prune_timer, prune_some(agent, !agent_clock(agent).unsure));
}

void
prune_open(struct agent *agent)
{
	agent->prune_timer = loop_timer_new(agent->loop, prune, agent);
	loop_timer_set(agent->prune_timer, LOOK_MS);
}

void
prune_close(struct agent *agent)
{
	loop_timer_free(agent->prune_timer);
	agent->prune_timer = NULL;
}
