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
#define STEP_ID_MAX 64
#define VALIDATORS_MAX 5
#define FLOW_NEST_MAX 4 /* flow inside flow */
#define RUN_STEPS_MAX 10000
#define EACH_ITEMS_MAX 1000
#define LOOP_ROUNDS_MAX 20
#define PERSONA_FILE_MAX KIB(64)
#define DESCRIPTION_MAX KIB(64) /* of an agent */

/* what a repository brings along: flows, personas, contracts; more of it, and none is read */
#define OWN_FILES_MAX 100	/* of one kind */
#define OWN_ENTRIES_MAX 5000	/* of one directory, whatever they are */
#define OWN_BYTES_MAX MIB(4)	/* all of them */
#define OWN_MEMORY_MAX MIB(128) /* what they are when they are read */
#define TRUSTED_FLOWS_MAX 1000	/* accepted, of all repositories */
#define TRUSTED_MAX MIB(4)	/* the file that says so */

#define SPAN_MAX_MS 31536000000 /* a year, for every time that somebody writes down */

/* expressions */
#define EXPR_INSTRUCTIONS_MAX 1000000
#define EXPR_MEMORY_MAX MIB(16)
#define EXPR_SOURCE_MAX KIB(64)

/* what people hand in */
#define QUESTION_MAX KIB(64)
#define PROVIDED_MAX KIB(32) /* of an earlier report, in every prompt of a run */
#define PROMPT_MAX KIB(900)  /* codex refuses 1 Mi characters; agents.md 8 */

/* what agents and commands hand out */
#define AGENT_LINE_MAX MIB(6)
#define AGENT_OUTPUT_MAX MIB(64) /* raw bytes of one attempt's stdout */
#define AGENT_STDERR_MAX KIB(64)
#define ANSWER_TAKEN_MAX MIB(4) /* of an answer while it is written; what is kept is less */
#define ANSWER_MAX KIB(512)	/* nine of them fit into one fold */
#define CODE_OUTPUT_MAX MIB(8)	/* of a code step, as text or JSON */
#define COMMAND_OUTPUT_MAX MIB(4)
/*
 * What of it is above a ceiling and kept aside for a person (worker/spill.h). The first 20 MiB tell
 * how a line of more than 6 or an output of more than 64 MiB came about; a reader reads no more.
 * The shares are apart, so that one stream cannot take the room of another. 16 such attempts are
 * kept.
 */
#define SPILL_OUTPUT_MAX MIB(20)
#define SPILL_ERRORS_MAX MIB(8)
#define SPILL_ANSWER_MAX ANSWER_TAKEN_MAX
#define SPILL_ATTEMPT_MAX (SPILL_OUTPUT_MAX + SPILL_ERRORS_MAX + SPILL_ANSWER_MAX) /* 32 MiB */
#define SPILL_HOUSE_MAX MIB(512) /* of all runs in one data directory */
#define SPILL_RUNS_MAX 1000	 /* runs of which something is kept */
#define SPILL_SPARE MIB(64)	 /* of the disk that it leaves free */
#define SPILL_SLOW_MS 2000	 /* for writing one piece */
#define EVENT_DATA_MAX KIB(64)
#define EVENT_TEXT_MAX MIB(8) /* of an event of the engine: a step may carry an item */

/* evidence */
#define FINDINGS_MAX 1000  /* of one text */
#define CITATIONS_MAX 5000 /* of one text */
#define SOURCE_FILE_MAX MIB(16)

/* what was read */
#define READS_MAX 1000		  /* of one tool call */
#define COVERAGE_SPANS_MAX 500	  /* pieces of one file that one step has seen */
#define COVERAGE_MARKS_MAX 20000  /* files that steps have seen, of a run */
#define COVERAGE_FILES_MAX 20000  /* of a snapshot that are listed for its ledger */
#define COVERAGE_NAMES_MAX MIB(2) /* their paths */
#define COVERAGE_SHOWN_MAX 5000	  /* files of a ledger in one report's JSON */

/* the fence; those of one child are what it may use, not what it usually needs */
#define FENCE_CHILDREN_MAX 256 /* alive at once, of one launcher */
#define FENCE_SPEC_MAX MIB(4)  /* everything a caller hands over for one child */
#define FENCE_BINDS_MAX 64
#define FENCE_FILES_MAX 256
#define FENCE_SHADOWS_MAX 64
#define FENCE_WORDS_MAX 4096	 /* arguments, and again variables of the environment */
#define FENCE_SCRATCH_MAX GIB(4) /* what a caller may ask for */
#define FENCE_SCRATCH MIB(512)	 /* what it gets without asking */
#define FENCE_SCRATCH_INODES 65536
#define FENCE_FILE_SIZE MIB(256)    /* RLIMIT_FSIZE */
#define FENCE_DATA_SIZE GIB(2)	    /* RLIMIT_DATA; RLIMIT_AS breaks WebAssembly */
#define FENCE_MEMORY GIB(4)	    /* of all processes of a child; opencode takes 1.2 */
#define FENCE_LOOK_MS 1000	    /* from one look at it to the next */
#define FENCE_OPEN_FILES 4096	    /* RLIMIT_NOFILE; node wants more than 1024 */
#define FENCE_PROCESSES 512	    /* RLIMIT_NPROC, threads included */
#define FENCE_PROCESSES_SHARED 4096 /* the same where all of the user's processes count */
#define FENCE_CPU_SECONDS 86400	    /* RLIMIT_CPU when the caller names no wall time */
#define FENCE_PROOF_MAX KIB(64)

