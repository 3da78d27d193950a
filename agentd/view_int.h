/*
 * For view_*.c: events record and mark the view dirty; conclusions are drawn by decide().
 */
#pragma once

#include "agentd/view.h"

/* Something is new. durable: it has to survive a restart. Returns true. */
static inline bool
view_news(struct zone_view *view, bool durable)
{
	view->dirty = true;
	view->persist |= durable;
	return true;
}
