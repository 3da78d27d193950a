/*
 * Commands that act: what an operator says.
 */
#include "config.h"
#include <stdio.h>
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "agentd/graph.h"
#include "agentd/operator.h"
#include "libmsig/err.h"

/* The zone that the request is for; NULL and *error if there is none, or none that can obey. */
static struct zone *
zone_to_change(struct agent *agent, const json_t *request, json_t **error)
{
	struct zone *zone = answer_zone_of(agent, request, error);

	if (zone != NULL && zone->broken) {
		*error = ctl_error(EXIT_FAILED, "%s: not done: %s", zone->text, zone->unusable);
		return NULL;
	}
	return zone;
}

static json_t *
act(struct agent *agent, struct ctl_request *req, const json_t *request, enum view_command command)
{
	json_t *error = NULL;
	struct zone *zone = zone_to_change(agent, request, &error);
	int ret;

	if (zone == NULL) {
		return error;
	}
	ret = zones_command(zone, command, ctl_user(req));
	if (ret != 0) {
		return ctl_error(EXIT_FAILED, "not stored, so not done: %s", msig_strerror(ret));
	}
	return answer_about(zone);
}

json_t *
cmds_pause(void *arg, struct ctl_request *req, const json_t *request)
{
	return act(arg, req, request, VIEW_PAUSE);
}

json_t *
cmds_resume(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *error = NULL;
	struct zone *zone = answer_zone_of(agent, request, &error);

	if (zone == NULL) {
		return error;
	}
	if (zone->view->d.rebuild && !zone->view->overlay_known) {
		return ctl_error(EXIT_FAILED, "combinerd has not said yet what overlay it holds; "
					      "see that it runs, and try again");
	}
	return act(agent, req, request, zone->view->d.rebuild ? VIEW_CONFIRM : VIEW_RESUME);
}

/* Gives up what has not begun; rests what has. */
json_t *
cmds_abort(void *arg, struct ctl_request *req, const json_t *request)
{
	json_t *error = NULL;
	struct zone *zone = zone_to_change(arg, request, &error);

	if (zone == NULL) {
		return error;
	}
	if (zone->view->d.process.kind == 0) {
		return ctl_error(EXIT_FAILED,
				 "no process runs in %s; what waits is taken back with "
				 "`msigctl cancel`",
				 zone->text);
	}
	return act(arg, req, request, VIEW_ABORT);
}

/* What the operator says ----------------------------------------------------------------------- */

struct word {
	uint8_t kind; /* of a process; 0: any */
	uint8_t algorithm;
	bool on;
	const char *provider;
};

/* The members "process", "algorithm", "provider", "on"; NULL if they are good. */
static json_t *
read_word(const json_t *request, struct word *w)
{
	const char *name = json_string_value(json_object_get(request, "process"));
	json_int_t algorithm = json_integer_value(json_object_get(request, "algorithm"));
	const struct process_rule *rule = name != NULL ? graph_find(name) : NULL;
	char names[200];

	if (name != NULL && rule == NULL) {
		return ctl_error(EXIT_USAGE, "no process is named %s; there are: %s", name,
				 graph_names(names, sizeof(names)));
	}
	if (algorithm < 0 || algorithm > UINT8_MAX) {
		return ctl_error(EXIT_USAGE, "an algorithm is a number up to 255");
	}
	*w = (struct word){.kind = rule != NULL ? rule->kind : 0,
			   .algorithm = (uint8_t)algorithm,
			   .on = json_is_true(json_object_get(request, "on")),
			   .provider = json_string_value(json_object_get(request, "provider"))};
	return NULL;
}

/* errors: what the core's refusals mean here. */
struct refusal {
	int error;
	int code;
	const char *text;
};

static json_t *
say(struct agent *agent, struct ctl_request *req, const json_t *request, const char *text,
    int (*tell)(struct zone_view *view, const void *arg), const struct word *w,
    const struct refusal *refusals)
{
	json_t *error = NULL;
	struct zone *zone = zone_to_change(agent, request, &error);
	int ret;

	if (zone == NULL) {
		return error;
	}
	ret = zones_operator(zone, ctl_user(req), text, tell, w);
	for (; ret != 0 && refusals != NULL && refusals->error != 0; refusals++) {
		if (refusals->error == ret) {
			return ctl_error(refusals->code, "%s: %s", zone->text, refusals->text);
		}
	}
	if (ret != 0) {
		return ctl_error(EXIT_FAILED, "not stored, so not done: %s", msig_strerror(ret));
	}
	return answer_about(zone);
}

