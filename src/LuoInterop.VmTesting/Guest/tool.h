#ifndef LUO_TOOL_H
#define LUO_TOOL_H

/* Runs one command of luo-guest; returns the exit status. */
int tool_main(int argc, char **argv);

#endif
