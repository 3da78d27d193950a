# Files of agentd.
