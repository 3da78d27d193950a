# Manual pages.
dist_man_MANS += man/msigctl.1
dist_man_MANS += man/agentd.8
dist_man_MANS += man/combinerd.8
dist_man_MANS += man/signerd.8
dist_man_MANS += man/transportd.8
dist_man_MANS += man/msig.conf.5
