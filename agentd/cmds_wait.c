/*
 * wait: answers when a zone has come as far as somebody waits for.
 */
#include "config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agentd/answer.h"
#include "agentd/cmds.h"
#include "agentd/process.h"
#include "libmsig/daemon/log.h"

#define WAIT_DEFAULT_MS 60000

struct waiter {
	struct waiter *next;
	struct agent *agent;
	struct ctl_request *req;
	knot_dname_t *zone;
	char step[40]; /* or empty: in-sync */
	bool or_blocked;
	struct loop_timer *timer;
};

static void
waiter_free(struct waiter *w)
{
	for (struct waiter **at = &w->agent->waiters; *at != NULL; at = &(*at)->next) {
		if (*at == w) {
			*at = w->next;
			break;
		}
	}
	loop_timer_free(w->timer);
	free(w->zone);
	free(w);
}

/* Something is still to come. */
static bool
ordered(const struct zone_view *view)
{
	for (int i = 0; i < VIEW_ORDERS; i++) {
		if (view->d.order[i].process != 0) {
			return true;
		}
	}
	return false;
}

static bool
arrived(const struct waiter *w, const struct zone *zone)
{
	const struct view_process *p = &zone->view->d.process;

	if (w->step[0] == '\0') {
		return strcmp(answer_state(zone), "in-sync") == 0 && !ordered(zone->view);
	}
	return p->kind != 0 && strcmp(process_step_name(p->kind, p->step), w->step) == 0;
}

static json_t *
wait_answer(struct waiter *w, int code, const char *text)
{
	struct zone *zone = zones_find(w->agent, w->zone);
	json_t *answer = code == 0 ? answer_ok() : ctl_error(code, "%s", text);

	if (zone != NULL) {
		answer_put(answer, "zone", answer_zone(zone));
		answer_put(answer, "reasons", answer_reasons(zone->view));
	}
	return answer;
}

static void
wait_over(void *arg)
{
	struct waiter *w = arg;
	struct ctl_request *req = w->req;
	json_t *answer = wait_answer(w, EXIT_TIMEOUT, "not there yet when the time was over");

	waiter_free(w);
	ctl_reply(req, answer);
}

static void
wait_gone(void *arg)
{
	waiter_free(arg);
}

void
cmds_settled(struct zone *zone)
{
	for (struct waiter *w = zone->agent->waiters, *next; w != NULL; w = next) {
		struct ctl_request *req = w->req;
		json_t *answer = NULL;
		next = w->next;
		if (!msig_name_eq(w->zone, zone->name)) {
			continue;
		}
		if (arrived(w, zone)) {
			answer = wait_answer(w, 0, NULL);
		} else if (w->or_blocked && strcmp(answer_state(zone), "blocked") == 0) {
			answer = wait_answer(w, EXIT_FAILED, "blocked: a person has to act");
		}
		if (answer != NULL) {
			waiter_free(w);
			ctl_reply(req, answer);
		}
	}
}

json_t *
cmds_wait(void *arg, struct ctl_request *req, const json_t *request)
{
	struct agent *agent = arg;
	json_t *error = NULL, *answer;
	struct zone *zone = answer_zone_of(agent, request, &error);
	const char *what = json_string_value(json_object_get(request, "for"));
	const char *step = json_string_value(json_object_get(request, "step_name"));
	json_int_t timeout = json_integer_value(json_object_get(request, "timeout"));
	struct waiter *w;

	if (zone == NULL) {
		return error;
	}
	if (what != NULL && strcmp(what, "step") == 0 && step == NULL) {
		return ctl_error(EXIT_USAGE, "which step? \"step_name\" is missing");
	}
	w = xcalloc(1, sizeof(*w));
	w->agent = agent;
	w->req = req;
	w->zone = xmemdup(zone->name, knot_dname_size(zone->name));
	w->or_blocked = json_is_true(json_object_get(request, "or_blocked"));
	if (what != NULL && strcmp(what, "step") == 0) {
		snprintf(w->step, sizeof(w->step), "%s", step);
	}
	if (arrived(w, zone)) {
		answer = wait_answer(w, 0, NULL);
		waiter_free(w);
		return answer;
	}
	w->timer = loop_timer_new(agent->loop, wait_over, w);
	loop_timer_set(w->timer, timeout > 0 ? (uint64_t)timeout : WAIT_DEFAULT_MS);
	w->next = agent->waiters;
	agent->waiters = w;
	ctl_on_gone(req, wait_gone, w);
	return NULL;
}

void
cmds_wait_close(struct agent *agent)
{
	while (agent->waiters != NULL) {
		waiter_free(agent->waiters);
	}
}
