/* Our own identity as others see it: is what is published what is used. */
#pragma once

#include "agentd/agent.h"
#include "libmsig/daemon/ctl.h"

/* Asks, so the answer comes later: NULL, or an error at once. */
json_t *identity_check(struct agent *agent, struct ctl_request *req);
