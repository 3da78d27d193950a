/*
 * What the files of peers.h share.
 */
#pragma once

#include "agentd/peers.h"

/* peers.c. Tells transportd where the contact is, and its keys. */
void peers_tell(struct contact *contact);
/* peers_discover.c. Looks it up, unless that goes on already. */
void peers_discover(struct contact *contact);
