/*
 * What agentd knows of its own signer, for doctor.h; and its word to the log and the journal as
 * soon as this provider is designated: a signer that is not fit for a group is better mended before
 * the first step.
 */
#pragma once

#include "agentd/doctor.h"
#include "agentd/zones.h"

void checkup_examine(const struct zone *zone, struct doctor_report *report);
/* Does the owner's instruction name us as a signer? */
bool checkup_designated(const struct zone *zone);
/* The zone was decided on: what is bad and was not said yet is said, and what is mended. */
void checkup_watch(struct zone *zone);