/* snapshots */
#define SNAPSHOT_FILES_MAX 500000
#define SNAPSHOT_FILE_MAX MIB(8) /* larger files stay out and are named in the manifest */
#define SNAPSHOT_BYTES_MAX GIB(4)
#define PATH_BYTES_MAX 4096
#define FINGERPRINT_MAX 1000000	      /* entries of a directory that are looked at */
#define FINGERPRINT_NAMES_MAX MIB(64) /* of one directory of it */

/* changes under review */
#define CHANGE_RAW_MAX MIB(8)	 /* of a diff that is kept */
#define CHANGE_TEXT_MAX MIB(4)	 /* of it, what reviewers are shown; later files are named */
#define CHANGE_FILE_MAX MIB(1)	 /* of one file's part */
#define CHANGE_LINE_MAX KIB(8)	 /* a file with a longer line is no text that people write */
#define CHANGE_HUNK_MAX KIB(16)	 /* larger ones become several */
#define CHANGE_CHUNK_MAX KIB(64) /* of what one prompt holds of a change */
#define CHANGE_HUNKS_MAX 50000
#define CHANGE_FILES_MAX 20000	 /* more are counted */
#define CHANGE_FINDINGS_SHOWN 30 /* of a review, as warnings, and again as suggestions */

/* gateway */
#define HTTP_HEADER_MAX KIB(16)
#define MODEL_REQUEST_MAX MIB(16)
#define MODEL_RESPONSE_MAX MIB(64)
#define SSE_LINE_MAX MIB(4)
#define ATTEMPT_REQUESTS_MAX 500
#define ATTEMPT_REFUSED_MAX 20	     /* requests without a chance that are still answered */
#define ATTEMPT_SENT_MAX MIB(512)    /* bytes of all its requests */
#define ATTEMPT_GOT_MAX MIB(512)     /* bytes of all answers to it */
#define ATTEMPT_TOKENS_MAX 100000000 /* in and out */
#define DIALECT_BLOCKS_MAX 4096	     /* texts, thoughts and calls of one answer */
#define DIALECT_CALLS_MAX 256	     /* tool calls of one answer */

/* the daemon's listener; the head of a request is HTTP_HEADER_MAX there, too */
#define HTTP_TARGET_MAX KIB(8) /* path and query, as sent */
#define HTTP_HEADERS_MAX 100
#define HTTP_BODY_MAX MIB(1)
#define HTTP_CONNECTIONS_MAX 2048     /* or half of the files that may be open, if that is less */
#define HTTP_CONNECTIONS_ADDRESS 1536 /* from one address */
#define HTTP_CONNECTIONS_SOCKET 256   /* of all, those that only the unix socket gets */
#define HTTP_BACKLOG_MAX MIB(16)      /* that one stream or WebSocket has not taken yet */
#define HTTP_SEND_BUFFER KIB(128)     /* SO_SNDBUF of a WebSocket: what the kernel holds for it */
#define HTTP_SESSIONS_MAX 64
#define HTTP_CODES_MAX 16      /* for signing in, not used yet */
#define WS_MESSAGE_MAX KIB(64) /* from a client */
#define WS_FRAMES_MAX 1024     /* that one message may come in */

/* rehearsal model */
#define REHEARSAL_SCRIPT_MAX KIB(256)
#define REHEARSAL_RULES_MAX 200 /* lines of a script that do something */
#define REHEARSAL_CALLS_MAX                                                                       \
	1000			  /* tool calls of one conversation; later ones are not looked at \
				   */
#define REHEARSAL_LINES_MAX 50000 /* lines that tools returned and that are looked at */
#define REHEARSAL_HITS_MAX 5000	  /* search results */
#define REHEARSAL_FILES_MAX 20000 /* listed paths */
#define REHEARSAL_FACTS_MAX 4000  /* what was noticed in those lines */
#define REHEARSAL_ITEMS_MAX 1000  /* findings of others in a prompt */
#define REHEARSAL_CHUNKS_MAX 2000 /* pieces of a streamed text */
#define REHEARSAL_DELAY_MAX 3600000 /* milliseconds before each piece */
#define REHEARSAL_TEXT_MAX MIB(16)  /* of an answer, with what a script adds */
#define REHEARSAL_BODY_MAX MIB(128) /* of the same, escaped and wrapped */

