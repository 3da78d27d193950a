# Files of libmsig.
