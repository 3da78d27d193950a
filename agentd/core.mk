# The pure core of agentd: no I/O, no clock, no log. The daemon and the simulator link it.
noinst_LTLIBRARIES += agentd/libcore.la
agentd_libcore_la_SOURCES = \
	agentd/agree.h agentd/agree_int.h agentd/agree.c agentd/agree_end.c agentd/agree_group.c \
	agentd/agree_judge.c agentd/agree_participant.c agentd/agree_requestor.c agentd/agree_start.c \
	agentd/agree_state.c agentd/agree_turn.c agentd/agree_withdraw.c \
	agentd/condition_int.h agentd/condition.c agentd/condition_check.c agentd/condition_leave.c \
	agentd/condition_roll.c \
	agentd/decide.h agentd/decide_int.h agentd/decide.c agentd/decide_keys.c agentd/decide_look.c \
	agentd/decide_follow.c agentd/decide_held.c agentd/decide_member.c agentd/decide_overlay.c \
	agentd/decide_owner.c agentd/decide_rest.c agentd/decide_self.c agentd/decide_unsigned.c agentd/decide_wanted.c \
	agentd/decide_watch.c \
	agentd/ds_keep.h agentd/ds_keep.c \
	agentd/durable.c \
	agentd/letter.h agentd/letter.c \
	agentd/shown.h agentd/shown.c \
	agentd/elect.h agentd/elect.c \
	agentd/lead.h agentd/lead.c \
	agentd/hold.h agentd/hold.c agentd/mutant.h \
	agentd/operator.h agentd/operator.c \
	agentd/outlook.h agentd/outlook_int.h agentd/outlook.c agentd/outlook_change.c \
	agentd/outlook_check.c agentd/outlook_time.c agentd/outlook_advice.c \
	agentd/process.h agentd/process.c agentd/process_target.c \
	agentd/reason.h agentd/reason.c \
	agentd/roll.h agentd/roll_int.h agentd/roll.c agentd/roll_choose.c agentd/roll_state.c \
	agentd/rset.h agentd/rset.c \
	agentd/safety.h agentd/safety.c agentd/vis.h agentd/vis.c \
	agentd/step.h agentd/step.c agentd/tags.h agentd/tags.c agentd/unheard.h agentd/unheard.c \
	agentd/view.h agentd/view_int.h agentd/view.c agentd/view_event.c agentd/view_peer.c \
	agentd/view_seen.c
