/* The process `observe` of transportd: asks for agentd; hears nobody but the signer's NOTIFY. */
#pragma once

/* The whole of its main(). */
int observe_process(int argc, char **argv);
