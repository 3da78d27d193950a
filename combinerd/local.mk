# Files of combinerd.
