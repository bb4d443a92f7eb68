/*
 * The native agent, `tutti agent`: a prompt on stdin, our NDJSON on stdout
 * (docs/agent-protocol.md), a model behind one URL, eight tools that read beneath one directory. It
 * runs behind the fence; nothing in it is trusted to hold anything back, and it can write nowhere
 * but its scratch.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

/* The program: ARGV is `tutti agent --url … --model …`. Exit status 0 when a result was written. */
int agent_main(int argc, char **argv);

#endif
