/* Knot's control socket, as knotc uses it. The only file that includes libknot's control.h. */
#pragma once

#include "signerd/driver.h"

/* One command about the zone, to its end ("blocking" in knotc's words). 0, or an error with Knot's
 * words in job->why. */
int knotctl_zone(struct job *job, const char *command);
