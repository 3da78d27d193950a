/*
 * What peers say to us: parses, verifies, accepts each sequence once, hands it on, stores, and only
 * then answers. The signed answer means "persisted", nothing else.
 */
#pragma once

#include "agentd/agent.h"

void inbox_received(struct agent *agent, const struct msig_msg_RECEIVED *msg);
