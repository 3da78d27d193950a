# Files of msigctl.
