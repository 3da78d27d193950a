/* Our own identity as others see it: what is used, what has to be published, what is published. */
#pragma once

#include "agentd/agent.h"
#include "libmsig/daemon/ctl.h"

json_t *identity_show(struct agent *agent);
json_t *identity_records(struct agent *agent);
/* Asks, so the answer comes later: NULL, or an error at once. */
json_t *identity_check(struct agent *agent, struct ctl_request *req);
