/*
 * combinerd: takes the owner's zone, puts the agent's records into its apex, gives the result to
 * the signer. Start in order, loop, stop in reverse.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "combinerd/cmds.h"
#include "combinerd/contribute.h"
#include "combinerd/dns.h"
#include "combinerd/push.h"
#include "libmsig/daemon/log.h"
#include "libmsig/daemon/proc.h"
#include "libmsig/err.h"

struct daemon {
	struct combiner combiner;
	struct dns *dns;
	struct cmds *cmds;
};

static void
set_identity(struct combiner *combiner)
{
	knot_dname_free(combiner->identity, NULL);
	combiner->identity = NULL;
	if (combiner->conf->identity == NULL)
		return;
	combiner->identity = knot_dname_from_str_alloc(combiner->conf->identity);
	if (combiner->identity != NULL)
		knot_dname_to_lower(combiner->identity);
}

static void
add_zone(struct combiner *combiner, const struct conf_zone *conf)
{
	struct zone **more =
	    realloc(combiner->zone, (combiner->zones + 1) * sizeof(*combiner->zone));
	if (more == NULL)
		fatal("out of memory");
	combiner->zone = more;
	combiner->zone[combiner->zones] = zone_new(combiner, conf);
	combiner->zones++;
}

static int
start_bus(struct combiner *combiner)
{
	const struct conf *conf = combiner->conf;

	combiner->bus = bus_new(combiner->loop, MSIG_ACTOR_COMBINER, conf->rundir);
	if (combiner->bus == NULL) {
		log_error("cannot make the bus in %s", conf->rundir);
		return MSIG_ECONF;
	}
	combiner->tell = loop_timer_new(combiner->loop, zone_tell_all, combiner);
	contribute_listen(combiner);
	int ret = bus_bind(combiner->bus, MSIG_ACTOR_AGENT, proc_uid(conf->user_agent),
			   proc_gid(conf->group));
	if (ret == 0)
		ret = bus_connect(combiner->bus, MSIG_ACTOR_AGENT);
	if (ret != 0)
		log_error("bus in %s: %s", conf->rundir, msig_strerror(ret));
	return ret;
}

static int
start(struct proc *proc)
{
	struct daemon *daemon = proc->arg;
	struct combiner *combiner = &daemon->combiner;
	char dir[4096], err[4300] = "";

	combiner->loop = proc->loop;
	combiner->conf = proc->conf;
	set_identity(combiner);
	snprintf(dir, sizeof(dir), "%s/combinerd", proc->conf->storage);
	int ret = journal_open(dir, &combiner->journal, err, sizeof(err));
	if (ret != 0) {
		log_error("%s", err);
		return ret;
	}
	if ((ret = start_bus(combiner)) != 0)
		return ret;
	for (unsigned i = 0; i < proc->conf->zones; i++)
		add_zone(combiner, &proc->conf->zone[i]);
	daemon->dns = dns_new(combiner);
	if (daemon->dns == NULL)
		return MSIG_ECONF;
	daemon->cmds = cmds_new(combiner, proc);
	if (daemon->cmds == NULL)
		return MSIG_ECONF;
	for (size_t i = 0; i < combiner->zones; i++)
		zone_start(combiner->zone[i]);
	return 0;
}

/* Zones that are gone stop being served; what is stored of them stays. */
static void
reload(struct proc *proc, struct conf *old)
{
	struct daemon *daemon = proc->arg;
	struct combiner *combiner = &daemon->combiner;
	size_t kept = 0;
	char why[200];

	combiner->conf = proc->conf;
	set_identity(combiner);
	for (size_t i = 0; i < combiner->zones; i++) {
		struct zone *zone = combiner->zone[i];
		zone->conf = conf_zone_find(proc->conf, zone->name);
		if (zone->conf == NULL) {
			log_zone(LOG_LVL_INFO, zone->name, "removed from the configuration");
			zone_free(zone);
		} else {
			combiner->zone[kept++] = zone;
		}
	}
	combiner->zones = kept;
	for (size_t i = 0; i < kept; i++) {
		push_configured(combiner->zone[i]->push);
		if (zone_again(combiner->zone[i], why, sizeof(why)) != 0)
			log_zone(LOG_LVL_WARN, combiner->zone[i]->name, "%s", why);
	}
	for (unsigned i = 0; i < proc->conf->zones; i++) {
		if (zone_find(combiner, proc->conf->zone[i].name) != NULL)
			continue;
		add_zone(combiner, &proc->conf->zone[i]);
		log_zone(LOG_LVL_INFO, proc->conf->zone[i].name, "added by the configuration");
		zone_start(combiner->zone[combiner->zones - 1]);
	}
	dns_reload(daemon->dns);
}

static void
stop(struct proc *proc)
{
	struct daemon *daemon = proc->arg;
	struct combiner *combiner = &daemon->combiner;

	cmds_free(daemon->cmds);
	dns_free(daemon->dns);
	for (size_t i = 0; i < combiner->zones; i++)
		zone_free(combiner->zone[i]);
	free(combiner->zone);
	loop_timer_free(combiner->tell);
	bus_free(combiner->bus);
	journal_close(combiner->journal);
	knot_dname_free(combiner->identity, NULL);
}

static void
dump(struct proc *proc)
{
	struct daemon *daemon = proc->arg;

	for (size_t i = 0; i < daemon->combiner.zones; i++) {
		const struct zone *zone = daemon->combiner.zone[i];
		log_zone(LOG_LVL_INFO, zone->name,
			 "%s, owner's serial %u, serves %u, overlay %zu%s%s",
			 msig_zone_state_name(zone_state(zone)), zone->row.owner_serial,
			 zone->row.serial, zone->overlay.count,
			 zone_why(zone)[0] != '\0' ? ": " : "", zone_why(zone));
	}
}

int
main(int argc, char **argv)
{
	struct daemon daemon = {0};
	struct proc proc = {
	    .name = "combinerd",
	    .start = start,
	    .reload = reload,
	    .stop = stop,
	    .dump = dump,
	    .arg = &daemon,
	};
	return proc_main(&proc, argc, argv);
}
