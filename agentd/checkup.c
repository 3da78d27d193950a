/*
 * See checkup.h.
 */
#include "config.h"
#include <stdio.h>
#include <string.h>
#include "agentd/checkup.h"
#include "agentd/content.h"

void
checkup_examine(const struct zone *zone, struct doctor_report *report)
{
	struct doctor_facts facts = {
	    .now = (int64_t)loop_utc_ms(),
	    .loaded = zone->loaded,
	    .applied_at = zone->applied_at,
	    .lab = zone->agent->conf->lab,
	    .push = zone->conf->signer_feed == CONF_FEED_PUSH,
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
say(struct zone *zone, const struct doctor_report *report, const struct doctor_finding *f)
{
	char line[DOCTOR_TEXT + DOCTOR_SIGNER_COUNT * (DOCTOR_FIX + 16) + 100], fix[DOCTOR_FIX];
	int at = snprintf(line, sizeof(line), "the signer %s a group: %s: %s",
			  f->state == DOCTOR_FAIL ? "is not fit for" : "needs care in",
			  doctor_name(f->check), f->text);

	for (int i = 0; i < DOCTOR_SIGNER_COUNT; i++) {
		if (*doctor_fix(report, f, i, fix, sizeof(fix)) != '\0') {
			at += snprintf(line + at, sizeof(line) - (size_t)at, "; %s: %s",
				       doctor_signer_name(i), fix);
		}
	}
	zones_say(zone, true, line);
}

static void
say_mended(struct zone *zone, const struct doctor_finding *f, bool fit)
{
	char line[DOCTOR_TEXT + 100];

	snprintf(line, sizeof(line), "%s%s: %s",
		 fit ? "the signer is fit for a group now: " : "mended: ", doctor_name(f->check),
		 f->text);
	zones_say(zone, false, line);
}

void
checkup_watch(struct zone *zone)
{
	bool unfit = doctor_unfit(&zone->told);
	struct doctor_report report;
	uint32_t worse, mended;

	if (zone->broken || !checkup_designated(zone)) {
		return;
	}
	checkup_examine(zone, &report);
	doctor_news(&report, &zone->told, &worse, &mended);
	for (int i = 0; i < report.count; i++) {
		if ((worse >> i & 1) != 0) {
			say(zone, &report, &report.finding[i]);
		}
		if ((mended >> i & 1) != 0) {
			say_mended(zone, &report.finding[i], unfit && !doctor_unfit(&zone->told));
		}
	}
}
