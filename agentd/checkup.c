/*
 * See checkup.h.
 */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include "agentd/checkup.h"
#include "agentd/content.h"
#include "libmsig/daemon/log.h"

void
checkup_examine(const struct zone *zone, struct doctor_report *report)
{
	struct doctor_facts facts = {
	    .now = (int64_t)loop_utc_ms(),
	    .applied_at = zone->applied_at,
	    .lab = zone->agent->conf->lab,
	    .one_algorithm = zone->view->config.one_algorithm,
	    .followed = content_has_signed(zone->content),
	    .trouble = zone->follow_trouble,
	    .expires = (int64_t)zone->signatures_expire * 1000,
	    .max_ttl = zone->max_ttl,
	    .served = content_has_served(zone->content),
	    .versions = zone->signer_versions,
	    .announcements = zone->signer_notified,
	};

	facts.same = content_same(zone->content);
	doctor_examine(zone->view, &facts, report);
}

bool
checkup_designated(const struct zone *zone)
{
	const struct view_hsync_entry *e =
	    view_hsync_of(&zone->view->d.hsync, zone->agent->identity_text);

	return e != NULL && e->on && e->sign;
}

static void
say(const struct zone *zone, const struct doctor_finding *f)
{
	char fix[600];
	size_t at = 0;

	fix[0] = '\0';
	for (int i = 0; i < DOCTOR_SIGNER_COUNT && at < sizeof(fix); i++) {
		if (*doctor_fix(f->check, i) != '\0') {
			at += (size_t)snprintf(fix + at, sizeof(fix) - at, "; %s: %s",
					       doctor_signer_name(i), doctor_fix(f->check, i));
		}
	}
	log_zone(LOG_LVL_WARN, zone->name, "the signer is not fit for a group: %s: %s%s",
		 doctor_name(f->check), f->text, fix);
}

void
checkup_watch(struct zone *zone)
{
	struct doctor_report report;
	uint32_t unfit = 0;

	if (zone->broken || !checkup_designated(zone)) {
		return;
	}
	checkup_examine(zone, &report);
	for (int i = 0; i < report.count; i++) {
		const struct doctor_finding *f = &report.finding[i];
		if (f->state != DOCTOR_FAIL || !doctor_logged(f->check)) {
			continue;
		}
		if ((zone->unfit >> f->check & 1) == 0) {
			say(zone, f);
		}
		unfit |= UINT32_C(1) << f->check;
	}
	if (zone->unfit != 0 && unfit == 0) {
		log_zone(LOG_LVL_INFO, zone->name, "the signer is fit for a group now");
	}
	zone->unfit = unfit;
}
