/*
 * Every ceiling of the program, in one place. Reaching one is a typed error or a marked
 * truncation, never a silent one. Sizes in bytes unless the name says otherwise.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)
#define GIB(n) ((size_t)(n) << 30)

/* arenas: these only catch our own mistakes */
#define ARENA_SMALL KIB(64)
#define ARENA_JOB MIB(512)

/* JSON */
#define JSON_DEPTH_MAX 128

/* flow files (flow-language: limits) */
#define FLOW_FILE_MAX MIB(1)
#define FLOW_DEPTH_MAX 64
#define FLOW_NODES_MAX 10000 /* YAML nodes after aliases */
#define FLOW_ERRORS_MAX 100
#define FLOW_STEPS_MAX 500
#define FLOW_NEST_MAX 4 /* flow inside flow */
#define RUN_STEPS_MAX 10000
#define EACH_ITEMS_MAX 1000
#define LOOP_ROUNDS_MAX 20
#define PERSONA_FILE_MAX KIB(64)

/* expressions */
#define EXPR_INSTRUCTIONS_MAX 1000000
#define EXPR_MEMORY_MAX MIB(16)
#define EXPR_SOURCE_MAX KIB(64)

/* what people hand in */
#define QUESTION_MAX KIB(64)
#define PROMPT_MAX KIB(900) /* codex refuses 1 Mi characters; agents.md 8 */

/* what agents and commands hand out */
#define AGENT_LINE_MAX MIB(16)
#define AGENT_OUTPUT_MAX MIB(64) /* raw bytes of one attempt's stdout */
#define AGENT_STDERR_MAX KIB(64)
#define ANSWER_MAX MIB(4)
#define COMMAND_OUTPUT_MAX MIB(4)
#define EVENT_DATA_MAX KIB(64)

/* evidence */
#define FINDINGS_MAX 1000  /* of one text */
#define CITATIONS_MAX 5000 /* of one text */
#define SOURCE_FILE_MAX MIB(16)

/* snapshots */
#define SNAPSHOT_FILES_MAX 500000
#define SNAPSHOT_FILE_MAX MIB(8) /* larger files stay out and are named in the manifest */
#define SNAPSHOT_BYTES_MAX GIB(4)
#define PATH_BYTES_MAX 4096

/* gateway */
#define HTTP_HEADER_MAX KIB(16)
#define MODEL_REQUEST_MAX MIB(16)
#define MODEL_RESPONSE_MAX MIB(64)
#define SSE_LINE_MAX MIB(4)
#define ATTEMPT_REQUESTS_MAX 500

/* native agent */
#define TOOL_RESULT_MAX KIB(64)
#define TOOL_READ_LINES 400

/* lists */
#define RUN_LIST_MAX 1000

/* reports */
#define REPORT_MAX MIB(32)

#endif