static const char *
name_or(uint8_t kind, const char *other)
{
	return kind != 0 ? process_name(kind) : other;
}

/* Have all keys of all members this algorithm? */
static bool
has_algorithm(const struct zone_view *view, uint8_t algorithm)
{
	bool any = false;

	for (int p = 0; p < VIEW_PROVIDERS; p++) {
		const struct view_provider *provider = &view->d.provider[p];
		const struct rset *keys = &provider->statement.dnskey;
		for (int i = rset_next(keys, 0); provider->member && i >= 0;
		     i = rset_next(keys, i + 1)) {
			any = true;
			if (view->d.pool.at[i].alg != algorithm) {
				return false;
			}
		}
	}
	return any;
}

/* What is wrong with the algorithm that is ordered; NULL: nothing. */
static json_t *
check_algorithm(const struct zone *zone, const struct word *w)
{
	if (w->kind != MSIG_PROCESS_ALGORITHM) {
		return NULL;
	}
	if (!view_algorithm(w->algorithm)) {
		return ctl_error(
		    EXIT_USAGE,
		    "%s: algorithm %u is none that a zone should be signed with; there "
		    "are 13 (ECDSA P-256, the usual one), 14, 15, 16 and 8",
		    zone->text, w->algorithm);
	}
	if (has_algorithm(zone->view, w->algorithm)) {
		return ctl_error(EXIT_REFUSED,
				 "%s: all keys have algorithm %u already; new keys of it come with "
				 "`msigctl roll %s zsk` and `ksk`",
				 zone->text, w->algorithm, zone->text);
	}
	return NULL;
}

static int
tell_order(struct zone_view *view, const void *arg)
{
	const struct word *w = arg;
	struct view_order order = {.process = w->kind, .algorithm = w->algorithm};

	return view_on_order(view, &order);
}

json_t *
cmds_order(void *arg, struct ctl_request *req, const json_t *request)
{
	static const struct refusal refusals[] = {
	    {MSIG_ENOSIG, EXIT_REFUSED,
	     "nobody signs this zone (signed: off in msig.conf): it has no keys to roll"},
	    {MSIG_EVALUE, EXIT_REFUSED,
	     "agentd cannot roll its keys: no driver for the signer's keys is configured "
	     "(signer-driver in msig.conf, and signerd)"},
	    {MSIG_ECONF, EXIT_REFUSED,
	     "agentd cannot roll its algorithm: BIND signs only with keys that are in DNSKEY; let "
	     "this provider leave, roll, and let it join again"},
	    {MSIG_EREFUSED, EXIT_REFUSED, "that is ordered already, or runs"},
	    {MSIG_ESIZE, EXIT_REFUSED, "too many orders wait"},
	    {0, 0, NULL}};
	struct word w;
	json_t *error = read_word(request, &w);
	char text[80];

	if (error != NULL) {
		return error;
	}
	if (w.kind != MSIG_PROCESS_ZSK && w.kind != MSIG_PROCESS_KSK &&
	    w.kind != MSIG_PROCESS_ALGORITHM) {
		return ctl_error(EXIT_USAGE, "what can be ordered is zsk-rollover, ksk-rollover "
					     "and algorithm-rollover");
	}
	if ((w.kind == MSIG_PROCESS_ALGORITHM) != (w.algorithm != 0)) {
		return ctl_error(EXIT_USAGE, w.algorithm == 0 ? "to which algorithm?"
							      : "that process has no algorithm");
	}
	struct zone *zone = answer_zone_of(arg, request, &error);
	if (zone == NULL || (error = check_algorithm(zone, &w)) != NULL) {
		return error;
	}
	snprintf(text, sizeof(text), "order %s", process_name(w.kind));
	if (w.algorithm != 0) {
		snprintf(text, sizeof(text), "order %s to algorithm %u", process_name(w.kind),
			 w.algorithm);
	}
	return say(arg, req, request, text, tell_order, &w, refusals);
}

static int
tell_cancel(struct zone_view *view, const void *arg)
{
	return operator_cancel(view, ((const struct word *)arg)->kind);
}

json_t *
cmds_cancel(void *arg, struct ctl_request *req, const json_t *request)
{
	static const struct refusal refusals[] = {
	    {MSIG_EMISSING, EXIT_FAILED, "no such order waits"},
	    {MSIG_EREFUSED, EXIT_REFUSED, "it runs already: msigctl abort"},
	    {0, 0, NULL}};
	struct word w;
	json_t *error = read_word(request, &w);
	char text[80];

	if (error != NULL) {
		return error;
	}
	snprintf(text, sizeof(text), "cancel %s", name_or(w.kind, "all orders that wait"));
	return say(arg, req, request, text, tell_cancel, &w, refusals);
}

