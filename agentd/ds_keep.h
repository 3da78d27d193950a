/*
 * The DS records that the operator keeps at the parent though no provider states their key (ds-keep
 * in msig.conf). A parent that acts on CDS makes its DS what they say: what CDS do not name is gone
 * after its next scan, and nobody was asked.
 */
#pragma once

#include "agentd/view.h"

/* Those of a set of DS that are to be kept, and that the CDS of all who act in the zone would take
 * out. Of a leaver's CDS nothing is expected. */
struct rset ds_keep_lost(const struct zone_view *view, struct rset ds);

/* Is there one at any server of the parent, as it was seen last? */
bool ds_keep_loses(const struct zone_view *view);
