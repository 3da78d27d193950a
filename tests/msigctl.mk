# Tests of msigctl.
