#include "config.h"

#include <stdio.h>
#include <string.h>
#include <libknot/libknot.h>
#include <libknot/control/control.h>
#include "libmsig/daemon/loop.h"
#include "libmsig/err.h"
#include "signerd/knotctl.h"

static int
failed(struct job *job, const char *command, int ret)
{
	return job_fail(job, ret == KNOT_ETIMEOUT ? MSIG_ETIMEOUT : ret, "Knot at %s: %s: %s",
			job->conf->knot_socket, command, knot_strerror(ret));
}

/* The answer: units until the block ends; any of them may bear an error. */
static int
receive(struct job *job, knot_ctl_t *ctl, const char *command)
{
	char error[256] = "";

	for (int units = 0; units < 1000; units++) {
		knot_ctl_type_t type;
		knot_ctl_data_t data = {0};
		int ret = knot_ctl_receive(ctl, &type, &data);
		if (ret != KNOT_EOK)
			return failed(job, command, ret);
		if (type == KNOT_CTL_TYPE_BLOCK || type == KNOT_CTL_TYPE_END)
			return *error == '\0' ? 0
					      : job_fail(job, MSIG_EREFUSED, "Knot refuses %s: %s",
							 command, error);
		if (data[KNOT_CTL_IDX_ERROR] != NULL)
			snprintf(error, sizeof(error), "%s", data[KNOT_CTL_IDX_ERROR]);
	}
	return job_fail(job, MSIG_ESIZE, "Knot does not end its answer to %s", command);
}

static int
talk(struct job *job, knot_ctl_t *ctl, const char *command)
{
	knot_ctl_data_t data = {
	    [KNOT_CTL_IDX_CMD] = command,
	    [KNOT_CTL_IDX_FLAGS] = "B",
	    [KNOT_CTL_IDX_ZONE] = job->name,
	};
	int ret = knot_ctl_connect(ctl, job->conf->knot_socket);

	if (ret == KNOT_EOK)
		ret = knot_ctl_send(ctl, KNOT_CTL_TYPE_DATA, &data);
	if (ret == KNOT_EOK)
		ret = knot_ctl_send(ctl, KNOT_CTL_TYPE_BLOCK, NULL);
	if (ret != KNOT_EOK)
		return failed(job, command, ret);
	ret = receive(job, ctl, command);
	(void)knot_ctl_send(ctl, KNOT_CTL_TYPE_END, NULL);
	return ret;
}

int
knotctl_zone(struct job *job, const char *command)
{
	uint64_t now = loop_mono_ms();
	knot_ctl_t *ctl;
	int ret;

	if (now >= job->deadline)
		return failed(job, command, KNOT_ETIMEOUT);
	ctl = knot_ctl_alloc();
	if (ctl == NULL)
		return failed(job, command, KNOT_ENOMEM);
	knot_ctl_set_timeout(ctl, (int)(job->deadline - now));
	ret = talk(job, ctl, command);
	knot_ctl_free(ctl);
	return ret;
}