static int
tell_expel(struct zone_view *view, const void *arg)
{
	const struct word *w = arg;

	return view_on_expel(view, w->provider, w->on);
}

json_t *
cmds_expel(void *arg, struct ctl_request *req, const json_t *request)
{
	static const struct refusal out[] = {
	    {MSIG_EVALUE, EXIT_REFUSED,
	     "not another provider of which something is in the zone, or taken out already"},
	    {0, 0, NULL}};
	static const struct refusal back[] = {
	    {MSIG_EVALUE, EXIT_REFUSED, "no operator's word here took that provider out"},
	    {0, 0, NULL}};
	knot_dname_storage_t wire;
	char identity[MSIG_NAME_TEXT], text[MSIG_NAME_TEXT + 40];
	struct word w;
	json_t *error = read_word(request, &w);

	if (error != NULL) {
		return error;
	}
	if (w.provider == NULL || msig_name_parse(w.provider, wire) != 0) {
		return ctl_error(EXIT_USAGE, "which provider? its identity is a domain name");
	}
	w.provider = msig_name_text(wire, identity);
	snprintf(text, sizeof(text), "%s %s", w.on ? "force-remove" : "force-remove --undo",
		 identity);
	return say(arg, req, request, text, tell_expel, &w, w.on ? out : back);
}

static int
tell_approve(struct zone_view *view, const void *arg)
{
	return operator_approve(view, ((const struct word *)arg)->kind);
}

json_t *
cmds_approve(void *arg, struct ctl_request *req, const json_t *request)
{
	static const struct refusal refusals[] = {
	    {MSIG_EMISSING, EXIT_FAILED, "nothing waits for that approval"}, {0, 0, NULL}};
	json_t *zone_error = NULL, *error;
	struct zone *zone = answer_zone_of(arg, request, &zone_error);
	struct word w;
	char text[160];

	if (zone == NULL) {
		return zone_error;
	}
	error = read_word(request, &w);
	if (error != NULL) {
		return error;
	}
	snprintf(
	    text, sizeof(text), "approve %s %s", name_or(zone->view->waits.kind, "nothing"),
	    process_step_name(zone->view->waits.kind, zone->view->waits.step & ~OPERATOR_LOOKS));
	return say(arg, req, request, text, tell_approve, &w, refusals);
}

static int
tell_step(struct zone_view *view, const void *arg)
{
	const struct word *w = arg;

	operator_step(view, w->kind, w->on);
	return 0;
}

json_t *
cmds_step(void *arg, struct ctl_request *req, const json_t *request)
{
	struct word w;
	json_t *error = read_word(request, &w);
	char text[80];

	if (error != NULL) {
		return error;
	}
	if (!json_is_boolean(json_object_get(request, "on"))) {
		return ctl_error(EXIT_USAGE, "on or off?");
	}
	snprintf(text, sizeof(text), "step mode %s for %s", w.on ? "on" : "off",
		 name_or(w.kind, "all processes"));
	return say(arg, req, request, text, tell_step, &w, NULL);
}

static void
list_new(json_t *list, struct agent *agent, const json_t *known)
{
	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		if (json_object_get(known, zone->text) == NULL) {
			json_array_append_new(list, json_string(zone->text));
		}
	}
}

static json_t *
zone_names(struct agent *agent)
{
	json_t *names = json_object();

	for (struct zone *zone = agent->zones; zone != NULL; zone = zone->next) {
		json_object_set_new(names, zone->text, json_true());
	}
	return names;
}

json_t *
cmds_reload(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *before = zone_names(agent), *after, *answer, *change = json_object();
	json_t *added = json_array(), *removed = json_array(), *value;
	char err[400] = "";
	const char *name;
	int ret = agent->proc != NULL ? proc_reload(agent->proc, err, sizeof(err)) : 0;

	if (ret != 0) {
		json_decref(before);
		json_decref(change);
		json_decref(added);
		json_decref(removed);
		return ctl_error(EXIT_FAILED, "%s; the configuration of before stays in force",
				 err);
	}
	after = zone_names(agent);
	list_new(added, agent, before);
	json_object_foreach(before, name, value)
	{
		if (json_object_get(after, name) == NULL) {
			json_array_append_new(removed, json_string(name));
		}
	}
	answer_put(change, "added", added);
	answer_put(change, "removed", removed);
	json_decref(before);
	json_decref(after);
	answer = answer_ok();
	answer_put(answer, "zones", change);
	return answer;
}