/* native agent */
#define TOOL_RESULT_MAX KIB(64)
#define TOOL_READ_LINES 400

/* lists */
#define RUN_LIST_MAX 1000
#define COUNTS_MAX 64 /* states of runs and attempts */

/* search */
#define SEARCH_TEXT_MAX KIB(256) /* of one text that is searched */
#define SEARCH_WORDS_MAX 32	 /* of a query; the rest of it is ignored */
#define SEARCH_QUERY_MAX 1000	 /* bytes of it */
#define SEARCH_HITS_MAX 200
#define SEARCH_RANKED_MAX 5000	     /* hits that are held against each other: the newest */
#define SWEEP_ARENA MIB(512)	     /* names of all blobs, while they are looked for */
#define SEARCH_RUN_TEXTS_MAX 1048575 /* of one run, counting those that were replaced */

/* evaluations */
#define EVAL_CASES_MAX 1000
#define EVAL_PLACES_MAX 100    /* defects, and again decoys, of a case */
#define EVAL_WORDS_MAX 50      /* of a place: what it may be called */
#define EVAL_FINDINGS_MAX 5000 /* of a report that are looked at */
#define EVAL_ROUNDS_MAX 100
#define EVAL_SLACK_LINES 20 /* that a citation may have more than the place it names */
#define EVAL_FILE_MAX MIB(64)

/* reports */
#define REPORT_MAX MIB(32)
#define HTML_MAX MIB(64)	       /* of the HTML form */
#define HTML_TEXT_MAX MIB(1)	       /* of one text that is laid out in it */
#define HTML_TEXT_FACTOR 16	       /* bytes of HTML for a byte of text, at most */
#define HTML_DEPTH_MAX 48	       /* tags within tags */
#define HTML_NEST_MAX 32	       /* quotes and lists that begin on one line */
#define HTML_COLUMNS_MAX 64	       /* of a table */
#define HTML_ROWS_MAX 1000	       /* of a table */
#define HTML_ENTRIES_MAX 5000	       /* findings, verdicts, places */
#define HTML_CONTEXT 5		       /* lines on either side of what is cited */
#define HTML_CODE_LINES 40	       /* cited lines of one place that are shown */
#define HTML_CODE_LINE 400	       /* bytes of a line */
#define HTML_CODE_MAX MIB(8)	       /* bytes of all lines that are shown */
#define HTML_CODE_READ MIB(256)	       /* bytes of files that are read for them */
#define REPORT_FILE_MAX MIB(64)	       /* of a kept report or SARIF file that is read back */
#define SARIF_RESULTS_MAX 5000	       /* GitHub takes no more of one run */
#define GITHUB_ANNOTATIONS_MAX 10      /* of one kind and step; more are not shown */
#define GITHUB_SUMMARY_MAX KIB(128)    /* what we write of one run */
#define GITHUB_STEP_SUMMARY_MAX MIB(1) /* the whole of a step, or none of it is kept */

/* what people watch: one attempt in blocks */
#define BLOCK_MESSAGE_MAX KIB(64) /* bytes of Markdown that are laid out as one piece */
#define BLOCK_TEXT_MAX KIB(16)	  /* of a thought, an input, a notice; more is counted */
#define BLOCK_TOOLS_MAX 256	  /* calls that can still change: the last ones */
#define VIEW_PATTERN_MAX 256	  /* bytes of what is searched for */
#define VIEW_STATES_MAX 2000	  /* of a regular expression */
#define VIEW_HITS_MAX 2000	  /* that are listed; all are counted */
#define VIEW_WORK_MAX 200000000	  /* steps of a regular expression in one search: a second or two */
#define VIEW_LINE_MAX KIB(16)	  /* of a line of the raw view; longer ones go on in the next */

/* who watches */
#define HUB_SESSIONS_MAX 1200 /* open pages */
#define HUB_FOLLOWS_MAX 200   /* streams of one log */
#define HUB_SUBS_MAX 32	      /* runs that one page is told of */
#define HUB_WATCHES_MAX 2     /* attempts that one page reads along */
#define HUB_ROOM KIB(256)     /* not sent yet: whoever has that much gets no more */
#define HUB_SLOW_MS 5000      /* without room: what was missed is given up */
#define HUB_GAP 20000	      /* events that are made up for one by one */
#define HUB_ROWS 2000	      /* events of one reading, */
#define HUB_BYTES KIB(256)    /* and how much of them; a single one may be larger */
#define HUB_ROWS_PASSED 10000 /* of one that looks for what a single step said */
#define HUB_READS 4	      /* under way at once of one run */
#define HUB_BLOCKS 1000	      /* that are kept of an attempt that is watched, */
#define HUB_BLOCKS_BYTES MIB(4)
#define HUB_BLOCKS_FIRST 200 /* that somebody who comes is shown */
#define HUB_FRAME KIB(64)    /* a frame is not begun anew once it has so much */
#define HUB_CHANGED_MAX 4096 /* runs that changed since somebody looked */

#endif
