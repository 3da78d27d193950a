/* The process `peer` of transportd: what strangers can reach. It decides nothing. */
#pragma once

/* The whole of its main(). */
int peer_process(int argc, char **argv);
