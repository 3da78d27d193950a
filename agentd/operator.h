/*
 * The operator's words about processes that are more than on and off: step mode, in which a step
 * begins here, or is approved for another provider, only after `approve`; and orders that wait for
 * their turn. Pure, like all of the core.
 *
 * An approval is for one step of one process of one subject. It is kept until that step is executed
 * or the process has ended, so that a request that is repeated, or begun anew after a lease has
 * passed, needs no second one.
 */
#pragma once

#include "agentd/step.h"

/* Does this provider's operator have to approve steps of this kind of process? */
bool operator_steps(const struct zone_view *view, uint8_t kind);

/* May this step of the process in view->d.process be begun, or be approved for another? If not, it
 * is remembered as what waits. */
bool operator_waits(struct step *s, uint8_t step);
/* Where no server shows the delegation (view_hidden()), the operator of the one who asked for the
 * change of NS looks at it before that step is over; and where it may change yet by CSYNC that was
 * taken back (recalled), before CDS change algorithm. true: the operator has not said so yet. */
#define OPERATOR_LOOKS 0x80 /* in view_approval.step: not to begin it, but to end it */
bool operator_looks(struct step *s);
/* What the step changes is not in the zone, or not seen there now: there is nothing to look at, and
 * what somebody saw was of another zone. */
void operator_unlook(struct zone_view *view);
/* The same before the own signer goes along with a rollover that ended. */
bool operator_looks_along(struct step *s);
/* The reason for what waits, as long as it does. */
void operator_show(struct step *s);
/* The running process is over. */
void operator_forget(struct zone_view *view);

/* ---- the operator's words; the view is dirty after them ---- */

/* What waits may go on; kind 0: whatever it is. MSIG_EMISSING: nothing waits for it. */
int operator_approve(struct zone_view *view, uint8_t kind);
/* Step mode of this kind of process, or of all (0), whatever the configuration says. */
void operator_step(struct zone_view *view, uint8_t kind, bool on);
/* Takes back what was ordered and has not begun; kind 0: all that wait. MSIG_EMISSING: nothing of
 * it waits; MSIG_EREFUSED: it runs. */
int operator_cancel(struct zone_view *view, uint8_t kind);
