# Manual pages.
dist_man_MANS += man/msigctl.1
