# Files of libmsig/daemon.
